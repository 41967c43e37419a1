import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { commands } from '../../../../client/commands/index.ts';
import {
  type Block,
  fingerprint,
  inline,
  inlineCommands,
  isRun,
  pages,
  root,
  shellBlocks,
  shellBlocksIn,
  strangeFences,
  takenByTests,
  unmarked,
} from '../../../support/install/blocks.ts';

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

const namedTests = (reasons: readonly string[]): readonly string[] =>
  reasons.flatMap((reason) => reason.match(/test\/[\w/.-]+\.test\.ts/g) ?? []);

describe('test/support/install/blocks', () => {
  it.each(pages)('%s has no link that leads nowhere', (page) => {
    expect(links(page).filter((link) => isDead(page, link))).toEqual([]);
  });

  describe('blocks of commands', () => {
    // The reference page has the examples of the commands themselves; test/install/commands.test.ts runs them.
    const others = pages.filter((page) => page !== 'docs/cli.md').flatMap(shellBlocks);
    const startOf = ({ page, script }: Block): string => `${page}: ${script.trimStart()}`;
    const isTaken = (block: Block): boolean =>
      Object.keys(takenByTests).some((start) => startOf(block).startsWith(start));

    it('are run by a test, or have a reason that is about exactly the lines they have', () => {
      const reasoned = others.filter((block) => !isRun(block) && !isTaken(block));
      const present = reasoned.map((block) => `${fingerprint(block)} ${startOf(block)}`);
      const known = Object.entries(unmarked).map(([print, { starts }]) => `${print} ${starts}`);
      expect(present.filter((block) => !known.some((start) => block.startsWith(start)))).toEqual([]);
      expect(known.filter((start) => !present.some((block) => block.startsWith(start)))).toEqual([]);
    });

    it.each([
      ['```bash', 'rm -r data'],
      ['```shell', 'rm -r data'],
      ['```console', '$ rm -r data'],
      ['```', 'for node in $(lynq get nodes -o name); do lynq resync $node; done'],
      ['```', '$ rm -r data'],
      ['```', '# by hand\nkubectl get nodes'],
    ])('are seen whatever their fence is called: %s with %j', (fence, script) => {
      const text = `# Page\n\n${fence}\n${script}\n\`\`\`\n`;
      expect(shellBlocksIn('page', text)).toEqual([{ page: 'page', line: 3, script }]);
    });

    it('have a fence that is read as one; what is no command says what it is, or begins like none', () => {
      expect(pages.flatMap((page) => strangeFences(page, textOf(page)))).toEqual([]);
      for (const fence of ['~~~', '~~~sh', '> ```sh', '```sh title=x', '```ruby', '\t```sh'])
        expect(strangeFences('page', `text\n${fence}\nrm -r data\n`)).toEqual([`page:2 ${fence}`]);
    });

    it('that tests take from their page are there, and so are the tests that are named', () => {
      const starts = others.filter((block) => !isRun(block)).map(startOf);
      expect(Object.keys(takenByTests).filter((start) => !starts.some((block) => block.startsWith(start)))).toEqual([]);
      for (const file of Object.values(takenByTests)) expect(textOf(file)).toContain('shellBlocks(');
      const reasons = Object.values(unmarked).map(({ why }) => why);
      expect(namedTests(reasons).filter((file) => !existsSync(join(root, file)))).toEqual([]);
    });

    it('have another fingerprint with a line more, a flag less or a program in place of another, and the same with other comments', () => {
      const block = { page: 'README.md', line: 1, script: 'npm test --all  # everything\nnpm run demo' };
      const of = (script: string) => fingerprint({ ...block, line: 9, script });
      expect(of('npm test --all   # all of it\nnpm run demo  # looks')).toBe(fingerprint(block));
      for (const script of [`${block.script}\nrm -r .`, 'npm test\nnpm run demo', 'npm test --all\nnpx demo']) {
        expect(of(script)).not.toBe(fingerprint(block));
      }
    });
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
      expect(namedTests(Object.values(inline)).filter((file) => !existsSync(join(root, file)))).toEqual([]);
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
