import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type JsonObject, listAt, textAt } from '../../../../domain/api/json.ts';
import { needMark } from '../../../../domain/retain.ts';
import { type NodeBench, openNodeBench } from '../../../support/node-bench.ts';

const strategies = ['apply', 'merge', 'replace'] as const;
type Strategy = (typeof strategies)[number];
const pairs = strategies.flatMap((from) => strategies.flatMap((to) => (from === to ? [] : [{ from, to }])));
const ref = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'tenants', name: 'acme-cfg' };

const entry = (data: JsonObject, policies: JsonObject = {}): JsonObject => ({
  id: 'cfg',
  nameTemplate: '{{ .uid }}-cfg',
  spec: { apiVersion: 'v1', kind: 'ConfigMap', data },
  ...policies,
});

/** Every policy of an entry may be changed while its object lives. What the API server in memory cannot show is in test/e2e. */
describe('activities/node/write-child', () => {
  let bench: NodeBench;
  beforeEach(async () => {
    bench = await openNodeBench();
  });
  afterEach(() => bench.close());

  const live = async (): Promise<JsonObject> => (await bench.cluster.get(ref)) ?? {};
  const uid = async () => textAt(await live(), 'metadata', 'uid');
  const owners = async () => listAt(await live(), 'metadata', 'ownerReferences').length;
  const put = async (item: JsonObject): Promise<void> => {
    await bench.follow([item]);
    await bench.settle();
  };
  const edit = (data: JsonObject) => bench.cluster.patch(ref, 'merge', { data }, { manager: 'someone' });
  const writes = () =>
    bench.cluster.calls.filter(({ verb, ref: of }) => of.name === ref.name && !['get', 'list'].includes(verb)).length;

  it.each(pairs)(
    'patchStrategy from $from to $to does with other fields what the new one says, and rests',
    async ({ from, to }) => {
      const expected: Readonly<Record<Strategy, JsonObject>> = {
        apply: { own: '2', theirs: 'x' },
        merge: { own: '2', dropped: '1', theirs: 'x' },
        replace: { own: '2' },
      };
      await put(entry({ own: '1', dropped: '1' }, { patchStrategy: from }));
      const before = await uid();
      await edit({ theirs: 'x' });
      await put(entry({ own: '2' }, { patchStrategy: to }));
      expect((await live())['data']).toEqual(expected[to]);
      expect(await uid()).toBe(before);
      const rest = writes();
      await bench.settle();
      expect(writes()).toBe(rest);
    },
  );

  it.each(strategies)(
    'creationPolicy under %s: Once leaves the object, WhenNeeded follows the form again',
    async (patchStrategy) => {
      await put(entry({ v: '1' }, { patchStrategy }));
      const before = await uid();
      await put(entry({ v: '2' }, { patchStrategy, creationPolicy: 'Once' }));
      await edit({ v: 'edited' });
      await bench.settle(true);
      expect(await live()).toMatchObject({ data: { v: 'edited' }, metadata: { uid: before } });
      await put(entry({ v: '3' }, { patchStrategy }));
      expect(await live()).toMatchObject({ data: { v: '3' }, metadata: { uid: before } });
      expect(await live()).not.toHaveProperty(['metadata', 'annotations', 'lynq.sh/created-once']);
    },
  );

  it.each(strategies)('from made under Once to WhenNeeded under %s: the stamp goes', async (patchStrategy) => {
    await put(entry({ v: '1' }, { patchStrategy, creationPolicy: 'Once' }));
    expect(await live()).toHaveProperty(['metadata', 'annotations', 'lynq.sh/created-once'], 'true');
    await put(entry({ v: '2' }, { patchStrategy }));
    expect(await live()).toMatchObject({ data: { v: '2' } });
    expect(await live()).not.toHaveProperty(['metadata', 'annotations', 'lynq.sh/created-once']);
  });

  it.each(strategies)(
    'deletionPolicy under %s: Delete gives it an owner, and it goes with the node',
    async (patchStrategy) => {
      await put(entry({ v: '1' }, { patchStrategy, deletionPolicy: 'Retain' }));
      await put(entry({ v: '1' }, { patchStrategy }));
      expect(await owners()).toBe(1);
      await bench.remove();
      expect(await bench.cluster.get(ref)).toBeUndefined();
    },
  );

  it('deletionPolicy of what is made once: Retain in the form keeps it', async () => {
    await put(entry({ v: '1' }, { creationPolicy: 'Once' }));
    const before = await uid();
    await put(entry({ v: '1' }, { creationPolicy: 'Once', deletionPolicy: 'Retain' }));
    await bench.remove();
    expect(await live()).toMatchObject({ metadata: { uid: before, labels: { 'lynq.sh/orphaned': 'true' } } });
    expect(await owners()).toBe(0);
  });

  describe('what is made once and comes to be retained', () => {
    const once = { creationPolicy: 'Once' };
    beforeEach(async () => {
      await put(entry({ v: '1' }, once));
      await edit({ v: 'edited' });
      expect(await owners()).toBe(1);
    });

    it('has no owner any more when its form says so, and is not written otherwise, also when that is taken back', async () => {
      const before = await uid();
      await put(entry({ v: '2' }, { ...once, deletionPolicy: 'Retain' }));
      expect(await owners()).toBe(0);
      const found = await live();
      expect(found).toMatchObject({ data: { v: 'edited' }, metadata: { uid: before } });
      const rest = writes();
      await bench.settle(true);
      expect(writes()).toBe(rest);
      await put(entry({ v: '3' }, once));
      expect((await live())['data']).toEqual({ v: 'edited' });
      await bench.remove();
      expect(await bench.cluster.get(ref)).toBeUndefined();
    });

    it('has no owner any more when another node of the row needs it', async () => {
      const needs = [needMark(new Uint8Array(32).fill(1), '/ConfigMap/tenants/acme-cfg')];
      const database = {
        id: 'db',
        apiVersion: 'apps/v1',
        kind: 'StatefulSet',
        namespace: ref.namespace,
        name: 'acme-db',
      };
      bench.cluster.seed({
        apiVersion: 'operator.lynq.sh/v1',
        kind: 'LynqNode',
        metadata: {
          name: 'acme-data',
          namespace: ref.namespace,
          labels: { 'lynq.sh/hub': 'customers', 'lynq.sh/uid': 'acme' },
          annotations: { 'lynq.sh/hubId': 'customers' },
        },
        spec: { uid: 'acme', templateRef: 'data' },
        status: { inventory: [{ ...database, policy: 'Retain', needs }] },
      });
      await bench.settle();
      expect(await owners()).toBe(0);
      expect((await live())['data']).toEqual({ v: 'edited' });
    });
  });

  describe('a refused write', () => {
    const app = { ...ref, apiVersion: 'apps/v1', kind: 'Deployment', name: 'acme-app' };
    const pod = (image: string, grace: number): JsonObject => ({
      id: 'app',
      nameTemplate: '{{ .uid }}-app',
      waitForReady: false,
      spec: {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        spec: {
          template: {
            spec: {
              terminationGracePeriodSeconds: grace,
              containers: [{ name: 'web', image, env: [{ name: 'A', value: '1' }] }],
            },
          },
        },
      },
    });
    const content = async () => JSON.stringify((await bench.cluster.get(app))?.['spec']);
    /** Someone adds a variable and a container, as `kubectl set env` and `kubectl edit` do. */
    const add = () =>
      bench.cluster.patch(
        app,
        'strategic',
        {
          spec: {
            template: { spec: { containers: [{ name: 'web', env: [{ name: 'DEBUG' }] }, { name: 'sidecar' }] } },
          },
        },
        { manager: 'kubectl-set' },
      );
    const isDry = (options: object | undefined) =>
      options !== undefined && 'dryRun' in options && options.dryRun === true;
    /** Every apply is refused, and so is a patch that is only tried. */
    const refuse = (field: string) =>
      bench.cluster.intercept(({ verb, ref: of, options }) => {
        const isValidated = of.name === app.name && (verb === 'apply' || isDry(options));
        if (!isValidated) return undefined;
        return { answer: { kind: 'refused', reason: 'Invalid', message: field, fields: [field] } };
      });
    const patches = () =>
      bench.cluster.calls.filter(
        ({ verb, ref: of, options }) => of.name === app.name && verb === 'patch' && !isDry(options),
      ).length;

    it.each(['spec.template.spec.terminationGracePeriodSeconds', 'spec.template.spec.containers[0].image'])(
      'leaves what others added to the object when %s is invalid',
      async (field) => {
        await put(pod('v1', 30));
        await add();
        await bench.settle();
        const before = await content();
        expect(before).toContain('DEBUG');
        expect(before).toContain('sidecar');
        const done = patches();
        refuse(field);
        await put(pod('v2', -1));
        expect(await content()).toBe(before);
        expect(patches()).toBe(done);
      },
    );

    it('takes a stranger out of the list that is invalid with it, and nobody else', async () => {
      await put(pod('v1', 30));
      await add();
      await bench.settle();
      const isThere = () => JSON.stringify(bench.cluster.objects('Deployment')).includes('DEBUG');
      bench.cluster.intercept(({ verb, ref: of }) => {
        if (of.name !== app.name || verb !== 'apply' || !isThere()) return undefined;
        const field = 'spec.template.spec.containers[0].env[1].name';
        return { answer: { kind: 'refused', reason: 'Invalid', message: field, fields: [field] } };
      });
      await put(pod('v2', 30));
      expect(await content()).not.toContain('DEBUG');
      expect(await content()).toContain('sidecar');
      expect(await content()).toContain('v2');
    });
  });
});
