import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The pages of this project and the commands in them. */

export const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Paths from the root of the checkout. */
export const pages: readonly string[] = [
  'README.md',
  'CONTRIBUTING.md',
  'stack/README.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

export interface Block {
  readonly page: string;
  readonly line: number;
  readonly script: string;
}

/** Fenced blocks for a shell, indented ones too. */
export function shellBlocks(page: string): readonly Block[] {
  const lines = readFileSync(join(root, page), 'utf8').split('\n');
  const blocks: Block[] = [];
  for (let index = 0; index < lines.length; index += 1) {
    const indent = /^( *)```sh$/.exec(lines[index] ?? '')?.[1];
    if (indent === undefined) continue;
    const end = lines.findIndex((line, later) => later > index && line === `${indent}\`\`\``);
    const script = lines.slice(index + 1, end).map((line) => line.slice(indent.length));
    blocks.push({ page, line: index + 1, script: script.join('\n') });
    index = end;
  }
  return blocks;
}

/** A block that says of itself that the tests carry it out. */
export const isRun = ({ script }: Block): boolean => script.startsWith('# run\n');

export const runBlocks = (page: string): readonly Block[] => shellBlocks(page).filter(isRun);

/** Blocks that no line marks, by page and the first words, with what runs them all the same or why nothing can. */
export const unmarked: Readonly<Record<string, string>> = {
  'README.md: npm run demo': 'these are the demo and the tests themselves',
  'README.md: npx lynq get nodes': 'test/install/commands.test.ts',
  'README.md: npm run --silent stack -- up': 'docs/quick-start.md has the same',
  'README.md: npm run check': 'the tests themselves',
  'docs/benchmarks.md: npm run bench': 'takes hours; what it printed is in the page',
  'docs/install.md: docker build': 'needs Docker',
  'docs/install.md: kind create cluster': 'needs Docker',
  'docs/operations.md: temporal worker deployment': 'test/e2e/upgrade.test.ts',
  'docs/planning.md: lynq plan multi-tier-nodes': 'test/install/commands.test.ts',
  'docs/quick-start.md: kubectl -n lynq-system create secret generic mysql-credentials --from-literal=password=example\nsed "s/host: .*/host: mysql/"':
    'needs Docker',
  'docs/quick-start.md: npx lynq uninstall --yes ': 'needs Docker',
  'stack/README.md: npm run --silent stack -- up': 'docs/quick-start.md has the same',
};
