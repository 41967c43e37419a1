import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensureHelm, type RunningStack, startStack } from '../../stack/index.ts';
import { run, type WorkerProcess, workerProcess } from '../support/e2e/programs.ts';
import { accountKubeconfigOf } from '../support/install/account.ts';

/**
 * Commands of the documentation, on a stack of their own: every fenced block that begins with `# run` is given to a shell in the checkout, in the order
 * a reader meets them. Between the installation and the rest a worker runs as the pod of the chart would: under its ServiceAccount.
 */

const root = fileURLToPath(new URL('../..', import.meta.url));

interface Block {
  readonly file: string;
  readonly line: number;
  readonly script: string;
}

/** Fenced blocks whose first line is `# run`, indented ones too. */
function runBlocks(file: string): readonly Block[] {
  const lines = readFileSync(join(root, 'docs', file), 'utf8').split('\n');
  const blocks: Block[] = [];
  for (let index = 0; index < lines.length; index += 1) {
    const indent = /^( *)```sh$/.exec(lines[index] ?? '')?.[1];
    if (indent === undefined) continue;
    const end = lines.findIndex((line, later) => later > index && line === `${indent}\`\`\``);
    const script = lines.slice(index + 1, end).map((line) => line.slice(indent.length));
    if (script[0] === '# run') blocks.push({ file, line: index + 1, script: script.join('\n') });
    index = end;
  }
  return blocks;
}

/** The last block of the instructions for an installation takes it away again. */
const install = runBlocks('install.md');
const inOrder: readonly Block[] = [
  ...install.slice(0, -1),
  ...['security.md', 'operations.md', 'migration.md', 'troubleshooting.md'].flatMap(runBlocks),
  ...install.slice(-1),
];

describe('install/docs', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'lynqflow-docs-'));
  const path = join(dataDir, 'bin');
  let stack: RunningStack;
  let worker: WorkerProcess;

  beforeAll(async () => {
    stack = await startStack({ dataDir });
    const { kubectl, temporalCli } = stack.endpoints;
    const helm = await ensureHelm({ environment: process.env, onProgress: () => undefined });
    mkdirSync(path);
    for (const [name, program] of Object.entries({ kubectl, helm, temporal: temporalCli }))
      symlinkSync(program, join(path, name));
    // npx asks the registry; the command it would find is this one.
    writeFileSync(join(path, 'npx'), `#!/bin/sh\nshift\nexec node ${root}/bin/lynq.mjs "$@"\n`);
    chmodSync(join(path, 'npx'), 0o755);
  }, 1_800_000);
  afterAll(async () => {
    await worker?.stop();
    await stack?.stop();
    rmSync(dataDir, { recursive: true, force: true });
    rmSync('/tmp/lynqflow-overlay', { recursive: true, force: true });
    for (const name of readdirSync('/tmp').filter((file) =>
      /^lynqflow-(objects|revisions|secrets)\.(ya|js)[mo]/.test(file),
    )) {
      rmSync(join('/tmp', name));
    }
  });

  async function shell(script: string): Promise<void> {
    const { kubeconfig, temporalAddress } = stack.endpoints;
    const ended = await run('bash', ['-euo', 'pipefail', '-c', script], {
      PATH: `${path}:${process.env['PATH']}`,
      HOME: dataDir,
      KUBECONFIG: kubeconfig,
      TEMPORAL_ADDRESS: temporalAddress,
    });
    expect(ended, `${ended.stdout}\n${ended.stderr}`).toMatchObject({ code: 0 });
  }

  test('there is something to run in every page', () => {
    expect(new Set(inOrder.map(({ file }) => file)).size).toBe(5);
  });

  test.each(inOrder.map((block) => [`docs/${block.file}:${block.line}`, block] as const))(
    '%s',
    async (_where, block) => {
      await shell(block.script);
      if (block !== install[0]) return;
      const { kubectl, kubeconfig, temporalAddress } = stack.endpoints;
      const workerKubeconfig = join(dataDir, 'worker.kubeconfig');
      const place = { namespace: 'lynq-system', name: 'lynqflow', file: workerKubeconfig };
      accountKubeconfigOf({ kubectl, kubeconfig }, place);
      worker = workerProcess({ temporalAddress, kubeconfig, workerKubeconfig });
      await worker.start();
    },
    240_000,
  );
});
