import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { at, textAt, type JsonObject } from '../../domain/api/json.ts';
import { openCluster, type OpenedCluster } from '../../adapters/kubernetes/index.ts';
import { openConnection } from '../../adapters/kubernetes/connection.ts';
import { createRequestMeter } from '../../adapters/kubernetes/counters.ts';
import { createDiscovery } from '../../adapters/kubernetes/discovery.ts';
import type { WatchEvent } from '../../domain/ports.ts';
import { createReflector, reflectorLimits } from '../../adapters/kubernetes/reflector.ts';
import { createSend } from '../../adapters/kubernetes/send.ts';
import { systemTiming } from '../../adapters/kubernetes/timing.ts';
import { createTransport } from '../../adapters/kubernetes/transport.ts';
import { clusterContract, eventually, okay, refOf, uidOf } from './cluster.contract.ts';

const kubeconfig = process.env['KUBECONFIG_TEST'] ?? '';
const logger = { info: () => undefined, warn: () => undefined, error: () => undefined };
const manager = 'contract';
const secretText = 'TopSecretValue';

describe.skipIf(kubeconfig === '')('adapters/kubernetes', () => {
  clusterContract(() => openCluster({ kubeconfig, logger }));
});

describe.skipIf(kubeconfig === '')('adapters/kubernetes on a real server', () => {
  const namespace = `contract-${randomBytes(4).toString('hex')}-r`;
  let opened: OpenedCluster;
  let folder: string;
  const cleanup: JsonObject[] = [];

  const v1 = (kind: string, name: string, rest: JsonObject = {}): JsonObject => ({
    apiVersion: 'v1',
    kind,
    metadata: { name, namespace },
    ...rest,
  });
  const apply = (body: JsonObject, force = true) => opened.cluster.apply(refOf(body), body, { manager, force });
  const create = (body: JsonObject) => opened.cluster.create(refOf(body), body, { manager });
  const podSpec = { restartPolicy: 'Never', containers: [{ name: 'main', image: 'one' }] };
  const template = { metadata: { labels: { app: 'x' } }, spec: podSpec };
  const selector = { matchLabels: { app: 'x' } };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'contract-'));
    opened = await openCluster({ kubeconfig, logger });
    const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } };
    cleanup.push(okay(await opened.cluster.create(refOf(body), body, { manager })));
  }, 30_000);
  afterAll(async () => {
    for (const object of cleanup.reverse()) await opened.cluster.delete(refOf(object), uidOf(object));
    await opened.close();
    await rm(folder, { recursive: true });
  }, 30_000);

  function expectQuiet(result: unknown): void {
    expect(JSON.stringify(result)).not.toContain(secretText);
  }

  describe('refusals', () => {
    const immutable: readonly (readonly [JsonObject, JsonObject, string])[] = [
      [
        {
          apiVersion: 'apps/v1',
          kind: 'StatefulSet',
          metadata: { name: 'i', namespace },
          spec: {
            replicas: 0,
            serviceName: 'a',
            selector,
            template: { ...template, spec: { containers: podSpec.containers } },
          },
        },
        { spec: { serviceName: secretText } },
        'spec',
      ],
      [
        {
          apiVersion: 'rbac.authorization.k8s.io/v1',
          kind: 'RoleBinding',
          metadata: { name: 'I:b', namespace },
          roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'a' },
        },
        { roleRef: { name: secretText } },
        'roleRef',
      ],
      [
        {
          apiVersion: 'batch/v1',
          kind: 'Job',
          metadata: { name: 'i', namespace },
          spec: { suspend: true, template: { spec: podSpec } },
        },
        { spec: { completionMode: 'Indexed', completions: 1 } },
        'spec.completionMode',
      ],
      [
        v1('PersistentVolumeClaim', 'i', {
          spec: {
            accessModes: ['ReadWriteOnce'],
            storageClassName: 'none',
            resources: { requests: { storage: '1Gi' } },
          },
        }),
        { spec: { storageClassName: secretText.toLowerCase() } },
        'spec',
      ],
      [
        v1('Service', 'i', { spec: { ports: [{ port: 80 }] } }),
        { spec: { clusterIP: '10.255.255.254', clusterIPs: ['10.255.255.254'] } },
        'spec.clusterIPs[0]',
      ],
      [v1('Secret', 'i', { type: 'Opaque' }), { type: `example.com/${secretText}` }, 'type'],
    ];
    it.each(immutable)('tells the field of %j that cannot change', async (body, change, field) => {
      okay(await create(body));
      const result = await opened.cluster.patch(refOf(body), 'merge', change, { manager });
      expect(result).toMatchObject({
        kind: 'refused',
        reason: 'Immutable',
        message: expect.stringContaining(field) as string,
      });
      expectQuiet(result);
    });

    it('does not call a field immutable that is not allowed at all', async () => {
      const volumes = [{ name: 'v', emptyDir: {}, hostPath: { path: `/${secretText}` } }];
      const result = await apply(v1('Pod', 'two-volumes', { spec: { ...podSpec, volumes } }));
      expect(result).toMatchObject({ kind: 'refused', reason: 'Invalid' });
      expectQuiet(result);
    });

    const wrongSpec = { replicas: secretText, foo: 1, selector, template: { ...template, bar: 2 } };
    it('names undeclared and mistyped fields of an apply, at the first try', async () => {
      const before =
        opened.requests.snapshot().find(({ verb, code }) => verb === 'apply' && code === '500')?.count ?? 0;
      const body = {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'wrong', namespace },
        spec: wrongSpec,
      };
      const result = await apply(body);
      expect(result).toMatchObject({
        kind: 'refused',
        reason: 'Invalid',
        message: expect.stringContaining('.spec.foo') as string,
      });
      expectQuiet(result);
      expect(opened.requests.snapshot().find(({ verb, code }) => verb === 'apply' && code === '500')?.count).toBe(
        before + 1,
      );
    });

    it('names unknown and mistyped fields of other writes', async () => {
      const unknown = await create(v1('ConfigMap', 'wrong', { foo: secretText }));
      expect(unknown).toMatchObject({
        kind: 'refused',
        reason: 'Invalid',
        message: expect.stringContaining('foo') as string,
      });
      const body = {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'wrong', namespace },
        spec: wrongSpec,
      };
      const mistyped = await create(body);
      expect(mistyped).toMatchObject({
        kind: 'refused',
        reason: 'Invalid',
        message: expect.stringContaining('spec.replicas') as string,
      });
      okay(await create(v1('ConfigMap', 'patched')));
      const patched = await opened.cluster.patch(
        refOf(v1('ConfigMap', 'patched')),
        'merge',
        { foo: secretText },
        { manager },
      );
      expect(patched).toMatchObject({
        kind: 'refused',
        reason: 'Invalid',
        message: expect.stringContaining('foo') as string,
      });
      for (const result of [unknown, mistyped, patched]) expectQuiet(result);
    });

    it('tells what is too large for the request, for the kind and for the store', async () => {
      const text = (size: number) => secretText + 'x'.repeat(size);
      const results = [
        await apply(v1('ConfigMap', 'large', { data: { a: text(4_000_000) } })),
        await apply(v1('ConfigMap', 'large', { data: { a: text(1_100_000) } })),
        await create(
          v1('Pod', 'large', { spec: { containers: [{ name: 'main', image: 'i', command: [text(2_500_000)] }] } }),
        ),
      ];
      for (const result of results) {
        expect(result).toMatchObject({ kind: 'refused', reason: 'TooLarge' });
        expectQuiet(result);
      }
    });

    it('tells a quota that is used up', async () => {
      okay(await create(v1('ResourceQuota', 'quo', { spec: { hard: { 'count/replicationcontrollers': '0' } } })));
      await eventually(async () =>
        expect(at(await opened.cluster.get(refOf(v1('ResourceQuota', 'quo'))), 'status', 'hard')).toBeDefined(),
      );
      const bodyOf = (name: string) =>
        v1('ReplicationController', name, {
          spec: {
            replicas: 0,
            selector: { app: 'x' },
            template: { ...template, spec: { containers: podSpec.containers } },
          },
        });
      // The status of a quota is there before all of admission has heard of it.
      let tried = 0;
      await eventually(async () => {
        tried += 1;
        expect(await create(bodyOf(`heard-${tried}`))).toMatchObject({ kind: 'refused' });
      });
      for (const result of [await apply(bodyOf('over')), await create(bodyOf('over'))]) {
        expect(result).toMatchObject({
          kind: 'refused',
          reason: 'QuotaExceeded',
          message: expect.stringContaining('ResourceQuota quo') as string,
        });
      }
    });

    it('tells a policy that denies, for writes and deletes', async () => {
      const admission = 'admissionregistration.k8s.io/v1';
      const expression = "(request.operation == 'DELETE' ? oldObject : object).metadata.name != 'denied'";
      const policy = {
        apiVersion: admission,
        kind: 'ValidatingAdmissionPolicy',
        metadata: { name: namespace },
        spec: {
          matchConstraints: {
            resourceRules: [
              {
                apiGroups: [''],
                apiVersions: ['v1'],
                operations: ['CREATE', 'UPDATE', 'DELETE'],
                resources: ['configmaps'],
              },
            ],
          },
          validations: [{ expression, messageExpression: `'${secretText}'` }],
        },
      };
      const matchResources = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } } };
      const binding = {
        apiVersion: admission,
        kind: 'ValidatingAdmissionPolicyBinding',
        metadata: { name: namespace },
        spec: { policyName: namespace, validationActions: ['Deny'], matchResources },
      };
      const denied = okay(await create(v1('ConfigMap', 'denied')));
      const parts = [okay(await create(policy)), okay(await create(binding))];
      const result = await eventually(async () => {
        const found = await apply(v1('ConfigMap', 'denied', { data: { tried: String(Date.now()) } }));
        expect(found.kind).toBe('refused');
        return found;
      });
      expect(result).toMatchObject({
        reason: 'AdmissionDenied',
        message: expect.stringContaining(`ValidatingAdmissionPolicy ${namespace}`) as string,
      });
      expectQuiet(result);
      expect(await opened.cluster.delete(refOf(denied), uidOf(denied))).toMatchObject({
        kind: 'refused',
        reason: 'AdmissionDenied',
      });
      for (const part of parts.reverse()) await opened.cluster.delete(refOf(part), uidOf(part));
    }, 60_000);

    it('tells the level of pod security that is violated', async () => {
      const space = {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name: `${namespace}-p`, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
      };
      cleanup.push(okay(await create(space)));
      const pod = { ...v1('Pod', 'p', { spec: podSpec }), metadata: { name: 'p', namespace: `${namespace}-p` } };
      const result = await eventually(async () => {
        const found = await create(pod);
        expect(found.kind).toBe('refused');
        return found;
      });
      expect(result).toMatchObject({
        reason: 'Forbidden',
        message: expect.stringContaining('PodSecurity restricted') as string,
      });
    });
  });

  describe('lists', () => {
    it('reads every page', async () => {
      const names = Array.from({ length: 1_203 }, (_, index) => `page-${String(index).padStart(4, '0')}`);
      const labels = { pages: 'yes' };
      for (let start = 0; start < names.length; start += 40) {
        const some = names.slice(start, start + 40);
        await Promise.all(
          some.map(async (name) =>
            okay(await create({ ...v1('ConfigMap', name), metadata: { name, namespace, labels } })),
          ),
        );
      }
      const items = await opened.cluster.list(
        { apiVersion: 'v1', kind: 'ConfigMap' },
        { namespace, labelSelector: 'pages=yes' },
      );
      expect(items.map((item) => textAt(item, 'metadata', 'name'))).toEqual(names);
    }, 60_000);
  });

  describe('watch', () => {
    it('loses nothing over many watches that end', async () => {
      const meter = createRequestMeter();
      const connection = await openConnection({ kubeconfig }, systemTiming);
      const transport = createTransport(connection, meter);
      const send = createSend(transport, systemTiming);
      const limits = { ...reflectorLimits, seconds: [1, 1] as const, backoff: { first: 20, most: 500 } };
      const discovery = createDiscovery(send, systemTiming);
      const reflector = createReflector({ send, transport, discovery, timing: systemTiming, logger, limits });
      const stop = new AbortController();
      const seen: string[] = [];
      const options = { namespace, labelSelector: 'stream=yes' };
      const ended = reflector.run(
        { apiVersion: 'v1', kind: 'ConfigMap' },
        options,
        (event) => seen.push('object' in event ? `${event.kind} ${textAt(event.object, 'data', 'n')}` : event.kind),
        stop.signal,
      );
      await eventually(async () => expect(seen).toContain('synced'));
      const name = 'stream';
      const expected = ['restarted', 'synced'];
      for (let n = 0; n < 40; n += 1) {
        const body = {
          ...v1('ConfigMap', name, { data: { n: String(n) } }),
          metadata: { name, namespace, labels: { stream: 'yes' } },
        };
        okay(await apply(body));
        expected.push(`set ${n}`);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      await eventually(async () => expect(seen).toEqual(expected));
      stop.abort();
      await ended;
      await connection.close();
      expect(meter.snapshot().find(({ verb }) => verb === 'watch')?.count).toBeGreaterThan(3);
      expect(meter.snapshot().find(({ verb }) => verb === 'list')?.count).toBe(1);
    }, 60_000);

    it('waits for a kind that is defined later', async () => {
      const group = `${namespace}.example.com`;
      const names = { plural: 'gadgets', singular: 'gadget', kind: 'Gadget', listKind: 'AllTheGadgets' };
      const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
      const definition = {
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'CustomResourceDefinition',
        metadata: { name: `gadgets.${group}` },
        spec: { group, names, scope: 'Namespaced', versions: [{ name: 'v1', served: true, storage: true, schema }] },
      };
      const kind = { apiVersion: `${group}/v1`, kind: 'Gadget' };
      const stop = new AbortController();
      const seen: string[] = [];
      let tried = false;
      const onEvent = (event: WatchEvent): void => {
        tried = true;
        if (event.kind !== 'unlisted') seen.push(event.kind);
      };
      const ended = opened.reflector.run(kind, {}, onEvent, stop.signal);
      await eventually(async () => expect(tried).toBe(true));
      expect(seen).toEqual([]);
      const defined = okay(await create(definition));
      await eventually(async () => expect(seen).toEqual(['restarted', 'synced']));
      okay(await create({ ...kind, metadata: { name: 'g', namespace }, spec: { a: 1 } }));
      await eventually(async () => expect(seen).toEqual(['restarted', 'synced', 'set']));
      await opened.cluster.delete(refOf(definition), uidOf(defined));
      await eventually(async () => expect(seen).toEqual(['restarted', 'synced', 'set', 'removed']));
      stop.abort();
      await ended;
    }, 60_000);
  });

  describe('rights and credentials', () => {
    interface Config {
      users: { name: string; user: Record<string, unknown> }[];
    }
    async function withUser(
      name: string,
      change: (user: Record<string, unknown>) => Record<string, unknown>,
    ): Promise<OpenedCluster> {
      const config = parse(await readFile(kubeconfig, 'utf8')) as Config;
      const users = config.users.map((entry) => ({ ...entry, user: change(entry.user) }));
      const file = join(folder, name);
      await writeFile(file, stringify({ ...config, users }));
      return openCluster({ kubeconfig: file, logger });
    }
    const tokenOf = async () => {
      const config = parse(await readFile(kubeconfig, 'utf8')) as Config;
      const token = config.users[0]?.user['token'];
      return typeof token === 'string' ? token : '';
    };
    const target = v1('ConfigMap', 'guarded');

    it('tells missing rights, and a reflector goes on once they are there', async () => {
      const user = `nobody-${namespace}`;
      const nobody = await withUser('nobody', (admin) => ({ ...admin, as: user }));
      await expect(nobody.cluster.get(refOf(target))).rejects.toMatchObject({ type: 'ClusterForbidden' });
      await expect(nobody.cluster.list({ apiVersion: 'v1', kind: 'ConfigMap' }, { namespace })).rejects.toMatchObject({
        type: 'ClusterForbidden',
      });
      expect(await nobody.cluster.apply(refOf(target), target, { manager, force: false })).toMatchObject({
        kind: 'refused',
        reason: 'Forbidden',
        message: `ConfigMap ${namespace}/guarded: the account may not patch configmaps`,
      });
      expect(await nobody.cluster.delete(refOf(target), 'u')).toMatchObject({ kind: 'refused', reason: 'Forbidden' });
      const seen: string[] = [];
      const stop = new AbortController();
      const ended = nobody.reflector.run(
        { apiVersion: 'v1', kind: 'ConfigMap' },
        { namespace },
        (event) => seen.push(event.kind),
        stop.signal,
      );
      const rbac = 'rbac.authorization.k8s.io';
      const rules = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list', 'watch'] }];
      okay(await create({ apiVersion: `${rbac}/v1`, kind: 'Role', metadata: { name: 'reader', namespace }, rules }));
      const subjects = [{ apiGroup: rbac, kind: 'User', name: user }];
      const roleRef = { apiGroup: rbac, kind: 'Role', name: 'reader' };
      okay(
        await create({
          apiVersion: `${rbac}/v1`,
          kind: 'RoleBinding',
          metadata: { name: 'reader', namespace },
          subjects,
          roleRef,
        }),
      );
      await eventually(async () => expect(seen).toContain('synced'));
      stop.abort();
      await ended;
      await nobody.close();
    }, 60_000);

    it('goes on after a token is rotated in its file, and takes one from a command', async ({ skip }) => {
      const token = await tokenOf();
      if (token === '') skip('the account of this kubeconfig has no token');
      const file = join(folder, 'token');
      await writeFile(file, 'wrong');
      const rotated = await withUser('rotated', () => ({ tokenFile: file }));
      await expect(rotated.cluster.get(refOf(target))).rejects.toMatchObject({ type: 'ClusterForbidden' });
      await writeFile(file, `${token}\n`);
      expect(await rotated.cluster.get(refOf(target))).toBeUndefined();
      await rotated.close();
      const version = 'client.authentication.k8s.io/v1';
      const credential = { apiVersion: version, kind: 'ExecCredential', status: { token } };
      const args = ['-e', `console.log(${JSON.stringify(JSON.stringify(credential))})`];
      const command = await withUser('command', () => ({
        exec: { apiVersion: version, command: process.execPath, args, interactiveMode: 'Never' },
      }));
      expect(await command.cluster.get(refOf(target))).toBeUndefined();
      await command.close();
    });

    it('fails, after its tries, when the certificate is not the one of the kubeconfig', async () => {
      const config = parse(await readFile(kubeconfig, 'utf8')) as {
        clusters: { name: string; cluster: Record<string, unknown> }[];
      };
      const clusters = config.clusters.map((entry) => ({ ...entry, cluster: { server: entry.cluster['server'] } }));
      const file = join(folder, 'untrusting');
      await writeFile(file, stringify({ ...config, clusters }));
      const untrusting = await openCluster({ kubeconfig: file, logger });
      await expect(untrusting.cluster.get(refOf(target))).rejects.toMatchObject({
        type: 'ClusterUnreachable',
        detail: { tries: 1 },
      });
      await untrusting.close();
    });
  });
});
