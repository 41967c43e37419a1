import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { expect } from 'vitest';
import { type Cluster, childPath, type KubeObject, lynqPath } from '../e2e/cluster.ts';
import { describeRequest } from '../e2e/audit.ts';
import { textsIn, whereIs } from '../e2e/engine.ts';
import { eventually, notYet, there, window } from '../e2e/eventually.ts';
import type { Evidence } from './checker.ts';
import { expectCounts, type Fleet, fleetsOf } from './row-fleet.ts';
import { expectRulesKept } from './rules-kept.ts';
import type { Stage } from './stage.ts';

/**
 * What every fault ends with (reliability terms): what the table says is what is there and stays so without a write (I1, I2, I4), the numbers of the hub
 * add up (I3), no password is in clear anywhere (I14), no run comes near a limit of Temporal (I16), the worker is well (I18), and nothing in the log of
 * the API server breaks a rule (I5, I7, I10 to I13).
 */
export async function expectInvariants(
  stage: Stage,
  place: number,
  more: Pick<Evidence, 'history' | 'least' | 'strays'> = {},
): Promise<void> {
  const fleets = await remaining(stage);
  await Promise.all(fleets.map(expectAtRest));
  await expectNoPassword(stage, fleets);
  expect(stage.worker().isAlive()).toBe(true);
  expect(stage.worker().output()).not.toMatch(/unhandled|MaxListenersExceeded/i);
  await expectRulesKept(stage, place, more);
}

/** A test may have taken its hub away. */
async function remaining(stage: Stage): Promise<readonly Fleet[]> {
  const all = await Promise.all(
    fleetsOf(stage).map(async (fleet) => {
      const hub = await stage.cluster.find(lynqPath(fleet.namespace, 'lynqhubs', 'hub'));
      return hub === undefined || hub.metadata.deletionTimestamp !== undefined ? [] : [fleet];
    }),
  );
  return all.flat();
}

/** Time in which what a node has come to is written to its hub. */
const settlingMilliseconds = 5_000;

/** What the table says is there, the hub counts it, and in two further syncs nothing is written but that they took place. */
async function expectAtRest(fleet: Fleet): Promise<void> {
  const { namespace, stage } = fleet;
  const active = await fleet.sql(`SELECT id, size FROM \`${fleet.name}\` WHERE active`);
  const rows = Object.fromEntries(active.map(({ id, size }) => [String(id), Number(size)]));
  if (fleet.makesMaps) {
    await fleet.untilSettled(rows);
    await eventually(`hub of ${fleet.name} has counted`, async () => {
      const { status } = await fleet.hub();
      return status?.ready === active.length ? there(true) : notYet(status);
    });
    expectCounts(await fleet.hub(), active.length);
  } else expect([...(await fleet.nodes()).keys()].toSorted()).toEqual(Object.keys(rows).toSorted());
  await window(settlingMilliseconds);
  const place = stage.audit.now();
  for (let syncs = 0; syncs < 2; syncs += 1) await syncedOnce(fleet);
  const writes = stage.audit
    .ofWorker(place)
    .filter(({ objectRef }) => objectRef?.namespace === namespace)
    .filter(({ objectRef }) => !['events', 'leases', 'lynqhubs'].includes(objectRef?.resource ?? ''));
  expect([namespace, writes.map(describeRequest)]).toEqual([namespace, []]);
}

async function syncedOnce(fleet: Fleet): Promise<void> {
  const lastOf = async (): Promise<string> => (await fleet.hub()).status?.lastSyncTime ?? '';
  const before = await lastOf();
  await eventually(
    `hub of ${fleet.name} is synced once more`,
    async () => {
      if ((await lastOf()) !== before) return there(true);
      await fleet.sync();
      return notYet(before);
    },
    { everyMs: 1_000 },
  );
}

/** Of runs that there are thousands of, some. */
const mostHistories = 200;
/** As the tests of many rows have them (T7, T8). */
const limits = { events: 4_000, historyBytes: 2_000_000 };

/** The hub's password, of which the worker, Temporal and the API server's objects must show nothing. */
async function expectNoPassword(stage: Stage, fleets: readonly Fleet[]): Promise<void> {
  const { password } = stage.database;
  const said: Buffer[] = [Buffer.from(stage.worker().output())];
  for (const { namespace } of fleets)
    for (const object of await objectsIn(stage.cluster, namespace)) said.push(Buffer.from(JSON.stringify(object)));
  const runs = await stage.engine.runs(`TaskQueue = "${stage.taskQueue}"`);
  for (const { workflowId, runId } of runs.slice(0, mostHistories)) {
    const history = await stage.engine.client.workflow.getHandle(workflowId, runId).fetchHistory();
    expect([workflowId, (history.events?.length ?? 0) < limits.events]).toEqual([workflowId, true]);
    expect([workflowId, historyToJSON(history).length < limits.historyBytes]).toEqual([workflowId, true]);
    said.push(...textsIn(history));
  }
  expect(runs.length).toBeGreaterThan(0);
  expect(whereIs(password, Buffer.concat(said.flatMap((part) => [part, Buffer.from('\n')])))).toBeUndefined();
}

/** Everything but the Secrets. */
async function objectsIn(cluster: Cluster, namespace: string): Promise<readonly KubeObject[]> {
  const kinds = ['lynqhubs', 'lynqforms', 'lynqnodes'] as const;
  const lists = await Promise.all([
    ...kinds.map((plural) => cluster.list(lynqPath(namespace, plural))),
    cluster.list(childPath('ConfigMap', namespace)),
    cluster.list(`/api/v1/namespaces/${namespace}/events`),
  ]);
  return lists.flat();
}
