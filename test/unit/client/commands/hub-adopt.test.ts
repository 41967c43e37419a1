import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../domain/api/json.ts';
import { createFakeCluster } from '../../../support/fake-cluster.ts';
import { fakeEngine, run } from '../run.ts';

const hubRef = { apiVersion: 'operator.lynq.sh/v1', kind: 'LynqHub', namespace: 'lynq-system', name: 'shop' };

function aCluster(annotations: JsonObject) {
  const cluster = createFakeCluster();
  cluster.addKind(hubRef);
  cluster.seed({ ...hubRef, metadata: { name: 'shop', namespace: 'lynq-system', annotations }, spec: {} });
  return cluster;
}

describe('client/commands/hub-adopt', () => {
  it('waits until a sync has taken the nodes up again', async () => {
    const cluster = aCluster({ 'lynq.sh/released': '2026-11-22T11:00:00Z' });
    const engine = fakeEngine(['lynq-system/shop']);

    expect(await run('adopt shop --wait', { cluster, engine })).toMatchObject({
      out:
        'lynqhub.operator.lynq.sh/shop adopted; its next sync takes the nodes up again\n' +
        'lynqhub.operator.lynq.sh/shop sync requested\n',
      err: '',
      exitCode: 0,
    });
    expect(engine.sent).toEqual(['sync lynq-system/shop']);

    const held = {
      ...fakeEngine(['lynq-system/shop']),
      syncState: async () => ({ kind: 'ended', outcome: 'paused' }) as const,
    };
    const again = aCluster({ 'lynq.sh/released': '2026-11-22T11:00:00Z' });
    const { err, exitCode } = await run('adopt shop --wait', { cluster: again, engine: held });
    expect(err).toContain('another operator or installation holds it');
    expect(exitCode).toBe(1);
  });

  it('takes the mark off a released hub', async () => {
    const cluster = aCluster({ 'lynq.sh/released': '2026-11-22T11:00:00Z' });

    expect(await run('adopt shop', { cluster })).toMatchObject({
      out: 'lynqhub.operator.lynq.sh/shop adopted; its next sync takes the nodes up again\n',
      exitCode: 0,
    });
    expect(JSON.stringify(await cluster.get(hubRef))).not.toContain('lynq.sh/released');
  });

  it('says that a hub which is not released is as it was, and writes nothing', async () => {
    const cluster = aCluster({});

    expect(await run('adopt shop', { cluster })).toMatchObject({
      out: 'lynqhub.operator.lynq.sh/shop unchanged: not released\n',
      exitCode: 0,
    });
    expect(cluster.calls.map(({ verb }) => verb)).toEqual(['get']);
  });

  it('says of a hub that is being deleted that its nodes go', async () => {
    const cluster = aCluster({ 'lynq.sh/released': '2026-11-22T11:00:00Z' });
    const metadata = { ...(cluster.objects('LynqHub')[0]?.['metadata'] as JsonObject) };
    const leaving = { deletionTimestamp: '2026-11-22T11:30:00Z', finalizers: ['lynq.sh/hub-finalizer'] };
    cluster.seed({ ...hubRef, metadata: { ...metadata, ...leaving }, spec: {} });

    expect((await run('adopt shop', { cluster })).out).toBe(
      'lynqhub.operator.lynq.sh/shop adopted; it is being deleted: its next sync removes the nodes\n',
    );
  });
});
