import { describe, expect, it } from 'vitest';
import { advanceNode } from '../../../../activities/node/advance.ts';
import { removeNode } from '../../../../activities/node/remove.ts';
import { type JsonObject, listAt, textAt } from '../../../../domain/api/json.ts';
import { LynqFailure } from '../../../../domain/failures.ts';
import type { Cluster } from '../../../../domain/ports.ts';
import { createFakeCluster, type FakeCluster } from '../../../support/fake-cluster.ts';
import { type FakeProcess, startProcess } from '../../../support/node-deps.ts';

/** The life of a node with a process that dies at each of its writes in turn, before it or when it was done and not answered. */

const namespace = 'tenants';
const apiVersion = 'operator.lynq.sh/v1';
const name = 'acme-web';
const ref = { apiVersion, kind: 'LynqNode', namespace, name };

const configMap = (id: string, more: JsonObject = {}): JsonObject => ({
  id,
  nameTemplate: `{{ .uid }}-${id}`,
  spec: { apiVersion: 'v1', kind: 'ConfigMap', data: { of: '{{ .uid }}' } },
  ...more,
});

const first: JsonObject = {
  hubId: 'customers',
  secrets: [
    {
      id: 'once',
      nameTemplate: '{{ .uid }}-once',
      creationPolicy: 'Once',
      spec: { apiVersion: 'v1', kind: 'Secret', stringData: { password: '{{ randAlphaNum 32 }}' } },
    },
  ],
  configMaps: [
    configMap('kept', { deletionPolicy: 'Retain', dependIds: ['once'] }),
    configMap('changed', { dependIds: ['kept'] }),
    configMap('leftover', { dependIds: ['once'] }),
  ],
};
const second: JsonObject = {
  ...first,
  configMaps: [
    configMap('kept', { deletionPolicy: 'Retain', dependIds: ['once'] }),
    configMap('changed', {
      dependIds: ['kept'],
      spec: { apiVersion: 'v1', kind: 'ConfigMap', data: { of: '{{ .uid }}', more: 'x' } },
    }),
  ],
};

const writes = ['apply', 'create', 'replace', 'patch', 'delete'] as const;

type Side = 'before' | 'after';

/** A way to the cluster that ends at one write: nothing passes after it. `count` is how many writes were asked for. */
function mortal(cluster: FakeCluster, death: { readonly at: number; readonly side: Side } | undefined) {
  const state = { count: 0, dead: false };
  const gone = (): never => {
    throw new LynqFailure('ClusterUnreachable', 'this process is dead');
  };
  const passing = async <T>(isWrite: boolean, work: () => Promise<T>): Promise<T> => {
    if (state.dead) return gone();
    if (isWrite) state.count += 1;
    const dies = isWrite && state.count === death?.at;
    if (dies) state.dead = true;
    if (dies && death.side === 'before') return gone();
    const answer = await work();
    return state.dead ? gone() : answer;
  };
  const port = (['kindInfo', 'servedAs', 'listableKinds', 'get', 'list', ...writes] as const).map((verb) => {
    const isWrite = writes.some((one) => one === verb);
    const call = cluster[verb] as (...args: readonly unknown[]) => Promise<unknown>;
    return [verb, (...args: readonly unknown[]) => passing(isWrite, () => call.apply(cluster, [...args]))] as const;
  });
  return { state, view: { ...cluster, ...(Object.fromEntries(port) as unknown as Cluster) } };
}

const attempt = { signal: new AbortController().signal };

