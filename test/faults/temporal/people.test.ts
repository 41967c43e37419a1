import { ScheduleOverlapPolicy, WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { workflowIds } from '../../../domain/identity.ts';
import { openTcpProxy, type TcpProxy } from '../../contract/row-source.proxy.ts';
import { eventually, notYet, there, window } from '../../support/e2e/eventually.ts';
import { attemptsIn } from '../../support/faults/attempts.ts';
import { expectInvariants } from '../../support/faults/invariants.ts';
import {
  bringInFleet,
  expectCounts,
  type Fleet,
  mapsOf,
  mapWrites,
  nodeWrites,
  sizes,
} from '../../support/faults/row-fleet.ts';
import { openStage, type Stage } from '../../support/faults/stage.ts';

/** What people with Temporal's tools may do to runs and schedules: end them, reset them, double them, delete them. */
describe('faults/temporal/people', () => {
  let stage: Stage;
  let database: TcpProxy;
  let begun = 0;

  beforeAll(async () => {
    stage = await openStage(inject('stack'), 'people');
    database = await openTcpProxy(stage.database.host, stage.database.port);
    begun = stage.audit.now();
  });
  afterAll(async () => {
    await stage?.close();
    await database?.close();
  });

  const client = () => stage.engine.client;
  const runOf = (fleet: Fleet, uid: string, runId?: string) =>
    client().workflow.getHandle(workflowIds.node(fleet.namespace, `${uid}-form`), runId);
  const runIdsOf = async (fleet: Fleet, uids: readonly string[]): Promise<Readonly<Record<string, string>>> =>
    Object.fromEntries(
      await Promise.all(uids.map(async (uid) => [uid, (await runOf(fleet, uid).describe()).runId] as const)),
    );
  const statusOf = async (fleet: Fleet, uid: string) => (await runOf(fleet, uid).describe()).status.name;
  const uidsOf = async (fleet: Fleet) =>
    Object.fromEntries([...(await fleet.nodes())].map(([uid, { metadata }]) => [uid, metadata.uid]));

  /** Each run of a node goes on, though somebody ended it. */
  const untilRunning = (fleet: Fleet, uids: readonly string[]) =>
    eventually(
      `runs of ${uids.join()} go on`,
      async () => {
        await fleet.sync();
        const found = await Promise.all(uids.map((uid) => statusOf(fleet, uid)));
        return found.every((status) => status === 'RUNNING') ? there(true) : notYet(found);
      },
      { withinMs: 120_000, everyMs: 1_000 },
    );

  test('T6 a node run that is terminated, cancelled or reset takes nothing away, and goes on after the next sync', async () => {
    const names = ['ended', 'cancelled', 'reset', 'quiet'];
    const fleet = await bringInFleet(stage, { name: 'ended', rows: sizes(names) });
    await fleet.untilSettled(sizes(names));
    const before = await uidsOf(fleet);
    const maps = await mapsOf(fleet);
    const first = await runIdsOf(fleet, names);
    const place = stage.audit.now();
    await runOf(fleet, 'ended').terminate('by the test');
    await runOf(fleet, 'cancelled').cancel();
    const { runId, raw } = await runOf(fleet, 'reset').describe();
    await client().workflowService.resetWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId: raw.workflowExecutionInfo?.execution?.workflowId ?? '', runId },
      reason: 'by the test',
      requestId: runId,
      // The end of the first workflow task (a number is as good as a Long): everything the run has done is done once more.
      workflowTaskFinishEventId: 4 as never,
    });
    for (const [uid, status] of [
      ['ended', 'TERMINATED'],
      ['cancelled', 'CANCELLED'],
    ] as const)
      await eventually(`the run of ${uid} is ${status}`, async () => {
        const found = await runOf(fleet, uid, first[uid]).describe();
        return found.status.name === status ? there(true) : notYet(found.status.name);
      });
    await untilRunning(fleet, names);
    await eventually('each that was ended or reset has done everything once more in another run', async () => {
      const now = await runIdsOf(fleet, names);
      const done = await Promise.all(
        names.map(async (uid) => {
          const workflowId = workflowIds.node(fleet.namespace, `${uid}-form`);
          return now[uid] !== first[uid] && 'advanceNode' in (await attemptsIn(stage.engine, [{ workflowId }]));
        }),
      );
      expect(now['quiet']).toBe(first['quiet']);
      return done.filter(Boolean).length === names.length - 1 ? there(true) : notYet(done);
    });
    await fleet.untilSettled(sizes(names));
    expect(await mapsOf(fleet)).toEqual(maps);

    await fleet.sql('UPDATE ended SET size = 3');
    await fleet.sync();
    await fleet.untilSettled(sizes(names, 3));
    expect(await uidsOf(fleet)).toEqual(before);
    const writes = nodeWrites(fleet, place).filter((write) => !write.startsWith('patch'));
    expect(writes).toEqual([]);
    const deletes = stage.audit
      .ofWorker(place)
      .filter(({ verb, objectRef }) => verb === 'delete' && objectRef?.namespace === fleet.namespace);
    expect(deletes).toEqual([]);
  });

  test('T6 a sync that is terminated or cancelled in the middle of its read changes nothing, and the next one does the work', async () => {
    const names = ['one', 'two', 'three'];
    const mysql = { port: database.port };
    const fleet = await bringInFleet(stage, { name: 'halted', rows: sizes(names), mysql });
    await fleet.untilSettled(sizes(names));
    const before = await uidsOf(fleet);
    for (const how of ['terminate', 'cancel'] as const) {
      // One that is asked for while another runs comes after it, whatever becomes of that.
      await eventually('no sync runs', async () => {
        const found = (await stage.engine.syncsOf(fleet.namespace, 'hub')).filter(({ status }) => status === 'RUNNING');
        return found.length === 0 ? there(true) : notYet(found.length);
      });
      const place = stage.audit.now();
      await fleet.sql(`INSERT INTO halted (id, size) VALUES ('${how}', 1)`);
      database.limit(200, 'silence');
      database.cut();
      await fleet.sync();
      const running = await eventually('the sync runs', async () => {
        const found = (await stage.engine.syncsOf(fleet.namespace, 'hub')).find(({ status }) => status === 'RUNNING');
        return found === undefined ? notYet('none') : there(found);
      });
      await client().workflow.getHandle(running.workflowId, running.runId)[how]();
      await eventually('it has ended', async () => {
        const { status } = await client().workflow.getHandle(running.workflowId, running.runId).describe();
        return status.name === 'RUNNING' ? notYet(status.name) : there(true);
      });
      // The attempt under way is told with the next sign of life that it gives. Another sync may have been waiting for its end: that reads no more for now.
      await window(4_000);
      expect(nodeWrites(fleet, place)).toEqual([]);
      database.limit(Number.POSITIVE_INFINITY, 'break');
      database.cut();
      await fleet.sync();
      await eventually('the row has its node', async () => {
        const nodes = await fleet.nodes();
        return nodes.has(how) ? there(true) : notYet([...nodes.keys()]);
      });
      expect(nodeWrites(fleet, place).filter((write) => !write.startsWith('patch'))).toEqual([`create ${how}-form`]);
    }
    await fleet.untilSettled(sizes([...names, 'terminate', 'cancel']));
    expect(await uidsOf(fleet)).toMatchObject(before);
  }, 300_000);

  const runningSyncs = async ({ namespace }: Fleet) =>
    (await stage.engine.runs('WorkflowType = "hubSync" AND ExecutionStatus = "Running"')).filter(({ workflowId }) =>
      workflowId.includes(namespace),
    );

  test('T11 a second schedule, triggers and a backfill at once write what one sync writes', async () => {
    const names = Array.from({ length: 12 }, (_, index) => `row-${index}`);
    const fleet = await bringInFleet(stage, {
      name: 'doubled',
      rows: sizes(names),
      syncInterval: '1m',
      spec: { deletionGuard: { maxRows: 6 } },
    });
    await fleet.untilSettled(sizes(names));
    const place = stage.audit.now();
    const schedule = client().schedule.getHandle(workflowIds.schedule(fleet.namespace, 'hub'));
    const { action } = await schedule.describe();
    const before = (await schedule.describe()).info.numActionsTaken;
    // While the table is locked, what reads it stays where it is.
    await fleet.sql(
      'LOCK TABLES doubled WRITE;' +
        "DELETE FROM doubled WHERE id IN ('row-0', 'row-1', 'row-2', 'row-3');" +
        "UPDATE doubled SET size = 2 WHERE id IN ('row-4', 'row-5'); INSERT INTO doubled (id, size) VALUES ('new-0', 1), ('new-1', 1)",
    );
    const reading = async () =>
      (
        await fleet.sql(
          `SELECT id FROM information_schema.processlist WHERE user = '${stage.database.reader}' AND info LIKE '%doubled%'`,
        )
      ).length;
    const second = await client().schedule.create({
      scheduleId: `second/${fleet.namespace}`,
      spec: { intervals: [{ every: '1s' }] },
      action: { ...action, workflowId: `another-sync/${fleet.namespace}` },
    });
    try {
      const now = Date.now();
      await schedule.backfill({
        start: new Date(now - 20 * 60_000),
        end: new Date(now),
        overlap: ScheduleOverlapPolicy.ALLOW_ALL,
      });
      // Temporal forgets a backfill that has not begun when it is asked for something else.
      await eventually('the backfill has begun', async () => {
        const taken = (await schedule.describe()).info.numActionsTaken - before;
        return taken >= 10 ? there(taken) : notYet(taken);
      });
      await Promise.all([
        ...Array.from({ length: 5 }, () => schedule.trigger(ScheduleOverlapPolicy.ALLOW_ALL)),
        second.trigger(ScheduleOverlapPolicy.ALLOW_ALL),
      ]);
      await eventually('a sync reads and others wait', async () => {
        const found = await Promise.all([runningSyncs(fleet), reading()]);
        return found[0].length > 2 && found[1] > 0 ? there(true) : notYet(found);
      });
      for (let looks = 0; looks < 20; looks += 1) {
        expect(await reading()).toBe(1);
        await window(100);
      }
      const [one] = await runningSyncs(fleet);
      const again = {
        taskQueue: stage.taskQueue,
        workflowId: one!.workflowId,
        args: [{ namespace: fleet.namespace, hub: 'hub' }],
      };
      await expect(client().workflow.start('hubSync', again)).rejects.toThrow(WorkflowExecutionAlreadyStartedError);
      await fleet.sql('UNLOCK TABLES');
      await fleet.untilSettled({ ...sizes([...names.slice(6), 'new-0', 'new-1']), 'row-4': 2, 'row-5': 2 });
      await eventually('the backfill has been carried out', async () => {
        const { numActionsTaken } = (await schedule.describe()).info;
        return numActionsTaken - before >= 20 ? there(true) : notYet(numActionsTaken - before);
      });
      await eventually('all syncs have ended', async () => {
        const own = await runningSyncs(fleet);
        return own.length === 0 ? there(true) : notYet(own.length);
      });
    } finally {
      await fleet.sql('UNLOCK TABLES');
      await second.delete();
    }
    const writes = nodeWrites(fleet, place);
    const of = (verb: string) => writes.filter((write) => write.startsWith(verb)).toSorted();
    expect(of('create')).toEqual(['create new-0-form', 'create new-1-form']);
    expect(of('delete')).toEqual([0, 1, 2, 3].map((nth) => `delete row-${nth}-form`));
    const changed = of('patch').filter((write) => /row-[45]-form/.test(write));
    expect(changed).toEqual(['patch row-4-form', 'patch row-5-form']);
    expect(
      mapWrites(fleet, place)
        .map(({ what }) => what)
        .toSorted(),
    ).toEqual(
      [
        ...['new-0', 'new-1'].map((uid) => `create ${uid}`),
        ...['row-4', 'row-5'].map((uid) => `change ${uid}`),
        ...[0, 1, 2, 3].map((nth) => `delete row-${nth}`),
      ].toSorted(),
    );
    // Each row that went is on record once, so the budget of the hour is what one sync would have left.
    const { status } = await fleet.hub();
    expect((status.deletionGuard.window as readonly { rows: number }[]).reduce((sum, { rows }) => sum + rows, 0)).toBe(
      4,
    );
  });

  test('T16 closed runs that retention removes are missed by nobody', async () => {
    const fleet = await bringInFleet(stage, {
      name: 'forgotten',
      rows: sizes(['one', 'two', 'three']),
      syncInterval: '2s',
    });
    await fleet.untilSettled(sizes(['one', 'two', 'three']));
    await fleet.sql("DELETE FROM forgotten WHERE id = 'three'");
    await fleet.untilSettled(sizes(['one', 'two']));
    const before = await uidsOf(fleet);
    const closed = await eventually('closed runs are listed', async () => {
      const runs = await stage.engine.runs('ExecutionStatus = "Completed"');
      const own = runs.filter(({ workflowId }) => workflowId.includes(`/${fleet.namespace}/`));
      const types = new Set(own.map(({ type }) => type));
      return types.has('hubSync') && types.has('lynqNode') ? there(own) : notYet([...types]);
    });
    const place = stage.audit.now();
    for (const { workflowId, runId } of closed)
      await client().workflowService.deleteWorkflowExecution({
        namespace: 'default',
        workflowExecution: { workflowId, runId },
      });
    await eventually('Temporal knows nothing of them', async () => {
      const left = await Promise.all(
        closed.map(({ workflowId, runId }) =>
          client()
            .workflow.getHandle(workflowId, runId)
            .describe()
            .then(
              () => 'there',
              (error: unknown) => (error instanceof WorkflowNotFoundError ? 'gone' : String(error)),
            ),
        ),
      );
      return left.every((state) => state === 'gone') ? there(true) : notYet(left);
    });
    await fleet.sql(
      "UPDATE forgotten SET size = 4 WHERE id = 'one'; INSERT INTO forgotten (id, size) VALUES ('three', 1)",
    );

    await fleet.untilSettled({ one: 4, two: 1, three: 1 });
    expect(await uidsOf(fleet)).toMatchObject(before);
    expect(nodeWrites(fleet, place).filter((write) => write.startsWith('delete'))).toEqual([]);
    await eventually('the hub has counted', async () => {
      const { status } = await fleet.hub();
      return status?.ready === 3 ? there(true) : notYet(status);
    });
    expectCounts(await fleet.hub(), 3);
  });

  test('afterwards all is at rest, nothing shows a secret, and nothing in the log of the API server breaks a rule', async () => {
    await expectInvariants(stage, begun);
  }, 300_000);
});
