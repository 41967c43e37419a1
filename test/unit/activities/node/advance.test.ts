import { describe, expect, it } from 'vitest';
import type { AdvanceOutcome } from '../../../../activities/contract.ts';
import { advanceNode } from '../../../../activities/node/advance.ts';
import { type JsonObject, listAt, textAt } from '../../../../domain/api/json.ts';
import { LynqFailure } from '../../../../domain/failures.ts';
import { createFakeCluster, type FakeCall, type FakeCluster } from '../../../support/fake-cluster.ts';
import { type FakeProcess, startProcess } from '../../../support/node-deps.ts';

const namespace = 'tenants';
const apiVersion = 'operator.lynq.sh/v1';
const levels = 6;
const owner = { apiVersion, kind: 'LynqHub', name: 'customers', uid: 'hub-uid', controller: true };

const chain: JsonObject = {
  hubId: 'customers',
  configMaps: Array.from({ length: levels }, (_, at) => ({
    id: `step-${at}`,
    nameTemplate: `{{ .uid }}-${at}`,
    ...(at === 0 ? {} : { dependIds: [`step-${at - 1}`] }),
    spec: { apiVersion: 'v1', kind: 'ConfigMap', data: { of: '{{ .uid }}' } },
  })),
};

async function open(process?: FakeProcess, cluster = createFakeCluster()) {
  for (const kind of ['LynqHub', 'LynqForm', 'LynqNode']) cluster.addKind({ apiVersion, kind });
  const running = process ?? (await startProcess(cluster));
  const form = { namespace, name: 'web', uid: 'form-uid' };
  cluster.seed({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  const revision = await running.deps.forms.ensure(form, chain);
  cluster.seed({
    apiVersion,
    kind: 'LynqNode',
    metadata: {
      name: 'acme-web',
      namespace,
      labels: { 'lynq.sh/hub': 'customers', 'lynq.sh/uid': 'acme' },
      annotations: { 'lynq.sh/extra': '{}', 'lynq.sh/activate': '1', 'lynq.sh/hostOrUrl': '' },
      finalizers: ['lynqnode.operator.lynq.sh/finalizer'],
      ownerReferences: [owner],
    },
    spec: { uid: 'acme', templateRef: 'web', formRevision: revision.name },
  });
  return { cluster, running };
}

const wave = ({ deps }: FakeProcess, force = false): Promise<AdvanceOutcome> =>
  advanceNode(deps, { namespace, node: 'acme-web', force }, { signal: new AbortController().signal });

/** Waves until nothing more can be done, as the run of the node asks for them. */
async function waves(process: FakeProcess, most = 50): Promise<readonly AdvanceOutcome[]> {
  const outcomes: AdvanceOutcome[] = [];
  while (outcomes.length < most) {
    outcomes.push(await wave(process));
    if (outcomes.at(-1)?.kind !== 'advanced') return outcomes;
  }
  return outcomes;
}

const isStatusWrite = ({ verb, ref, options }: FakeCall): boolean =>
  verb === 'patch' && ref.kind === 'LynqNode' && (options as { subresource?: string }).subresource === 'status';
const isRead = ({ verb, ref }: FakeCall): boolean => verb === 'get' && ref.kind === 'ConfigMap';
const isApply = ({ verb, ref }: FakeCall): boolean => verb === 'apply' && ref.kind === 'ConfigMap';

const statusOf = (cluster: FakeCluster): JsonObject => cluster.objects('LynqNode')[0]?.['status'] as JsonObject;
const uidsOnRecord = (status: JsonObject) => listAt(status, 'inventory').map((entry) => textAt(entry, 'uid'));

describe('activities/node/advance', () => {
  it('says what several waves did in one write, after one for the record and before none of its objects', async () => {
    const cluster = createFakeCluster();
    const running = await startProcess(cluster, { now: () => new Date(1_790_000_000_000) });
    await open(running, cluster);
    const outcomes = await waves(running);

    expect(outcomes.map(({ kind }) => kind)).toEqual([
      ...Array.from({ length: levels - 1 }, () => 'advanced'),
      'settled',
    ]);
    const writes = cluster.calls.filter((call) => isStatusWrite(call) || isApply(call));
    expect(writes.map((call) => (isApply(call) ? 'apply' : 'status'))).toEqual([
      'status',
      ...Array.from({ length: levels }, () => 'apply'),
      'status',
    ]);
    const live = cluster.objects('ConfigMap').map((object) => textAt(object, 'metadata', 'uid'));
    expect(new Set(uidsOnRecord(statusOf(cluster)))).toEqual(new Set(live));
    expect(running.told.map(({ reason }) => reason)).toEqual(['TemplateResourcesApplying', 'TemplateAppliedSuccess']);
    expect(running.told.at(-1)?.message).toContain(`(${levels} changed, ${levels} ready)`);
  });

  const resyncs: Readonly<Record<string, (cluster: FakeCluster) => Promise<boolean>>> = {
    'the annotation lynq.sh/force-reconcile': async (cluster) => {
      const metadata = { annotations: { 'lynq.sh/force-reconcile': 'now' } };
      const node = { apiVersion, kind: 'LynqNode', namespace, name: 'acme-web' };
      await cluster.patch(node, 'merge', { metadata }, { manager: 'kubectl' });
      return false;
    },
    'the signal': async () => true,
  };
  it.each(Object.entries(resyncs))(
    'a resync by %s writes every object once more, in order of dependencies',
    async (_, ask) => {
      const { cluster, running } = await open();
      await waves(running);
      const asked = await ask(cluster);
      const process = await startProcess(cluster);
      const place = cluster.calls.length;
      const outcome = await wave(process, asked);

      expect(outcome.kind).toBe('settled');
      const written = cluster.calls.slice(place).filter(isApply);
      expect(written.map(({ ref }) => ref.name)).toEqual(Array.from({ length: levels }, (__, at) => `acme-${at}`));
      const rested = cluster.calls.length;
      expect((await wave(process)).kind).toBe('settled');
      expect(cluster.calls.slice(rested).filter(({ verb }) => !['get', 'list'].includes(verb))).toEqual([]);
    },
  );

  it('a resync by annotation that a process did not live to finish is done by the next one', async () => {
    const { cluster, running } = await open();
    await waves(running);
    const more = { id: 'more', nameTemplate: '{{ .uid }}-more', spec: { apiVersion: 'v1', kind: 'ConfigMap' } };
    const edited = { ...chain, configMaps: [...listAt(chain, 'configMaps'), more] };
    const revision = await running.deps.forms.ensure({ namespace, name: 'web', uid: 'form-uid' }, edited);
    const change = {
      metadata: { annotations: { 'lynq.sh/force-reconcile': 'now' } },
      spec: { formRevision: revision.name },
    };
    const node = { apiVersion, kind: 'LynqNode', namespace, name: 'acme-web' };
    await cluster.patch(node, 'merge', change, { manager: 'kubectl' });
    const dying = await startProcess(cluster);
    let cut = true;
    cluster.intercept((call) => {
      if (!cut || !isApply(call) || call.ref.name !== 'acme-2') return undefined;
      return { failure: new LynqFailure('ClusterUnreachable', 'the request was cut') };
    });
    await expect(wave(dying)).rejects.toThrow('the request was cut');
    dying.die();
    cut = false;
    const place = cluster.calls.length;
    expect((await wave(await startProcess(cluster))).kind).toBe('settled');
    expect(cluster.calls.slice(place).filter(isApply)).toHaveLength(levels + 1);
  });

  it('goes through all waves in one activity while many nodes are under way', async () => {
    const { cluster, running } = await open();
    const leave = Array.from({ length: 20 }, (_, at) => running.deps.runs.enter(namespace, `other-${at}`));
    expect((await waves(running)).map(({ kind }) => kind)).toEqual(['settled']);
    expect(cluster.calls.filter(isApply)).toHaveLength(levels);
    expect(uidsOnRecord(statusOf(cluster))).not.toContain(undefined);
    for (const left of leave) left(new Map());
  });

  it('reads nothing that it puts on record itself before it makes it', async () => {
    const { cluster, running } = await open();
    for (let at = 0; at < 20; at += 1) running.deps.runs.enter(namespace, `other-${at}`);
    await waves(running);
    expect(cluster.calls.filter(isRead)).toEqual([]);
  });

  it('reads what a process that died may have made after it put it on record', async () => {
    const { cluster, running } = await open();
    const stop = new AbortController();
    for (let at = 0; at < 20; at += 1) running.deps.runs.enter(namespace, `other-${at}`);
    cluster.intercept((call) => {
      if (stop.signal.aborted || !isApply(call) || call.ref.name !== 'acme-2') return undefined;
      stop.abort();
      return { failure: new LynqFailure('ClusterUnreachable', 'the request was cut') };
    });
    await expect(
      advanceNode(running.deps, { namespace, node: 'acme-web', force: false }, { signal: stop.signal }),
    ).rejects.toThrow('the request was cut');
    running.die();
    const place = cluster.calls.length;
    const next = await startProcess(cluster);
    for (let at = 0; at < 20; at += 1) next.deps.runs.enter(namespace, `other-${at}`);
    await waves(next);
    const read = cluster.calls.slice(place).flatMap((call) => (isRead(call) ? [call.ref.name] : []));
    expect(read).toEqual(['acme-0', 'acme-1', 'acme-2', 'acme-3', 'acme-4', 'acme-5']);
  });

  it('leaves a wave to the next activity when it has lasted for a minute, however many nodes are under way', async () => {
    const cluster = createFakeCluster();
    let seconds = 0;
    const slow = await startProcess(cluster, { now: () => new Date(1_790_000_000_000 + seconds * 1_000) });
    await open(slow, cluster);
    for (let at = 0; at < 20; at += 1) slow.deps.runs.enter(namespace, `other-${at}`);
    cluster.intercept((call) => {
      if (isApply(call)) seconds += 25;
      return undefined;
    });
    expect((await waves(slow)).map(({ kind }) => kind)).toEqual(['advanced', 'settled']);
  });

  it('keeps nothing back for longer than two seconds', async () => {
    const cluster = createFakeCluster();
    let seconds = 0;
    const slow = await startProcess(cluster, { now: () => new Date(1_790_000_000_000 + seconds * 1_000) });
    await open(slow, cluster);
    for (let count = 0; count < levels; count += 1) {
      await wave(slow);
      seconds += 3;
    }
    const said = cluster.calls.filter(isStatusWrite).length;
    expect(said).toBeGreaterThanOrEqual(levels / 2);
    expect(uidsOnRecord(statusOf(cluster))).not.toContain(undefined);
  });

  it.each([1, 2, 3, 4, 5])(
    'goes on after a process that died with %s waves not said, and makes nothing twice',
    async (done) => {
      const { cluster, running } = await open();
      for (let count = 0; count < done; count += 1) await wave(running);
      const before = new Map(
        cluster
          .objects('ConfigMap')
          .map((object) => [textAt(object, 'metadata', 'name'), textAt(object, 'metadata', 'uid')]),
      );
      expect(before.size).toBe(done);
      running.die();
      const next = await startProcess(cluster);
      expect((await waves(next)).at(-1)?.kind).toBe('settled');

      const after = new Map(
        cluster
          .objects('ConfigMap')
          .map((object) => [textAt(object, 'metadata', 'name'), textAt(object, 'metadata', 'uid')]),
      );
      expect(after.size).toBe(levels);
      for (const [name, uid] of before) expect(after.get(name)).toBe(uid);
      expect(new Set(uidsOnRecord(statusOf(cluster)))).toEqual(new Set(after.values()));
      const place = cluster.calls.length;
      expect((await wave(next)).kind).toBe('settled');
      expect(cluster.calls.slice(place).filter(({ verb }) => !['get', 'list'].includes(verb))).toEqual([]);
    },
  );

  it.each([
    ['what it has made is said before it ends', true, 1],
    ['nothing is said by an attempt that another one may have taken the place of', false, 0],
  ])('when its worker stops %s', async (_, stops, said) => {
    const { cluster, running } = await open();
    const stop = new AbortController();
    cluster.intercept((call) => {
      if (!isApply(call) || call.ref.name !== 'acme-1') return undefined;
      stop.abort();
      return { failure: new LynqFailure('ClusterStale', 'the request was given up') };
    });
    const request = { namespace, node: 'acme-web', force: false };
    const ended = { signal: stop.signal, isStopping: () => stops && stop.signal.aborted };
    await advanceNode(running.deps, request, ended);
    await expect(advanceNode(running.deps, request, ended)).rejects.toThrow();

    expect(uidsOnRecord(statusOf(cluster)).filter((uid) => uid !== undefined)).toHaveLength(said);
  });

  it('gets on when processes take turns that know nothing of each other', async () => {
    const { cluster, running } = await open();
    const other = await startProcess(cluster);
    const outcomes: AdvanceOutcome[] = [];
    while (outcomes.length < 3 * levels && outcomes.at(-1)?.kind !== 'settled')
      outcomes.push(await wave(outcomes.length % 2 === 0 ? running : other));

    expect(outcomes.at(-1)?.kind).toBe('settled');
    const made = cluster.calls.filter(isApply).map(({ ref }) => ref.name);
    expect(made).toHaveLength(new Set(made).size);
    expect(uidsOnRecord(statusOf(cluster))).not.toContain(undefined);
  });

  it('leaves what an earlier version wrote, whose hashes had no key, without a write', async () => {
    const { cluster, running } = await open();
    await waves(running);
    const { inventory, ...status } = statusOf(cluster) as { inventory: readonly JsonObject[] };
    const former = formerOf(cluster, running);
    const older = inventory.map((entry) => ({ ...entry, ...former.get(textAt(entry, 'id') ?? '') }));
    await cluster.patch(
      { apiVersion, kind: 'LynqNode', namespace, name: 'acme-web' },
      'merge',
      { status: { ...status, inventory: older } },
      { manager: 'lynq-operator', subresource: 'status' },
    );
    running.die();
    const next = await startProcess(cluster);
    const place = cluster.calls.length;
    expect((await wave(next)).kind).toBe('settled');
    expect(cluster.calls.slice(place).filter(({ verb }) => !['get', 'list'].includes(verb))).toEqual([]);
  });
});

/** Baselines as earlier versions recorded them, by id. */
function formerOf(cluster: FakeCluster, { deps }: FakeProcess): ReadonlyMap<string, JsonObject> {
  return new Map(
    cluster.objects('ConfigMap').map((object) => {
      const name = textAt(object, 'metadata', 'name') ?? '';
      const plain = deps.children.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name })?.ownedHash ?? '';
      return [`step-${name.slice(-1)}`, { baseline: plain.slice(0, 16) }];
    }),
  );
}
