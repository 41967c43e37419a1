import { describe, expect, it } from 'vitest';
import { syncHub } from '../../../../activities/hub/sync.ts';
import { planWorld, renderRow } from '../../../../activities/plan/index.ts';
import type { JsonObject } from '../../../../domain/api/json.ts';
import { groupChanges } from '../../../../domain/change-plan/groups.ts';
import type { PlanRequest } from '../../../../domain/change-plan/types.ts';
import { startProcess } from '../../../support/node-deps.ts';
import { openPlanWorld, type PlanWorld, seedHubKey } from '../../../support/plan-world.ts';

const namespace = 'lynq-system';
const apiVersion = 'operator.lynq.sh/v1';
const now = new Date('2026-11-22T12:00:00Z');
const attempt = { signal: new AbortController().signal };

const entry = (id: string, more: JsonObject): JsonObject => ({ id, nameTemplate: `{{ .uid }}-${id}`, ...more });

const form: JsonObject = {
  apiVersion,
  kind: 'LynqForm',
  metadata: { name: 'web', namespace, uid: 'form-uid', resourceVersion: '7', generation: 1 },
  spec: {
    hubId: 'shop',
    manifests: [
      entry('config', {
        spec: { apiVersion: 'v1', kind: 'ConfigMap', data: { plan: '{{ .plan }}', t: 'is {{ .token }}' } },
      }),
      entry('secret', { spec: { apiVersion: 'v1', kind: 'Secret', stringData: { token: '{{ .token }}' } } }),
      entry('elsewhere', { targetNamespace: 'of-{{ .uid }}', spec: { apiVersion: 'v1', kind: 'ConfigMap' } }),
      entry('unknown', { spec: { apiVersion: 'x.example.com/v1', kind: 'Unknown' } }),
    ],
  },
};

function open(rows: readonly (readonly (string | null)[])[]): PlanWorld {
  const world = openPlanWorld(now);
  world.setRows(rows);
  return world;
}

const request: PlanRequest = { namespace, hub: 'shop', objects: [form], forms: new Set(['web']) };
const rowsOf = (count: number) => Array.from({ length: count }, (_, i) => [`row-${i}`, '1', 'basic', `hush-${i}`]);

