import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { publint } from 'publint';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { typeProblems } from '../../tools/check-package/types.ts';
import { type Ended, run } from '../support/e2e/programs.ts';
import { openWorld, type World } from '../support/e2e/world.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const unpacked = new Set(['node_modules', 'dist', '.git', '.stack', 'coverage']);

/** The package as npm packs and installs it, on this Node, far away from the checkout. */
describe('install/package', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lynqflow-package-'));
  const project = join(folder, 'project');
  /** Whom npm trusts beside the authorities that Node knows, where the machine says so. */
  const trusted = process.env['NODE_EXTRA_CA_CERTS'];
  const environment = {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    ...(trusted === undefined ? {} : { NODE_EXTRA_CA_CERTS: trusted }),
  };
  let world: World | undefined;
  let tarball = '';

  const bin = (name: string): string => join(project, 'node_modules/.bin', name);
  async function npm(cwd: string, ...args: readonly string[]): Promise<Ended> {
    const ended = await run('npm', ['--prefix', cwd, ...args], { ...environment, INIT_CWD: cwd });
    expect(ended, `npm ${args.join(' ')}\n${ended.stderr}`).toMatchObject({ code: 0 });
    return ended;
  }

  beforeAll(async () => {
    const copy = join(folder, 'copy');
    const ours = readdirSync(root).filter((name) => !unpacked.has(name));
    for (const name of ours) cpSync(join(root, name), join(copy, name), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
    const packed = await run('npm', ['pack', copy, '--pack-destination', folder], environment);
    expect(packed, packed.stderr).toMatchObject({ code: 0 });
    mkdirSync(project);
    writeFileSync(join(project, 'package.json'), '{ "name": "elsewhere", "private": true }');
    tarball = join(folder, readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? '');
    await npm(project, 'install', '--no-audit', '--no-fund', '--prefer-offline', tarball);
  }, 600_000);
  afterAll(async () => {
    await world?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('it has no sources, no tests and one workflow bundle', () => {
    const installed = join(project, 'node_modules/lynqflow');
    expect(readdirSync(installed).toSorted()).toEqual([
      'LICENSE',
      'README.md',
      'bin',
      'deploy',
      'dist',
      'examples',
      'package.json',
    ]);
    const deploy = readdirSync(join(installed, 'deploy'));
    expect(deploy.toSorted()).toEqual([
      'admission',
      'chart',
      'definitions.yaml',
      'install.yaml',
      'kustomization.yaml',
      'monitoring',
    ]);
    const files = readdirSync(join(installed, 'dist'), { recursive: true, encoding: 'utf8' });
    expect(files.filter((name) => /(?<!\.d)\.ts$|(?:^|\/)test\/|\.test\.|tsbuildinfo/.test(name))).toEqual([]);
    expect(files.filter((name) => name.endsWith('.cjs'))).toHaveLength(1);
    expect(files).toContain('sbom.cdx.json');
  });

  test('publint finds nothing in it', async () => {
    const { buffer } = Uint8Array.from(readFileSync(tarball));
    const { messages } = await publint({ pack: { tarball: buffer } });
    expect(messages).toEqual([]);
  });

  test('attw finds types for every way to import it', async () => {
    expect(await typeProblems(readFileSync(tarball))).toEqual([]);
  });

  test('lynq has its help and finds the mistakes of a file', async () => {
    const help = await run(bin('lynq'), ['--help'], environment);
    expect(help).toMatchObject({ code: 0, stderr: '' });
    const examples = join(project, 'node_modules/lynqflow/examples/multi-tier');
    expect(await run(bin('lynq'), ['lint', '-f', examples], environment)).toMatchObject({ code: 0 });
    const broken = join(folder, 'broken.yaml');
    writeFileSync(broken, 'apiVersion: operator.lynq.sh/v1\nkind: LynqForm\nmetadata: { name: broken }\nspec: {}\n');
    const ended = await run(bin('lynq'), ['lint', '-f', broken], environment);
    expect(ended.code).toBe(1);
    expect(ended.stdout + ended.stderr).toContain('hubId');
  });

  test('what it exports can be imported', async () => {
    const script = `
      const { runWorker } = await import('lynqflow/worker');
      const { wakeSignal } = await import('lynqflow/messages');
      const { readCrds } = await import('lynqflow/crds');
      process.stdout.write([typeof runWorker, typeof wakeSignal, readCrds().length].join(' '));`;
    const file = join(project, 'import.mjs');
    writeFileSync(file, script);
    expect(await run(process.execPath, [file], environment)).toMatchObject({ code: 0, stdout: 'function object 3' });
  });

  test('its worker brings up a customer, costly template functions in their threads included', async () => {
    world = await openWorld(inject('stack'), {
      name: 'package',
      program: { file: bin('lynq-worker'), args: [], cwd: project },
    });
    await world.applyAll(
      world.hubText('3s'),
      `apiVersion: operator.lynq.sh/v1
kind: LynqForm
metadata: { name: costly, namespace: ${world.namespace} }
spec:
  hubId: multi-tier-nodes
  secrets:
    - id: key
      nameTemplate: '{{ .uid }}-key'
      spec:
        apiVersion: v1
        kind: Secret
        stringData: { hash: '{{ bcrypt .uid }}' }
`,
    );
    await world.database.sql("INSERT INTO nodes (node_id) VALUES ('packed')");
    await world.ready(['packed-costly'], { withinMs: 120_000 });
    const secret = await world.cluster.get(`/api/v1/namespaces/${world.namespace}/secrets/packed-key`);
    const { hash } = (secret as unknown as { data: { hash: string } }).data;
    expect(Buffer.from(hash, 'base64').toString()).toMatch(/^\$2[aby]\$10\$/);
  }, 300_000);

  test('on the PATH it is the command lynq of kubectl, completion included', async () => {
    const { kubectl, kubeconfig } = inject('stack');
    const path = `${join(project, 'node_modules/.bin')}:${process.env['PATH']}`;
    const ask = async (...args: readonly string[]): Promise<string> => {
      const ended = await run(kubectl, args, { ...environment, PATH: path, KUBECONFIG: kubeconfig });
      expect(ended, ended.stderr).toMatchObject({ code: 0 });
      return ended.stdout;
    };
    expect(await ask('plugin', 'list')).toContain(bin('kubectl-lynq'));
    expect(await ask('lynq', '--help')).toContain('kubectl lynq');
    expect(await ask('lynq', 'get', 'nodes', '-n', 'e2e-package', '-o', 'name')).toContain('packed-costly');
    const offered = await ask('__complete', 'lynq', 'history', '-n', 'e2e-package', '');
    expect(offered.split('\n')[0]).toMatch(/^packed-costly/);
  });
});
