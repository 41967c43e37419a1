import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { commands } from '../../../../client/commands/index.ts';
import { inline, inlineCommands, isRun, pages, root, shellBlocks, unmarked } from '../../../support/install/blocks.ts';

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

  describe('commands in running text', () => {
    const all = pages.filter((page) => page !== 'docs/cli.md').flatMap(inlineCommands);
    const isOf = (program: string) => all.filter(({ command }) => command.startsWith(`${program} `));

    it('of lynq are commands and flags that there are; each command has examples, and all of them are run', () => {
      const byName = new Map(commands.map((command) => [command.name, command]));
      const names = [...byName.keys()].toSorted((left, right) => right.length - left.length);
      const wrong = isOf('lynq').filter(({ command }) => {
        const words = command.slice('lynq '.length).replace('rollout status|', 'rollout status ');
        const name = names.find((known) => `${words} `.startsWith(`${known} `));
        const known = name === undefined ? undefined : byName.get(name);
        if (known === undefined) return !words.startsWith('--help');
        const flags = new Set([...Object.keys(known.flags), 'help', 'yes', 'all-namespaces']);
        return [...words.matchAll(/--([a-z-]+)/g)].some(([, flag = '']) => !flags.has(flag));
      });
      expect(isOf('lynq').length).toBeGreaterThan(30);
      expect(wrong).toEqual([]);
    });

    it('of npm are scripts that there are', () => {
      const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> };
      const wrong = isOf('npm').filter(({ command }) => {
        const script = /^npm run (?:--silent )?([\w:-]+)/.exec(command)?.[1] ?? /^npm (test)/.exec(command)?.[1];
        return script === undefined ? command !== 'npm pack' : !(script in scripts);
      });
      expect(wrong).toEqual([]);
    });

    it('of other programs are run by a test, or have their reason, and no reason is without a command', () => {
      // Of two words it is the name of a command, not one to be typed.
      const others = all.filter(({ command }) => !/^(lynq|npm) /.test(command) && / .+ /.test(command));
      const reasons = Object.keys(inline);
      expect(others.filter(({ command }) => !reasons.some((reason) => command.startsWith(reason)))).toEqual([]);
      expect(reasons.filter((reason) => !others.some(({ command }) => command.startsWith(reason)))).toEqual([]);
      const tests = Object.values(inline).flatMap((reason) => reason.match(/test\/[\w/-]+\.test\.ts/g) ?? []);
      expect(tests.filter((file) => !existsSync(join(root, file)))).toEqual([]);
    });
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
