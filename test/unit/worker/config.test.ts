import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { readConfig, WorkerConfig } from '../../../worker/config.ts';
import { readFlags } from '../../../worker/flags.ts';

interface Workload {
  readonly kind: string;
  readonly spec?: {
    readonly template: {
      readonly spec: {
        readonly containers: readonly {
          readonly args: readonly string[];
          readonly env: readonly { readonly name: string; readonly value: string }[];
        }[];
      };
    };
  };
}

describe('worker/config', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lynqflow-config-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('takes what an installation of the Go operator has when no policy is given', () => {
    const { scopePolicy } = readConfig({});

    expect(scopePolicy).toMatchObject({ crossNamespace: true, clusterKinds: ['Namespace'], denyKinds: [] });
    expect(scopePolicy.namespaces).toMatchObject({ allow: ['*'], deny: ['kube-*'] });
  });

  it('reads the policy from the variable itself or from the file it names', () => {
    const file = join(folder, 'policy.yaml');
    writeFileSync(file, 'crossNamespace: false\nnamespaces:\n  allow: [node-*]\n');

    expect(readConfig({ LYNQ_SCOPE_POLICY: '{"crossNamespace":false}' }).scopePolicy.crossNamespace).toBe(false);
    expect(readConfig({ LYNQ_SCOPE_POLICY: file }).scopePolicy).toMatchObject({
      crossNamespace: false,
      namespaces: { allow: ['node-*'], deny: ['kube-*'] },
    });
  });

  it.each([
    ['{"crossNamespaces":false}', /LYNQ_SCOPE_POLICY.*crossNamespaces/],
    ['/does/not/exist', /LYNQ_SCOPE_POLICY/],
    ['{"namespaces":{"allow":"x"}}', /LYNQ_SCOPE_POLICY\.namespaces\.allow/],
  ])('refuses the policy %s and says where', (text, message) => {
    expect(() => readConfig({ LYNQ_SCOPE_POLICY: text })).toThrow(message);
  });

  describe('hints over HTTP', () => {
    const token = 'token-of-sixteen-or-more';

    it('are not taken unless a port is named', () => {
      expect(readConfig({ LYNQ_NOTIFY_TOKEN: token }).notify).toBeUndefined();
    });

    it('are taken on this machine only unless a host is named', () => {
      expect(readConfig({ LYNQ_NOTIFY_PORT: '8090', LYNQ_NOTIFY_TOKEN: token }).notify).toEqual({
        host: '127.0.0.1',
        port: 8090,
        token: { kind: 'text', text: token },
      });
      expect(
        readConfig({ LYNQ_NOTIFY_PORT: '0', LYNQ_NOTIFY_HOST: '0.0.0.0', LYNQ_NOTIFY_TOKEN: token }).notify?.host,
      ).toBe('0.0.0.0');
    });

    it('need a token, in the environment or in a file', () => {
      const path = join(folder, 'token');
      writeFileSync(path, token);
      expect(readConfig({ LYNQ_NOTIFY_PORT: '1', LYNQ_NOTIFY_TOKEN_FILE: path }).notify?.token).toEqual({
        kind: 'file',
        path,
      });
    });

    it.each([
      [{ LYNQ_NOTIFY_PORT: '1' }, /exactly one of it and LYNQ_NOTIFY_TOKEN_FILE/],
      [{ LYNQ_NOTIFY_PORT: '1', LYNQ_NOTIFY_TOKEN: 'short' }, /LYNQ_NOTIFY_TOKEN/],
      [{ LYNQ_NOTIFY_PORT: '1', LYNQ_NOTIFY_TOKEN: token, LYNQ_NOTIFY_TOKEN_FILE: '/x' }, /exactly one/],
      [{ LYNQ_NOTIFY_PORT: '1', LYNQ_NOTIFY_TOKEN_FILE: '/does/not/exist' }, /LYNQ_NOTIFY_TOKEN_FILE: cannot be read/],
      [{ LYNQ_NOTIFY_PORT: '70000', LYNQ_NOTIFY_TOKEN: token }, /LYNQ_NOTIFY_PORT/],
    ])('are refused with %j', (env, message) => {
      expect(() => readConfig(env)).toThrow(message);
    });
  });

  it('takes no task queue whose name would have to be escaped in questions about runs', () => {
    expect(readConfig({ LYNQ_TASK_QUEUE: 'team/a' }).taskQueue).toBe('team/a');
    for (const taskQueue of ['', "o'clock", 'a"b', 'a\\b'])
      expect(() => readConfig({ LYNQ_TASK_QUEUE: taskQueue })).toThrow(/LYNQ_TASK_QUEUE/);
  });

  it("has a version of Temporal's worker versioning when deployment and build are named, and refuses half of one", () => {
    const version = { TEMPORAL_DEPLOYMENT_NAME: 'lynqflow', TEMPORAL_WORKER_BUILD_ID: '0.2.0' };
    expect(readConfig({}).version).toBeUndefined();
    expect(readConfig(version).version).toEqual({ deploymentName: 'lynqflow', buildId: '0.2.0' });
    expect(() => readConfig({ TEMPORAL_DEPLOYMENT_NAME: 'lynqflow' })).toThrow(/TEMPORAL_WORKER_BUILD_ID/);
    expect(() => readConfig({ TEMPORAL_WORKER_BUILD_ID: '0.2.0' })).toThrow(/TEMPORAL_DEPLOYMENT_NAME/);
  });

  it('serves probes where the Go operator does when it runs in a pod and is told nothing, and nowhere otherwise', () => {
    const pod = { KUBERNETES_SERVICE_HOST: '10.96.0.1' };

    expect(readConfig(pod).probes.address).toEqual({ kind: 'at', port: 8081 });
    expect(readConfig({}).probes.address).toEqual({ kind: 'off' });
    expect(readConfig({ ...pod, LYNQ_HEALTH_PROBE_BIND_ADDRESS: '0' }).probes.address).toEqual({ kind: 'off' });
  });

  it('can use the flags and variables of the plain manifests, and knows them all', () => {
    const manifests = parseAllDocuments(
      readFileSync(new URL('../../../deploy/worker.yaml', import.meta.url), 'utf8'),
    ).map((document) => document.toJS() as Workload);
    const [container] = manifests.find(({ kind }) => kind === 'Deployment')?.spec?.template.spec.containers ?? [];
    const { environment, ignored } = readFlags(container?.args ?? []);
    const variables = Object.fromEntries((container?.env ?? []).map(({ name, value }) => [name, value]));
    const own = Object.keys({ ...variables, ...environment }).filter((name) => !name.startsWith('TEMPORAL_'));

    expect(own.length).toBeGreaterThan(3);
    expect(own.filter((name) => !(name in WorkerConfig.in.shape))).toEqual([]);
    expect(ignored.map(({ flag }) => flag)).toEqual(['--leader-elect']);
    expect(readConfig({ ...variables, ...environment })).toMatchObject({
      taskQueue: 'lynqflow',
      logLevel: 'info',
      metrics: { address: { kind: 'at', port: 8443 }, secure: true },
      probes: { address: { kind: 'at', port: 8081 } },
    });
  });

  describe('docs/configuration.md', () => {
    const page = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8');
    const rows = page.split('\n').flatMap((line) => {
      const [, names = '', value = ''] = line.split('|').map((cell) => cell.trim());
      const text = value.replaceAll('`', '');
      return names.startsWith('`') ? names.split(', ').map((name) => [name.replaceAll('`', ''), text] as const) : [];
    });
    // Temporal's own are read by its library.
    const ofTemporal = ['TEMPORAL_ADDRESS', 'TEMPORAL_NAMESPACE', 'TEMPORAL_TLS_*', 'TEMPORAL_API_KEY'];
    const ofProxies = ['grpc_proxy', 'https_proxy', 'http_proxy', 'no_grpc_proxy', 'no_proxy'];
    const foreign = new Set([...ofTemporal, ...ofProxies]);

    it('has every variable of the schema once, with its default, and no other', () => {
      const { properties = {} } = z.toJSONSchema(WorkerConfig.in, { io: 'input' });
      const known = Object.entries(properties).map(([name, schema]) => {
        const value = typeof schema === 'object' ? schema.default : undefined;
        return [name, value === undefined ? '' : String(value as string | number)] as const;
      });
      expect(known.length).toBeGreaterThan(30);
      const own = rows.filter(([name]) => !foreign.has(name));
      expect(Object.fromEntries(own)).toEqual(Object.fromEntries(known));
      expect(own).toHaveLength(known.length);
    });
  });
});
