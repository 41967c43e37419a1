import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { createConnection } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningStack, startStack } from '../../stack/index.ts';
import { type Cluster, everythingIn, openCluster } from '../support/e2e/cluster.ts';
import { eventually, notYet, there } from '../support/e2e/eventually.ts';
import { type Ended, run } from '../support/e2e/programs.ts';

/** `npm run demo -- --own` on a stack that stands for servers of somebody else. */
describe('install/own-servers', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'lynqflow-own-'));
  let stack: RunningStack;
  let cluster: Cluster;

  const temporal = (...args: readonly string[]): Promise<Ended> =>
    run(stack.endpoints.temporalCli, [...args, '--address', stack.endpoints.temporalAddress], { HOME: dataDir });
  const program = ['tools/run.mjs', 'tools/demo/main.ts', '--own'];
  const environment = () => ({
    PATH: process.env['PATH'],
    HOME: dataDir,
    KUBECONFIG: stack.endpoints.kubeconfig,
    TEMPORAL_ADDRESS: stack.endpoints.temporalAddress,
    TEMPORAL_NAMESPACE: stack.endpoints.temporalNamespace,
    LYNQ_MYSQL_URL: stack.endpoints.mysqlUrl,
  });
  const demo = (args: readonly string[], change: Readonly<Record<string, string | undefined>> = {}): Promise<Ended> =>
    run(process.execPath, [...program, ...args], { ...environment(), ...change });

  /** The API server itself needs a moment until it no longer offers a kind, and a volume until it is gone. */
  async function isAgain(before: unknown): Promise<void> {
    const left = await eventually('all is as it was', async () => {
      const now = await found();
      return isDeepStrictEqual(now, before) ? there(now) : notYet(now);
    });
    expect(left).toEqual(before);
  }

  /** All that somebody would miss or be surprised by. */
  async function found(): Promise<unknown> {
    const names = async (path: string) => (await cluster.list(path)).map(({ metadata }) => metadata.name).toSorted();
    const connection = await createConnection({ uri: stack.endpoints.mysqlUrl });
    const [databases] = await connection.query('SHOW DATABASES');
    const [users] = await connection.query('SELECT user, host FROM mysql.user ORDER BY user, host');
    await connection.end();
    const attributes = await temporal('operator', 'search-attribute', 'list', '-o', 'json');
    const schedules = await temporal('schedule', 'list', '-o', 'json');
    return {
      namespaces: await names('/api/v1/namespaces'),
      crds: await names('/apis/apiextensions.k8s.io/v1/customresourcedefinitions'),
      volumes: await names('/api/v1/persistentvolumes'),
      inDefault: (await everythingIn(cluster, 'default')).map(({ kind, metadata }) => `${kind}/${metadata.name}`),
      databases,
      users,
      attributes:
        (JSON.parse(attributes.stdout) as { customAttributes?: unknown }).customAttributes ?? attributes.stdout,
      schedules: schedules.stdout.trim(),
    };
  }

  beforeAll(async () => {
    stack = await startStack({ dataDir });
    cluster = openCluster(stack.endpoints.kubeconfig);
    // A server of somebody else has none of our attributes, or some.
    const removed = await temporal(
      'operator',
      'search-attribute',
      'remove',
      '--name',
      'LynqUid',
      '--name',
      'LynqPhase',
      '--yes',
    );
    expect(removed, removed.stderr).toMatchObject({ code: 0 });
  }, 240_000);
  afterAll(async () => {
    await cluster?.close();
    await stack?.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  test('it wants all three servers named, and does nothing without a yes', async () => {
    const before = await found();
    const unnamed = await demo(['--yes'], { LYNQ_MYSQL_URL: undefined });
    expect(unnamed).toMatchObject({ code: 1 });
    expect(unnamed.stderr).toContain('--own needs LYNQ_MYSQL_URL');
    const unasked = await demo([]);
    expect(unasked).toMatchObject({ code: 1 });
    expect(unasked.stdout).toContain(stack.endpoints.temporalAddress);
    expect(unasked.stderr).toContain('nobody can be asked');
    expect(await found()).toEqual(before);
  });

  test('it plays its story and leaves the servers as it found them', async () => {
    const before = await found();
    const ended = await demo(['--yes']);
    expect(ended, ended.stdout + ended.stderr).toMatchObject({ code: 0 });
    expect(ended.stdout).toMatch(/all 4 LynqNodes are Ready/);
    expect(ended.stdout).toContain('the customer is back');
    expect(ended.stdout).toContain('your servers are as they were');
    await isAgain(before);
  }, 300_000);

  test('being asked to stop in the middle leaves the servers as they were too', async () => {
    const before = await found();
    const child = spawn(process.execPath, [...program, '--yes'], {
      env: environment(),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [stdout, stderr] = ['', ''];
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    let asked = false;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      // The hub and its forms are there, and the row follows.
      if (asked || !stdout.includes('== 2. One row becomes')) return;
      asked = child.kill('SIGINT');
    });
    const [code] = (await once(child, 'close')) as [number | null];
    expect(stdout, stderr).toContain('SIGINT: stopping');
    expect(stdout).not.toContain('LynqNodes are Ready, ');
    expect(stdout).toContain('your servers are as they were');
    expect(code).toBe(130);
    await isAgain(before);
  }, 300_000);

  test('it refuses servers with an account of its name on them, and does not take that away', async () => {
    const connection = await createConnection({ uri: stack.endpoints.mysqlUrl });
    await connection.query("CREATE USER 'lynq_demo_reader'@'%' IDENTIFIED BY 'somebody else''s'");
    const before = await found();
    const ended = await demo(['--yes']);
    expect(ended).toMatchObject({ code: 1 });
    expect(ended.stderr).toContain('account lynq_demo_reader');
    expect(await found()).toEqual(before);
    await connection.query("DROP USER 'lynq_demo_reader'@'%'");
    await connection.end();
  });

  test('it refuses servers with something of its name or a hub on them', async () => {
    await cluster.create('/api/v1/namespaces', {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'lynq-demo' },
    });
    const ended = await demo(['--yes']);
    expect(ended).toMatchObject({ code: 1 });
    expect(ended.stderr).toContain('namespace lynq-demo');
  });
});