describe('activities/plan/index', () => {
  it('plans a new form for a thousand rows without a write, in a handful of groups', async () => {
    const { cluster, ports } = open(rowsOf(1_000));
    const before = cluster.objects().length;
    const seen: string[] = [];

    const { forms, hub: outlook } = await planWorld(ports, request, attempt, (done, total) =>
      seen.push(`${done}/${total}`),
    );

    expect(outlook.births).toHaveLength(1_000);
    expect(seen.at(-1)).toBe('1000/1000');
    const [web] = forms;
    expect(web?.nodes).toHaveLength(1_000);
    expect(web).not.toHaveProperty('present');
    const groups = groupChanges(web?.nodes ?? []).map(({ id, change, nodes }) => [id, change.kind, nodes.length]);
    expect(groups).toEqual([
      ['config', 'create', 1_000],
      ['elsewhere', 'unchecked', 1_000],
      ['secret', 'create', 1_000],
      ['unknown', 'unchecked', 1_000],
    ]);
    expect(JSON.stringify(forms)).not.toContain('hush');
    expect(cluster.objects()).toHaveLength(before);
    const written = cluster.calls.filter(({ verb }) => verb !== 'get' && verb !== 'list');
    expect(written.length).toBeGreaterThan(0);
    expect(
      written.every(({ options }) => options !== undefined && 'dryRun' in options && options.dryRun === true),
    ).toBe(true);
  });

  it('plans of all forms only the nodes that change, without asking for the objects of the others', async () => {
    const rows = rowsOf(60);
    const world = open(rows);
    const { cluster, ports } = world;
    cluster.seed(form);
    cluster.seed({
      apiVersion,
      kind: 'LynqForm',
      metadata: { name: 'wrong', namespace },
      spec: { hubId: 'shop', manifests: [entry('a', { spec: { apiVersion: 'v1', kind: '{{ .nope }}' } })] },
    });
    const worker = await startProcess(cluster, ports.clock, ports.rows);
    await syncHub(worker.deps, { namespace, hub: 'shop' }, attempt);
    world.setRows([['row-0', '1', 'gold', 'hush-0'], ...rows.slice(1), ['row-new', '1', 'basic', 'hush']]);
    const before = cluster.calls.length;

    const { forms, hub: outlook } = await planWorld(
      ports,
      { ...request, objects: [], forms: 'usable' },
      attempt,
      () => undefined,
    );

    expect(outlook.brokenForms.map(({ name }) => name)).toEqual(['wrong']);
    expect(forms.map((each) => [each.form, each.unchanged])).toEqual([['web', 59]]);
    expect(forms[0]?.nodes.map(({ name, action }) => [name, action])).toEqual([
      ['row-0-web', 'update'],
      ['row-new-web', 'create'],
    ]);
    const calls = cluster.calls.slice(before);
    const named = calls.flatMap(({ ref }) => (ref.name === undefined ? [] : [ref.name]));
    expect(named.filter((name) => /^row-(?!0-|new-)/.test(name))).toEqual([]);
    expect(calls.filter(({ verb, ref }) => verb === 'list' && ref.kind === 'ConfigMap')).toEqual([]);
    expect(worker.deps.nodes.ofHub(namespace, 'shop')).toHaveLength(60);
    worker.die();
  });

  it('names what goes, and what is kept, of objects on record that the form does not name', async () => {
    const world = open([['row-0', '1', 'basic', 'hush-0']]);
    const { cluster, ports } = world;
    cluster.seed(form);
    const worker = await startProcess(cluster, ports.clock, ports.rows);
    await syncHub(worker.deps, { namespace, hub: 'shop' }, attempt);
    const labels = { 'lynq.sh/node': 'row-0-web', 'lynq.sh/node-namespace': namespace };
    const inventory = (['Delete', 'Retain'] as const).map((policy) => {
      const name = `row-0-${policy.toLowerCase()}`;
      const annotations = { 'lynq.sh/deletion-policy': policy };
      const metadata = { name, namespace, labels, annotations };
      const made = cluster.seed({ apiVersion: 'v1', kind: 'ConfigMap', metadata });
      const uid = (made['metadata'] as JsonObject)['uid'] as string;
      return { id: policy.toLowerCase(), apiVersion: 'v1', kind: 'ConfigMap', namespace, name, uid, policy };
    });
    const ref = { apiVersion, kind: 'LynqNode', namespace, name: 'row-0-web' };
    await cluster.patch(ref, 'merge', { status: { inventory } }, { manager: 'test', subresource: 'status' });
    world.setRows([['row-0', '1', 'gold', 'hush-0']]);

    const { forms } = await planWorld(ports, request, attempt, () => undefined);

    const changes = forms[0]?.nodes[0]?.objects.map(({ id, change }) => [id, change.kind]);
    expect(changes).toEqual(
      expect.arrayContaining([
        ['delete', 'delete'],
        ['retain', 'retain'],
      ]),
    );
    expect(cluster.objects('ConfigMap').map(({ metadata }) => (metadata as JsonObject)['name'])).toEqual(
      expect.arrayContaining(['row-0-delete', 'row-0-retain']),
    );
    worker.die();
  });

  describe('of an object that an entry was removed of', () => {
    const tracked = {
      labels: { 'lynq.sh/node': 'row-0-web', 'lynq.sh/node-namespace': namespace },
      annotations: { 'lynq.sh/deletion-policy': 'Delete' },
    };
    const rollout = { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout' };
    const space = { id: 'space', apiVersion: 'v1', kind: 'Namespace', name: 'of-row-0' };
    const config = { id: 'old', apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'row-0-old' };

    /** What is planned for the removed one, while the node has the other one. */
    async function planFor(
      removed: typeof space | typeof config,
      other: typeof config,
      marks: JsonObject,
      spec: JsonObject = {},
    ) {
      const world = open([['row-0', '1', 'basic', 'hush-0']]);
      const { cluster, ports } = world;
      cluster.addKind(rollout);
      const manifests = [
        entry('elsewhere', { targetNamespace: 'of-{{ .uid }}', spec: { apiVersion: 'v1', kind: 'ConfigMap' } }),
        entry('app', { spec: { ...rollout, spec } }),
      ];
      const smaller = { ...form, spec: { hubId: 'shop', manifests } };
      cluster.seed(form);
      const worker = await startProcess(cluster, ports.clock, ports.rows);
      await syncHub(worker.deps, { namespace, hub: 'shop' }, attempt);
      const inventory = [
        { ref: removed, metadata: tracked, more: {} },
        { ref: other, metadata: { ...tracked, annotations: marks }, more: { spec } },
      ].map(({ ref: { id, ...ref }, metadata, more }) => {
        const place = 'namespace' in ref ? { namespace: ref.namespace } : {};
        const { apiVersion: version, kind, name } = ref;
        const made = cluster.seed({ apiVersion: version, kind, metadata: { name, ...place, ...metadata }, ...more });
        return { id, ...ref, uid: (made['metadata'] as JsonObject)['uid'] as string, policy: 'Delete' };
      });
      const ref = { apiVersion, kind: 'LynqNode', namespace, name: 'row-0-web' };
      await cluster.patch(ref, 'merge', { status: { inventory } }, { manager: 'test', subresource: 'status' });
      const { forms } = await planWorld(ports, { ...request, objects: [smaller] }, attempt, () => undefined);
      worker.die();
      return forms[0]?.nodes[0]?.objects.find(({ id }) => id === removed.id)?.change;
    }

    it('plans that a Namespace stays in which another entry has its object, as a pass has it', async () => {
      const other = { ...config, id: 'elsewhere', namespace: space.name, name: 'row-0-elsewhere' };
      expect(await planFor(space, other, tracked.annotations)).toEqual({
        kind: 'stays',
        reason: 'NamespaceInUse by row-0-web',
      });
    });

    it('plans that a Namespace goes with what the same node had in it', async () => {
      const old = { ...space, name: 'further' };
      const other = { ...config, namespace: old.name };
      expect(await planFor(old, other, tracked.annotations)).toEqual({ kind: 'delete' });
    });

    it('plans that a Namespace stays in which an entry is to have its object', async () => {
      expect((await planFor(space, config, tracked.annotations))?.kind).toBe('stays');
    });

    it('plans that what a workload of another entry names is kept, where that says Retain itself', async () => {
      const containers = [{ name: 'app', envFrom: [{ configMapRef: { name: config.name } }] }];
      const other = { ...config, ...rollout, id: 'app', name: 'row-0-app' };
      const kept = { 'lynq.sh/deletion-policy': 'Retain' };
      expect(await planFor(config, other, kept, { template: { spec: { containers } } })).toEqual({ kind: 'retain' });
    });
  });

  it('marks what the server could not check, with the reason', async () => {
    const { ports } = open(rowsOf(1));

    const { forms } = await planWorld(ports, request, attempt, () => undefined);

    const changes = forms[0]?.nodes[0]?.objects.map(({ id, change }) => [id, change]);
    expect(changes).toContainEqual(['elsewhere', { kind: 'unchecked', why: 'its namespace does not exist' }]);
    expect(changes).toContainEqual(['unknown', { kind: 'unchecked', why: 'its kind does not exist' }]);
  });

  it('gives the same digests for the same world, and others when a value, even a secret one, changes', async () => {
    const digests = async (rows: readonly (readonly string[])[]): Promise<readonly (string | undefined)[]> => {
      const { cluster, ports } = open(rows);
      seedHubKey(cluster);
      const { forms } = await planWorld(ports, request, attempt, () => undefined);
      return forms.flatMap(({ nodes }) => nodes.map(({ digest }) => digest));
    };
    const first = await digests(rowsOf(2));

    expect(await digests(rowsOf(2))).toEqual(first);
    const changed = await digests([
      ['row-0', '1', 'basic', 'hush-0'],
      ['row-1', '1', 'basic', 'other'],
    ]);
    expect(changed[0]).toBe(first[0]);
    expect(changed[1]).not.toBe(first[1]);
  });

  it('names rows that are frozen, and refuses a form that cannot be used', async () => {
    const { ports } = open([['Bad_Id', '1', 'basic', 'x'], ...rowsOf(1)]);

    const { hub: outlook } = await planWorld(
      ports,
      { ...request, objects: [], forms: new Set() },
      attempt,
      () => undefined,
    );

    expect(outlook.frozen.map(({ uid, reason }) => [uid, reason])).toEqual([['Bad_Id', 'InvalidUid']]);
    const spec = {
      ...(form['spec'] as JsonObject),
      manifests: [entry('a', { spec: { apiVersion: 'v1', kind: '{{ .nope }}' } })],
    };
    const broken = planWorld(ports, { ...request, objects: [{ ...form, spec }] }, attempt, () => undefined);
    await expect(broken).rejects.toThrow('form web cannot be used');
  });

  it('renders the row of the table with its secrets masked wherever they stand', async () => {
    const { ports } = open(rowsOf(2));
    const row = { ...request, forms: new Set(['web']), uid: 'row-1', showSecrets: false };

    const [rendered] = await renderRow(ports, row, attempt);

    expect(rendered?.node).toBe('row-1-web');
    const text = JSON.stringify(rendered?.entries);
    expect(text).toContain('"plan":"basic"');
    expect(text).not.toContain('hush-1');
    expect(text).not.toContain(Buffer.from('hush-1').toString('base64'));
    const [shown] = await renderRow(ports, { ...row, showSecrets: true }, attempt);
    expect(JSON.stringify(shown)).toContain('is hush-1');
    await expect(renderRow(ports, { ...row, uid: 'nobody' }, attempt)).rejects.toThrow('no active row nobody');
  });
});
