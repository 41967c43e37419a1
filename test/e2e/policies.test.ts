import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { describeRequest } from '../support/e2e/audit.ts';
import { childPath, type Json, type KubeObject } from '../support/e2e/cluster.ts';
import { eventually, notYet, there } from '../support/e2e/eventually.ts';
import { type Entry, openPolicyWorld, type PolicyWorld, widgetKind } from '../support/e2e/policy-world.ts';

const configMap = (data: Json, more: Json = {}): Json => ({ apiVersion: 'v1', kind: 'ConfigMap', data, ...more });

const widgets = widgetKind('policies.example.com');

describe('e2e/policies', () => {
  let world: PolicyWorld;
  const row = 'acme';
  const map = (name: string) => childPath('ConfigMap', world.namespace, name);
  const deployment = (name: string) => childPath('Deployment', world.namespace, name);
  const widget = (name: string) => `/apis/policies.example.com/v1/namespaces/${world.namespace}/widgets/${name}`;
  const named = (name: string) => `{{ .uid }}-${name}`;
  const workload = (image: string, more: Json = {}): Json => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { containers: [{ name: 'web', image }], ...more },
      },
    },
  });

  beforeAll(async () => {
    world = await openPolicyWorld(inject('stack'), 'policies', [row]);
    if (
      (await world.cluster.find(`/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${widgets.metadata.name}`)) ===
      undefined
    )
      await world.cluster.create('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', widgets);
  });
  afterAll(() => world?.close());

  describe('ignoreFields', () => {
    const form = 'ignore';
    const node = `${row}-${form}`;
    const entry = (image: string, change: Partial<Entry> = {}): Entry => ({
      id: 'web',
      nameTemplate: named('ignore-web'),
      ignoreFields: ['$.spec.replicas'],
      spec: workload(image),
      ...change,
    });
    const path = () => deployment(`${row}-ignore-web`);
    const scaleTo = (replicas: number) =>
      world.cluster.call(
        'PATCH',
        `${path()}/scale?fieldManager=horizontal-pod-autoscaler`,
        { spec: { replicas } },
        'application/merge-patch+json',
      );

    test('carry their first value, are never written again and never fought over', async () => {
      await world.putForm(form, [entry('nginx:1.25')]);
      await world.settled(node);
      expect((await world.cluster.get(path())).spec.replicas).toBe(2);
      const place = world.audit.now();
      await scaleTo(3);
      await scaleTo(4);
      await world.until(path(), 'scaled', ({ spec }) => spec.replicas === 4);
      await world.atRest(path());
      expect(world.writesTo(path(), place)).toEqual([]);

      await world.putForm(form, [entry('nginx:1.26')]);
      const updated = await world.until(
        path(),
        'new image',
        ({ spec }) => spec.template.spec.containers[0].image === 'nginx:1.26',
      );
      expect(updated.spec.replicas).toBe(4);
      expect(world.writesTo(path(), place).map(describeRequest)).toEqual([`patch deployments/${row}-ignore-web`]);
      await world.settled(node);
      await world.atRest(path());
    });

    test('that nobody else holds are handed over before they are left out, and keep their value', async () => {
      await world.putForm('handover', [
        {
          id: 'map',
          nameTemplate: named('handover'),
          ignoreFields: ["data['kept']"],
          spec: configMap({ kept: 'first', own: '1' }),
        },
      ]);
      const at = map(`${row}-handover`);
      await world.settled(`${row}-handover`);
      await world.putForm('handover', [
        {
          id: 'map',
          nameTemplate: named('handover'),
          ignoreFields: ["data['kept']"],
          spec: configMap({ kept: 'second', own: '2' }),
        },
      ]);
      const after = await world.until(at, 'updated', ({ data }) => data?.['own'] === '2');
      expect(after.data).toEqual({ kept: 'first', own: '2' });
      const holder = world.managed(after).find(({ manager }) => manager === 'lynq-operator-ignored');
      expect(holder?.fieldsV1).toEqual({ 'f:data': { 'f:kept': {} } });
      await world.patch(at, 'kubectl-edit', { data: { kept: 'theirs' } });
      await world.settled(`${row}-handover`);
      await world.atRest(at);
      expect((await world.cluster.get(at)).data?.['kept']).toBe('theirs');

      await world.putForm('handover', [
        { id: 'map', nameTemplate: named('handover'), spec: configMap({ kept: 'ours again', own: '2' }) },
      ]);
      await world.until(at, 'taken back', ({ data }) => data?.['kept'] === 'ours again');
      await world.settled(`${row}-handover`);
      await world.putForm('handover', [{ id: 'map', nameTemplate: named('handover'), spec: configMap({ own: '2' }) }]);
      const dropped = await world.until(at, 'dropped', ({ data }) => data?.['kept'] === undefined);
      expect(dropped.data).toEqual({ own: '2' });
    });

    test('inside a list that is taken whole keep their live value', async () => {
      const rules = (host: string, service: string): Entry => ({
        id: 'ingress',
        nameTemplate: named('whole'),
        ignoreFields: ['$.spec.rules[0].host'],
        spec: {
          apiVersion: 'networking.k8s.io/v1',
          kind: 'Ingress',
          spec: {
            rules: [
              {
                host,
                http: {
                  paths: [
                    { path: '/', pathType: 'Prefix', backend: { service: { name: service, port: { number: 80 } } } },
                  ],
                },
              },
            ],
          },
        },
      });
      const at = childPath('Ingress', world.namespace, `${row}-whole`);
      await world.putForm('whole', [rules('first.example.com', 'a')]);
      await world.settled(`${row}-whole`);
      await world.patch(
        at,
        'dns',
        [{ op: 'replace', path: '/spec/rules/0/host', value: 'theirs.example.com' }],
        'json',
      );
      await world.settled(`${row}-whole`);
      await world.putForm('whole', [rules('second.example.com', 'b')]);
      const after = await world.until(
        at,
        'updated',
        ({ spec }) => spec.rules[0].http.paths[0].backend.service.name === 'b',
      );
      expect(after.spec.rules[0].host).toBe('theirs.example.com');
      await world.settled(`${row}-whole`);
      await world.atRest(at);
    });

    test('that cannot be understood make the form not valid, with entry and path', async () => {
      await world.putForm('bad-path', [
        { id: 'map', nameTemplate: named('bad'), ignoreFields: ['$.spec..x', '$.metadata.name'], spec: configMap({}) },
      ]);
      const message = await eventually('the form is not valid', async () => {
        const object = await world.cluster.get(
          `/apis/operator.lynq.sh/v1/namespaces/${world.namespace}/lynqforms/bad-path`,
        );
        const valid = ((object.status?.conditions ?? []) as Json[]).find(({ type }) => type === 'Valid');
        return valid?.status === 'False' ? there(valid.message as string) : notYet(object.status ?? {});
      });
      expect(message).toContain("resource 'map'");
      expect(message).toContain('$.spec..x');
      expect(message).toContain('$.metadata.name');
      await world.dropForm('bad-path');
    });
  });

  describe.each(['apply', 'merge', 'replace'] as const)('patchStrategy %s', (patchStrategy) => {
    const form = `strategy-${patchStrategy}`;
    const node = `${row}-${form}`;
    const entries = (value: string): readonly Entry[] => [
      {
        id: 'map',
        patchStrategy,
        nameTemplate: named(`${form}-map`),
        spec: configMap({ own: value, ...(value === '1' ? { dropped: 'x' } : {}) }),
      },
      {
        id: 'widget',
        patchStrategy,
        nameTemplate: named(`${form}-widget`),
        spec: { apiVersion: 'policies.example.com/v1', kind: 'Widget', spec: { own: value, list: [{ a: value }] } },
      },
      {
        id: 'service',
        patchStrategy,
        nameTemplate: named(`${form}-service`),
        spec: {
          apiVersion: 'v1',
          kind: 'Service',
          spec: {
            selector: { app: value },
            ports: [
              { name: 'http', port: 80 },
              { name: 'metrics', port: 9090 },
            ],
          },
        },
      },
      {
        id: 'claim',
        patchStrategy,
        waitForReady: false,
        nameTemplate: named(`${form}-claim`),
        spec: {
          apiVersion: 'v1',
          kind: 'PersistentVolumeClaim',
          metadata: { labels: { value } },
          spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
        },
      },
      { id: 'web', patchStrategy, nameTemplate: named(`${form}-web`), spec: workload(`web:${value}`) },
    ];
    const paths = () => [
      map(`${row}-${form}-map`),
      widget(`${row}-${form}-widget`),
      childPath('Service', world.namespace, `${row}-${form}-service`),
      childPath('PersistentVolumeClaim', world.namespace, `${row}-${form}-claim`),
      deployment(`${row}-${form}-web`),
    ];
    const valueOf = (object: KubeObject): Json =>
      (
        ({
          ConfigMap: () => object.data?.['own'],
          Widget: () => object.spec.own,
          Service: () => object.spec.selector.app,
          PersistentVolumeClaim: () => object.metadata.labels?.['value'],
          Deployment: () => object.spec.template.spec.containers[0].image.split(':')[1],
        }) as Json
      )[object.kind]();

    test('creates and updates every kind with one write each, and then rests', async () => {
      await world.putForm(form, entries('1'));
      await world.settled(node);
      const before = await Promise.all(paths().map((path) => world.cluster.get(path)));
      const place = world.audit.now();
      await world.putForm(form, entries('2'));
      for (const path of paths()) await world.until(path, 'updated', (object) => valueOf(object) === '2');
      await world.settled(node);
      for (const path of paths())
        expect([path, world.writesTo(path, place).map(describeRequest)]).toEqual([path, [expect.any(String)]]);
      const after = await Promise.all(paths().map((path) => world.cluster.get(path)));
      expect(after.map(({ metadata }) => metadata.uid)).toEqual(before.map(({ metadata }) => metadata.uid));
      expect(after[2]?.spec.clusterIP).toBe(before[2]?.spec.clusterIP);
      expect(after[0]?.data).toEqual(patchStrategy === 'merge' ? { own: '2', dropped: 'x' } : { own: '2' });
      await world.atRest(paths()[0]!);
    });

    test('notices an edited field and puts it right', async () => {
      await world.patch(paths()[0]!, 'kubectl-edit', { data: { own: 'edited', theirs: 'kept' } });
      await world.patch(paths()[1]!, 'kubectl-edit', { spec: { own: 'edited' } });
      await world.patch(paths()[2]!, 'kubectl-edit', { spec: { selector: { app: 'edited' } } });
      await world.patch(
        paths()[4]!,
        'kubectl-edit',
        [{ op: 'replace', path: '/spec/template/spec/containers/0/image', value: 'web:edited' }],
        'json',
      );
      for (const path of paths()) await world.until(path, 'repaired', (object) => valueOf(object) === '2');
      await world.settled(node);
      const { data } = await world.cluster.get(paths()[0]!);
      expect(data?.['theirs']).toBe(patchStrategy === 'replace' ? undefined : 'kept');
      await world.atRest(paths()[1]!);
    });
  });
});
