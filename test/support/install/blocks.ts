import { createHash } from 'node:crypto';
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

/** First words of commands. */
const programs = [
  'lynq',
  'npx',
  'npm',
  'kubectl',
  'helm',
  'temporal',
  'docker',
  'kind',
  'curl',
  'promtool',
  'openssl',
  'nc',
];
const commandStart = new RegExp(`^(${programs.join('|')}) `);

/** Languages of fences, and whether a shell is meant. */
const languages: Readonly<Record<string, boolean>> = {
  sh: true,
  bash: true,
  shell: true,
  console: true,
  json: false,
  sql: false,
  ts: false,
  yaml: false,
};
const fence = /^( *)```(\w*)$/;
/** Of a fence without a language: a program of the pages, a prompt or a word of the shell at the beginning of any line. */
const typed = new RegExp(`^\\s*(\\$ |(${programs.join('|')}|for|while|until|if|eval|export|sudo) )`, 'm');

/** Lines that look like the beginning of a block and are not read as one here; nobody would know what is in it. */
export function strangeFences(page: string, text: string): readonly string[] {
  return text.split('\n').flatMap((line, index) => {
    if (!/^[\s>]*(```|~~~)/.test(line)) return [];
    const language = fence.exec(line)?.[2];
    const isKnown = language === '' || (language !== undefined && language in languages);
    return isKnown ? [] : [`${page}:${index + 1} ${line}`];
  });
}

/** Fenced blocks for a shell, indented ones too. */
export function shellBlocksIn(page: string, text: string): readonly Block[] {
  const lines = text.split('\n');
  const blocks: Block[] = [];
  for (let index = 0; index < lines.length; index += 1) {
    const [, indent, language = ''] = fence.exec(lines[index] ?? '') ?? [];
    if (indent === undefined) continue;
    const closed = lines.findIndex((line, later) => later > index && line === `${indent}\`\`\``);
    const end = closed === -1 ? lines.length : closed;
    const script = lines
      .slice(index + 1, end)
      .map((line) => line.slice(indent.length))
      .join('\n');
    const isShell = language === '' ? typed.test(script) : languages[language] === true;
    if (isShell) blocks.push({ page, line: index + 1, script });
    index = end;
  }
  return blocks;
}

export const shellBlocks = (page: string): readonly Block[] =>
  shellBlocksIn(page, readFileSync(join(root, page), 'utf8'));

export interface InlineCommand {
  readonly page: string;
  readonly command: string;
}

