import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type JsonObject, textAt } from '../../../../domain/api/json.ts';
import { benchNode, type NodeBench, openNodeBench } from '../../../support/node-bench.ts';

const entry = (policies: JsonObject = {}, value = 'ours'): JsonObject => ({
  id: 'cfg',
  nameTemplate: '{{ .uid }}-cfg',
  spec: { apiVersion: 'v1', kind: 'ConfigMap', data: { own: value } },
  ...policies,
});
const force = { conflictPolicy: 'Force' } as const;

describe('activities/node/adopt', () => {
  let bench: NodeBench;
  beforeEach(async () => {
    bench = await openNodeBench();
  });
  afterEach(() => bench.close());

  const plant = (metadata: JsonObject = {}, data: JsonObject = { own: 'theirs', more: 'theirs' }) =>
    bench.cluster.seed({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'acme-cfg', namespace: 'tenants', ...metadata },
      data,
    });
  const live = async (): Promise<JsonObject> => (await bench.find('acme-cfg')) ?? {};
  const metadata = async () => (await live())['metadata'] as JsonObject;
  const record = async () => {
    const status = (await bench.node())['status'] as { inventory?: readonly JsonObject[] } | undefined;
    return status?.inventory?.[0];
  };
  const stateOf = async () => {
    const status = (await bench.node())['status'] as { resources?: readonly JsonObject[] } | undefined;
    return status?.resources?.[0]?.['state'];
  };
  const writes = () =>
    bench.cluster.calls.filter(
      ({ verb, ref }) => ref.kind === 'ConfigMap' && ref.name === 'acme-cfg' && !['get', 'list'].includes(verb),
    );

  it('is written only after the record says that it was not made here, without owner and as Retain', async () => {
    const theirs = plant();
    await bench.follow([entry(force)]);
    await bench.settle();

    const uid = textAt(theirs, 'metadata', 'uid');
    expect(await live()).toMatchObject({ data: { own: 'ours', more: 'theirs' }, metadata: { uid } });
    expect(await metadata()).not.toHaveProperty('ownerReferences');
    expect(await metadata()).toMatchObject({
      labels: { 'lynq.sh/node': benchNode },
      annotations: { 'lynq.sh/adopted': 'true', 'lynq.sh/deletion-policy': 'Retain' },
    });
    expect(await record()).toMatchObject({ adopted: true, policy: 'Retain', uid });
    expect(await stateOf()).toBe('Ready');
    expect(writes()).toHaveLength(1);
  });

  it('stays when the node goes, and when it comes back and goes again', async () => {
    const uid = textAt(plant(), 'metadata', 'uid');
    for (const time of ['first', 'second', 'third']) {
      await bench.follow([entry(force, time)]);
      await bench.settle();
      expect(await live()).toMatchObject({ data: { own: time }, metadata: { uid } });
      expect(await record()).toMatchObject({ adopted: true, policy: 'Retain' });
      await bench.remove();
      expect(await live()).toMatchObject({ metadata: { uid, labels: { 'lynq.sh/orphaned': 'true' } } });
    }
  });

  it('stays when its entry leaves the form, and when the policy goes back to Stuck', async () => {
    const uid = textAt(plant(), 'metadata', 'uid');
    await bench.follow([entry(force)]);
    await bench.settle();
    await bench.follow([entry({ conflictPolicy: 'Stuck' }, 'changed')]);
    await bench.settle();
    expect(await live()).toMatchObject({ data: { own: 'changed' }, metadata: { uid } });
    await bench.follow([]);
    await bench.settle();
    expect(await live()).toMatchObject({ metadata: { uid, labels: { 'lynq.sh/orphaned': 'true' } } });
  });

  it('is known by itself when the record is lost', async () => {
    const uid = textAt(plant(), 'metadata', 'uid');
    await bench.follow([entry(force)]);
    await bench.settle();
    const ref = { apiVersion: 'operator.lynq.sh/v1', kind: 'LynqNode', namespace: 'tenants', name: benchNode };
    await bench.cluster.patch(ref, 'merge', { status: null }, { manager: 'test', subresource: 'status' });
    await bench.follow([entry({}, 'later')]);
    await bench.settle();
    expect(await record()).toMatchObject({ adopted: true, policy: 'Retain', uid });
    await bench.remove();
    expect(await live()).toMatchObject({ metadata: { uid } });
  });

  it('is made anew once it is gone, and is then like any other', async () => {
    plant();
    await bench.follow([entry(force)]);
    await bench.settle();
    const uid = textAt(await live(), 'metadata', 'uid') ?? '';
    await bench.cluster.delete({ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'tenants', name: 'acme-cfg' }, uid);
    await bench.settle();
    expect(await record()).not.toHaveProperty('adopted');
    expect(await metadata()).toHaveProperty('ownerReferences');
    await bench.remove();
    expect(await bench.find('acme-cfg')).toBeUndefined();
  });

  it('is applied a single time under Once', async () => {
    plant();
    await bench.follow([entry({ ...force, creationPolicy: 'Once' })]);
    await bench.settle();
    expect(await live()).toMatchObject({ data: { own: 'ours' } });
    await bench.follow([entry({ ...force, creationPolicy: 'Once' }, 'changed')]);
    await bench.settle(true);
    expect(await live()).toMatchObject({ data: { own: 'ours' } });
    expect(writes()).toHaveLength(1);
  });

  it('is not touched by a node that goes before it has written it', async () => {
    const theirs = plant();
    await bench.follow([entry(force)]);
    const stop = bench.cluster.intercept(({ verb, ref }) =>
      verb === 'apply' && ref.kind === 'ConfigMap'
        ? { answer: { kind: 'refused', reason: 'Invalid', message: 'no' } }
        : undefined,
    );
    await bench.settle();
    stop();
    expect(await record()).toMatchObject({ adopted: true });
    await bench.remove();
    expect(await live()).toEqual(theirs);
  });

  it.each([
    [
      'another controller',
      { ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u', controller: true }] },
    ],
    ['the labels of another node', { labels: { 'lynq.sh/node': 'other', 'lynq.sh/node-namespace': 'tenants' } }],
    ['the kept data of another row', { annotations: { 'lynq.sh/orphaned-from': 'customers/web/other' } }],
  ])('is none with %s: Conflicted, never written, left when the node goes', async (_, found) => {
    const theirs = plant(found);
    await bench.follow([entry(force)]);
    await bench.settle();
    expect(await stateOf()).toBe('Conflicted');
    await bench.remove();
    expect(await live()).toEqual(theirs);
  });

  it('is none under Stuck', async () => {
    const theirs = plant();
    await bench.follow([entry()]);
    await bench.settle();
    expect(await stateOf()).toBe('Conflicted');
    expect(await live()).toEqual(theirs);
  });
});
