import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { isRun, pages, root, shellBlocks, unmarked } from '../../../support/install/blocks.ts';

const textOf = (page: string): string => readFileSync(join(root, page), 'utf8');

/** As GitHub makes the anchor of a heading. */
const anchors = (page: string): ReadonlySet<string> =>
  new Set(
    [...textOf(page).matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
      title
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );

/** Targets of the links of a page, code left out. */
function links(page: string): readonly string[] {
  const prose = textOf(page)
    .replaceAll(/^ *```[^]*?^ *```/gm, '')
    .replaceAll(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
}

function isDead(page: string, link: string): boolean {
  if (/^https?:/.test(link)) return false;
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? page : join(dirname(page), path);
  if (!existsSync(join(root, target))) return true;
  return anchor !== undefined && !anchors(target).has(anchor);
}

describe('test/support/install/blocks', () => {
  it.each(pages)('%s has no link that leads nowhere', (page) => {
    expect(links(page).filter((link) => isDead(page, link))).toEqual([]);
  });

  it('every block of commands is run by a test, or has its reason', () => {
    // The reference page has the examples of the commands themselves; test/install/commands.test.ts runs them.
    const others = pages.filter((page) => page !== 'docs/cli.md').flatMap(shellBlocks);
    const reasons = Object.keys(unmarked);
    const unknown = others
      .filter((block) => !isRun(block))
      .map(({ page, script }) => `${page}: ${script.trimStart()}`)
      .filter((start) => !reasons.some((reason) => start.startsWith(reason)));
    expect(unknown).toEqual([]);
    const starts = others.map(({ page, script }) => `${page}: ${script.trimStart()}`);
    expect(reasons.filter((reason) => !starts.some((start) => start.startsWith(reason)))).toEqual([]);
  });

  it('the database of deploy/compose.yaml is the one that the hub of the example names, with the password of the quick start', () => {
    const read = (path: string): unknown => parse(textOf(path));
    const { services } = read('deploy/compose.yaml') as {
      services: { mysql: { environment: Record<string, string> } };
    };
    const { spec } = read('examples/multi-tier/hub.yaml') as {
      spec: { source: { mysql: { database: string; username: string } } };
    };
    const { MYSQL_DATABASE, MYSQL_USER, MYSQL_PASSWORD } = services.mysql.environment;
    const { database, username } = spec.source.mysql;
    expect({ database: MYSQL_DATABASE, username: MYSQL_USER }).toEqual({ database, username });
    const kind = shellBlocks('docs/quick-start.md').find(({ script }) => script.includes('lynqflow-kind-hub'));
    expect(kind?.script).toContain(`--from-literal=password=${MYSQL_PASSWORD}\n`);
  });
});
