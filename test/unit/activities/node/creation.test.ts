import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { at, type JsonObject, listAt, textAt } from '../../../../domain/api/json.ts';
import type { RefusedReason } from '../../../../domain/ports.ts';
import { type NodeBench, openNodeBench } from '../../../support/node-bench.ts';

const entry = (id: string, more: JsonObject = {}): JsonObject => ({
  id,
  nameTemplate: `{{ .uid }}-${id}`,
  spec: { apiVersion: 'v1', kind: 'ConfigMap', data: { v: '1' } },
  ...more,
});
const ref = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'tenants', name: 'acme-claim' };

describe('activities/node/creation', () => {
  let bench: NodeBench;
  let refusal: RefusedReason;

  beforeEach(async () => {
    bench = await openNodeBench();
    refusal = 'QuotaExceeded';
    bench.cluster.intercept(({ verb, ref: of }) =>
      verb === 'apply' && of.name === 'acme-app'
        ? { answer: { kind: 'refused', reason: refusal, message: 'no' } }
        : undefined,
    );
    await bench.follow([entry('claim'), entry('app', { dependIds: ['claim'] })], { rollbackOnFailure: true });
    await bench.pass(500);
  });
  afterEach(() => bench.close());

  const marks = async () =>
    listAt(await bench.node(), 'status', 'inventory').map((item) => [
      textAt(item, 'id'),
      at(item, 'attempt') !== undefined,
    ]);
  /** What a controller does, such as the one that binds a claim. */
  const touch = () =>
    bench.cluster.patch(ref, 'merge', { metadata: { annotations: { bound: 'yes' } } }, { manager: 'controller' });
  const fail = async () => {
    refusal = 'Invalid';
    for (let pass = 0; pass < 4; pass += 1) await bench.pass(500, pass === 0);
  };

  it('takes back what it made although a controller has written it, and so have we once more', async () => {
    expect(await marks()).toContainEqual(['claim', true]);
    await touch();
    await bench.pass(500, true);
    expect(await marks()).toContainEqual(['claim', true]);
    await fail();
    expect(await bench.find('acme-claim')).toBeUndefined();
    expect(textAt(await bench.node(), 'status', 'attempt', 'phase')).toBe('RolledBack');
  });

  it('leaves an object that was made again by someone else while the node was created', async () => {
    const gone = await bench.find('acme-claim');
    await bench.cluster.delete(ref, textAt(gone, 'metadata', 'uid') ?? '');
    const metadata = { name: ref.name, namespace: ref.namespace };
    bench.cluster.seed({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { v: 'theirs' } });
    await fail();
    expect(await bench.find('acme-claim')).toMatchObject({ data: { v: 'theirs' } });
  });
});