/** Commands with arguments in the running text of a page. */
export function inlineCommands(page: string): readonly InlineCommand[] {
  const prose = readFileSync(join(root, page), 'utf8').replaceAll(/^ *```[^]*?^ *```$/gm, '');
  return [...prose.matchAll(/`([^`\n]+)`/g)].flatMap(([, text = '']) => {
    const command = text.replace(/^npx /, '');
    return commandStart.test(command) ? [{ page, command }] : [];
  });
}

/** A block that says of itself that the tests carry it out. */
export const isRun = ({ script }: Block): boolean => script.startsWith('# run\n');

export const runBlocks = (page: string): readonly Block[] => shellBlocks(page).filter(isRun);

/** Blocks that no line marks and a test takes from the page all the same, all of their lines: by page and first words. */
export const takenByTests: Readonly<Record<string, string>> = {
  'README.md: npx lynq get nodes': 'test/install/commands.test.ts',
  'docs/install.md: left=$(kubectl get lynqhubs,lynqnodes --all-namespaces -o name)': 'test/install/plain.test.ts',
  'docs/migration.md: kubectl -n NAMESPACE annotate KIND NAME lynq.sh/orphaned-from=': 'test/e2e/orphans.test.ts',
  'docs/planning.md: lynq plan multi-tier-nodes': 'test/install/commands.test.ts',
  'docs/sources.md: lynq notify multi-tier-nodes': 'test/install/commands.test.ts',
  'stack/README.md: npm run --silent stack -- up': 'test/install/quick-start.test.ts',
};

/** What of a block a shell carries out, comments left out, in a few characters: a line more or less gives others. */
export const fingerprint = ({ page, script }: Block): string =>
  createHash('sha256')
    .update(`${page}\n${script.replaceAll(/(^|\s+)# .*$/gm, '').trim()}`)
    .digest('hex')
    .slice(0, 12);

/**
 * Blocks that no test takes from their page: what does the same, or why nothing can. Each reason is about the lines that the block has today, so it goes with
 * their fingerprint: who changes a block looks whether the reason still holds for all of it.
 */
export const unmarked: Readonly<Record<string, { readonly starts: string; readonly why: string }>> = {
  e50a79a3a77e: { starts: 'README.md: npm run demo', why: 'these are the demo and the tests themselves' },
  '3bed5793f0b1': { starts: 'README.md: npm run --silent stack -- up', why: 'docs/quick-start.md has the same' },
  '985086728963': { starts: 'README.md: npm run check', why: 'the tests themselves' },
  '48e300e0269b': { starts: 'docs/benchmarks.md: npm run bench', why: 'takes hours; what it printed is in the page' },
  '7e62113286f1': { starts: 'docs/install.md: docker build', why: 'needs Docker' },
  '6daae9c38df8': { starts: 'docs/install.md: kind create cluster', why: 'needs Docker' },
  '0c8b58ae1729': {
    starts: 'docs/install.md: tcld namespace search-attributes add',
    why: 'needs an account of Temporal Cloud',
  },
  '244a51825836': {
    starts: 'docs/quick-start.md: kubectl -n lynq-system create secret generic mysql-credentials',
    why: 'needs Docker',
  },
  f909a36228e0: { starts: 'docs/quick-start.md: npx lynq uninstall --yes', why: 'needs Docker' },
  '5a6f76d7b3d0': { starts: 'stack/README.md: npm run test:oldest', why: 'the tests themselves' },
};

/**
 * Commands in running text by their first words: the test that carries them out, or why none does. Those of `lynq` and of package.json are checked against
 * their own tables instead.
 */
export const inline: Readonly<Record<string, string>> = {
  'helm uninstall --no-hooks': 'it is warned of',
  'helm template': 'test/install/chart.test.ts and test/install/chart-values.test.ts render with it',
  'helm list --all-namespaces --all': 'helm itself',
  'helm upgrade':
    'docs/install.md and docs/operations.md have it as blocks; test/install/chart.test.ts renders its values',
  'kubectl -n NAMESPACE annotate lynqnode NODE lynq.sh/abandon=': 'test/e2e/removal.test.ts writes the same annotation',
  'kubectl -n NAMESPACE describe pod': 'kubectl itself',
  'kubectl -n NAMESPACE edit lynqhub HUB': 'kubectl itself',
  'kubectl -n lynq-system logs deployment/lynqflow': 'pods of the tests run nothing',
  'kubectl -n lynq-system rollout status deployment/lynqflow': 'docs/install.md has it as a block',
  'kubectl -n lynq-system rollout restart deployment/lynqflow': 'kubectl itself, and pods of the tests run nothing',
  'kubectl -n lynq-system scale deployment/lynqflow --replicas=0': 'docs/migration.md has it as a block',
  'kubectl apply --server-side': 'named for what it is like',
  'kubectl apply --server-side -f deploy/crds': 'test/install/docs.test.ts',
  'kubectl apply --server-side --force-conflicts -f deploy/crds': 'docs/migration.md has it as a block',
  'kubectl apply -f deploy/admission/': 'test/e2e/admission.test.ts applies the files',
  'kubectl create clusterrolebinding lynqflow-metrics-reader': 'test/e2e/telemetry.test.ts makes the same binding',
  'kubectl delete -f deploy/install.yaml': 'test/install/plain.test.ts',
  'kubectl delete -k':
    'test/install/chart.test.ts compares the base with that file; in docs/migration.md it is warned of',
  'kubectl delete lynqhub OLD --cascade=orphan': 'test/e2e/hub-life.test.ts renames a hub so',
  'kubectl delete lynqhub --cascade=orphan': 'the same, in a decision',
  'kubectl get apiservices': 'a list of Kubernetes; test/e2e/hub-life.test.ts has an APIService without a backend',
  'kubectl replace --force': 'test/faults/database/hub.test.ts replaces forms so',
  'kubectl delete namespace': 'named for what it is like',
  'kubectl describe lynqform': 'kubectl itself',
  'kubectl explain lynqform.spec': 'kubectl itself, on what test/contract applies',
  'kubectl get KIND -A -l lynq.sh/orphaned=true': 'test/e2e/orphans.test.ts lists by the label',
  'kubectl get leases -A': 'kubectl itself',
  'kubectl get lynqform': 'docs/install.md has it as a block',
  'kubectl get lynqnodes': 'docs/migration.md has it as a block',
  'kubectl label namespace lynq-system pod-security.kubernetes.io/enforce=restricted':
    'test/install/chart.test.ts installs into such a namespace',
  'kubectl lynq': 'test/e2e/cli-read.test.ts',
  'kubectl rollout undo': 'named for what it is like',
  'nc -z HOST 7233': 'a program of the system',
  'openssl rand -base64 32': 'a program of the system; keys of this form are made by test/e2e/codec.test.ts',
  'temporal server start-dev':
    'the stack starts it; test/e2e/codec-ui.test.ts sets the codec server by the dialog of the UI',
  'promtool test rules rules.test.yaml': 'test/e2e/monitoring.test.ts',
};