/** A node from birth to removal; `step` is told what is there when it has come to rest. */
async function live(death: { readonly at: number; readonly side: Side } | undefined) {
  const cluster = createFakeCluster();
  for (const kind of ['LynqHub', 'LynqForm', 'LynqNode']) cluster.addKind({ apiVersion, kind });
  cluster.seed({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  let way = mortal(cluster, undefined);
  let running: FakeProcess = await startProcess(way.view);
  const form = { namespace, name: 'web', uid: 'form-uid' };
  const revisions = [await running.deps.forms.ensure(form, first), await running.deps.forms.ensure(form, second)];
  await running.deps.hubKeys.of(namespace, 'customers');
  cluster.seed({
    apiVersion,
    kind: 'LynqNode',
    metadata: {
      name,
      namespace,
      labels: { 'lynq.sh/hub': 'customers', 'lynq.sh/uid': 'acme' },
      annotations: { 'lynq.sh/extra': '{}', 'lynq.sh/activate': '1', 'lynq.sh/hostOrUrl': '' },
      finalizers: ['lynqnode.operator.lynq.sh/finalizer'],
      ownerReferences: [{ apiVersion, kind: 'LynqHub', name: 'customers', uid: 'hub-uid', controller: true }],
    },
    spec: { uid: 'acme', templateRef: 'web', formRevision: revisions[0]?.name ?? '' },
  });
  running.die();
  way = mortal(cluster, death);
  running = await startProcess(way.view);
  const mortalWay = way;

  /** Does a step of the run until it is done, with a new process when one died. */
  async function until(done: (process: FakeProcess) => Promise<boolean>): Promise<void> {
    for (let tries = 0; tries < 40; tries += 1) {
      try {
        if (await done(running)) return;
      } catch (error) {
        if (!way.state.dead) throw error;
        running.die();
        way = mortal(cluster, undefined);
        running = await startProcess(way.view);
      }
    }
    throw new Error('the node does not come to rest');
  }
  const settle = () =>
    until(
      async ({ deps }) =>
        (await advanceNode(deps, { namespace, node: name, force: false }, attempt)).kind === 'settled',
    );

  await settle();
  const born = snapshot(cluster);
  await cluster.patch(ref, 'merge', { spec: { formRevision: revisions[1]?.name ?? '' } }, { manager: 'sync' });
  await settle();
  const edited = snapshot(cluster);
  const place = cluster.calls.length;
  await settle();
  const atRest = cluster.calls.slice(place).filter(({ verb }) => writes.some((one) => one === verb));
  await cluster.delete(ref, textAt(cluster.objects('LynqNode')[0], 'metadata', 'uid') ?? '');
  await until(async ({ deps }) => (await removeNode(deps, { namespace, node: name }, attempt)).kind === 'removed');
  return { born, edited, atRest, left: snapshot(cluster), died: mortalWay.state.dead, count: mortalWay.state.count };
}

/** Children by name: uid, content, whether marked as kept; and what the record says of them. */
function snapshot(cluster: FakeCluster) {
  const children = [...cluster.objects('ConfigMap'), ...cluster.objects('Secret')].filter((object) =>
    (textAt(object, 'metadata', 'name') ?? '').startsWith('acme-'),
  );
  const record = listAt(cluster.objects('LynqNode')[0], 'status', 'inventory');
  return {
    uids: new Map(children.map((object) => [textAt(object, 'metadata', 'name'), textAt(object, 'metadata', 'uid')])),
    data: new Map(children.map((object) => [textAt(object, 'metadata', 'name'), object['data']])),
    kept: children
      .filter((object) => textAt(object, 'metadata', 'labels', 'lynq.sh/orphaned') === 'true')
      .map((object) => String(textAt(object, 'metadata', 'name')))
      .toSorted(),
    record: new Map(record.map((entry) => [textAt(entry, 'name'), textAt(entry, 'uid')])),
  };
}

const names = ({ uids }: ReturnType<typeof snapshot>) => [...uids.keys()].map(String).toSorted();

describe('activities/node/advance', () => {
  it('has a life without a crash to compare with, and ends as the policies say', async () => {
    const { born, edited, atRest, left } = await live(undefined);
    expect(names(born)).toEqual(['acme-changed', 'acme-kept', 'acme-leftover', 'acme-once']);
    expect(names(edited)).toEqual(['acme-changed', 'acme-kept', 'acme-once']);
    expect(atRest).toEqual([]);
    expect([names(left), left.kept]).toEqual([
      ['acme-kept', 'acme-once'],
      ['acme-kept', 'acme-once'],
    ]);
  });

  it.each(['before', 'after'] as const)(
    'comes to the same end when a process dies right %s any of its writes, and makes nothing twice',
    async (side) => {
      const golden = await live(undefined);
      expect(golden.count).toBeGreaterThan(12);
      for (let at = 1; at <= golden.count; at += 1) {
        const run = await live({ at, side });
        const seen = { at, ...run, count: 0 };
        expect(run.died, `write ${at} was reached`).toBe(true);
        expect(names(run.born), `after birth, write ${at}`).toEqual(names(golden.born));
        expect(run.born.record, `on record after birth, write ${at}`).toEqual(run.born.uids);
        expect(run.edited.record, `on record after the edit, write ${at}`).toEqual(run.edited.uids);
        for (const [child, uid] of run.edited.uids)
          expect(run.born.uids.get(child), `${child} of write ${at}`).toBe(uid);
        for (const [child, uid] of run.left.uids)
          expect(run.edited.uids.get(child), `${child} of write ${at}`).toBe(uid);
        expect(run.edited.data, `contents, write ${at}`).toEqual(golden.edited.data);
        expect(
          seen.atRest.map(({ verb }) => verb),
          `at rest, write ${at}`,
        ).toEqual([]);
        expect([names(run.left), run.left.kept, run.left.data], `left, write ${at}`).toEqual([
          names(golden.left),
          golden.left.kept,
          golden.left.data,
        ]);
      }
    },
    120_000,
  );
});
