import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type JsonObject, listAt, textAt } from '../../../../domain/api/json.ts';
import { type NodeBench, openNodeBench } from '../../../support/node-bench.ts';

const ref = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'tenants', name: 'acme-cfg' };

const entry = (policies: JsonObject = {}): JsonObject => ({
  id: 'cfg',
  nameTemplate: '{{ .uid }}-cfg',
  spec: { apiVersion: 'v1', kind: 'ConfigMap', data: { own: 'ours' } },
  ...policies,
});

/** Where nothing tells of an object, its creation asks whether it is there. */
describe('activities/node/observe', () => {
  let bench: NodeBench;
  beforeEach(async () => {
    bench = await openNodeBench();
  });
  afterEach(() => bench.close());

  const verbsOf = (kind: string) =>
    bench.cluster.calls.flatMap(({ verb, ref: of }) => (of.kind === kind && verb !== 'list' ? [verb] : []));
  const resource = async () => listAt(await bench.node(), 'status', 'resources')[0];

  it('reads neither the LynqNode nor what it makes', async () => {
    await bench.follow([entry()]);
    const before = bench.cluster.calls.length;
    await bench.settle();
    const calls = bench.cluster.calls
      .slice(before)
      .filter(({ ref: of }) => ['ConfigMap', 'LynqNode'].includes(of.kind));
    expect(calls.filter(({ verb }) => verb !== 'list').map(({ verb, ref: of }) => `${verb} ${of.kind}`)).toEqual([
      'patch LynqNode',
      'apply ConfigMap',
      'patch LynqNode',
    ]);
    expect(textAt(await resource(), 'state')).toBe('Ready');
  });

  it.each(['Stuck', 'Force'])('changes nothing of an object that is another’s, under %s', async (conflictPolicy) => {
    const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'theirs', uid: 'x', controller: true };
    const metadata = { name: ref.name, namespace: ref.namespace, ownerReferences: [owner] };
    const theirs = bench.cluster.seed({ ...ref, metadata, data: { own: 'theirs' } });
    await bench.follow([entry({ conflictPolicy })]);
    await bench.settle();
    expect(await bench.cluster.get(ref)).toEqual(theirs);
    expect(textAt(await resource(), 'state')).toBe('Conflicted');
  });

  it('takes up an object that an attempt made whose record was lost', async () => {
    await bench.follow([entry()]);
    await bench.settle();
    const uid = textAt(await bench.cluster.get(ref), 'metadata', 'uid');
    const nodeRef = { apiVersion: 'operator.lynq.sh/v1', kind: 'LynqNode', namespace: 'tenants', name: 'acme-web' };
    const options = { manager: 'test', subresource: 'status' } as const;
    await bench.cluster.patch(nodeRef, 'merge', { status: null }, options);
    await bench.settle();
    expect(textAt(await bench.cluster.get(ref), 'metadata', 'uid')).toBe(uid);
    expect(textAt(listAt(await bench.node(), 'status', 'inventory')[0], 'uid')).toBe(uid);
  });

  it('says what a creation was refused for after a look, and does not send it again', async () => {
    bench.cluster.intercept(({ verb, ref: of }) =>
      verb === 'apply' && of.kind === 'ConfigMap'
        ? { answer: { kind: 'refused', reason: 'Invalid', message: 'ConfigMap tenants/acme-cfg: data' } }
        : undefined,
    );
    await bench.follow([entry()]);
    await bench.settle();
    expect(await resource()).toMatchObject({ state: 'Failed', message: expect.stringContaining('data') });
    expect(verbsOf('ConfigMap')).toEqual(['apply', 'get']);
  });
});
