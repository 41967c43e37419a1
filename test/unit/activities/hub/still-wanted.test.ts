import { describe, expect, it } from 'vitest';
import { type ReadHub, readHub } from '../../../../activities/hub/read-hub.ts';
import { StillWanted } from '../../../../activities/hub/still-wanted.ts';
import type { JsonObject } from '../../../../domain/api/json.ts';
import { createFakeCluster } from '../../../support/fake-cluster.ts';

const apiVersion = 'operator.lynq.sh/v1';
const request = { namespace: 'tenants', hub: 'customers' };
const ref = { apiVersion, kind: 'LynqHub', namespace: 'tenants', name: 'customers' };
const source = {
  type: 'mysql',
  syncInterval: '5s',
  mysql: { host: 'db.test', username: 'reader', database: 'app', table: 'nodes' },
};

async function aHub() {
  const cluster = createFakeCluster();
  cluster.addKind({ apiVersion, kind: 'LynqHub' });
  const spec = { source, valueMappings: { uid: 'id', activate: 'active' } };
  cluster.seed({ apiVersion, kind: 'LynqHub', metadata: { name: 'customers', namespace: 'tenants' }, spec });
  let now = 0;
  const wanted = new StillWanted({ cluster, clock: { now: () => new Date(now) } }, request);
  const hub = (await readHub({ cluster }, request)) as ReadHub;
  const later = (): void => void (now += 1_000);
  const change = (body: JsonObject) => cluster.patch(ref, 'merge', body, { manager: 'kubectl' });
  return { wanted, hub, later, change };
}

describe('activities/hub/still-wanted', () => {
  it('lets a sync go on while its hub is as it was', async () => {
    const { wanted, hub, later, change } = await aHub();
    await wanted.demandHub(hub);
    await change({ metadata: { annotations: { note: 'x' } }, spec: { paused: false } });
    later();

    await expect(wanted.demandHub(hub)).resolves.toBeUndefined();
  });

  it('ends a sync whose hub was paused meanwhile', async () => {
    const { wanted, hub, later, change } = await aHub();
    await wanted.demandHub(hub);
    await change({ spec: { paused: true } });
    later();

    await expect(wanted.demandHub(hub)).rejects.toMatchObject({
      type: 'ClusterStale',
      message: 'LynqHub tenants/customers was deleted or paused during a sync',
    });
  });

  it('ends a sync whose hub was deleted meanwhile', async () => {
    const { wanted, hub, later, change } = await aHub();
    await change({ metadata: { finalizers: ['example.com/held'] } });
    await change({ metadata: { deletionTimestamp: '2026-11-22T12:00:00Z' } });
    later();

    await expect(wanted.demandHub(hub)).rejects.toMatchObject({ type: 'ClusterStale' });
  });
});
