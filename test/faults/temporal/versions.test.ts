import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { workflowIds } from '../../../domain/identity.ts';
import { describeRequest } from '../../support/e2e/audit.ts';
import { eventually, notYet, there, window } from '../../support/e2e/eventually.ts';
import { expectInvariants } from '../../support/faults/invariants.ts';
import { disturbances } from '../../support/faults/disturbances.ts';
import { bringInFleet, type Fleet, mapWrites, nodeWrites, sizes } from '../../support/faults/row-fleet.ts';
import type { FaultyWorker } from '../../support/faults/process.ts';
import { isFull } from '../../support/faults/seed.ts';
import { openStage, type Stage } from '../../support/faults/stage.ts';

/** As the list of faults says it, with LYNQ_FAULTS=full. */
const mixedMilliseconds = 300_000;

/** Workers of another version: one that follows the rule for changes of workflows, and one that breaks it. */
describe('faults/temporal/versions', () => {
  const names = Array.from({ length: 10 }, (_, index) => `row-${index}`);
  let stage: Stage;
  let begun = 0;
  let other: FaultyWorker | undefined;

  beforeAll(async () => {
    // A run stays with the worker that has it for as long as in production, also on a busy machine.
    stage = await openStage(inject('stack'), 'versions', {
      settings: { [disturbances.sticky]: '10s' },
      keepsHistories: false,
    });
    begun = stage.audit.now();
  });
  afterAll(async () => {
    other?.send('SIGKILL');
    await other?.ended;
    await stage?.close();
  });

  const version = (name: 'next' | 'broken') => ({ [disturbances.version]: name });
  const uidsOf = async (fleet: Fleet) =>
    Object.fromEntries([...(await fleet.nodes())].map(([uid, { metadata }]) => [uid, metadata.uid]));

  /** Writes of the worker to nodes and objects of a fleet. A sync that begins with a broken version is whole, and says in its hub and forms what it saw. */
  const effects = (fleet: Fleet, place: number) =>
    stage.audit
      .ofWorker(place)
      .filter(({ objectRef }) => objectRef?.namespace === fleet.namespace && objectRef.resource !== 'events')
      .filter(({ objectRef }) => !['lynqhubs', 'lynqforms'].includes(objectRef?.resource ?? ''))
      .map(describeRequest);

  test('T12 a worker with workflows that break the rule changes nothing, and the former version goes on where it was', async () => {
    const fleet = await bringInFleet(stage, { name: 'broken', rows: sizes(names) });
    await fleet.untilSettled(sizes(names));
    const before = await uidsOf(fleet);
    await stage.kill();
    const place = stage.audit.now();
    stage.start(undefined, version('broken'));
    const handle = stage.engine.client.workflow.getHandle(workflowIds.node(fleet.namespace, 'row-0-form'));
    await handle.signal('resync', { cause: 'by the test' });
    await eventually(
      'the run cannot go on',
      async () => {
        const events = (await handle.fetchHistory()).events ?? [];
        const failed = events.filter(
          ({ workflowTaskFailedEventAttributes: task }) => task !== undefined && task !== null,
        );
        return failed.length > 0 ? there(failed.length) : notYet('no failed task');
      },
      { withinMs: 120_000 },
    );
    await window(3_000);
    expect(effects(fleet, place)).toEqual([]);

    await stage.kill();
    stage.start();
    await fleet.sql('UPDATE broken SET size = 2');
    await fleet.sync();
    await fleet.untilSettled(sizes(names, 2), 180_000);
    expect(await uidsOf(fleet)).toEqual(before);
    expect(nodeWrites(fleet, place).filter((write) => !write.startsWith('patch'))).toEqual([]);
  }, 400_000);

  /** Workers that have taken steps or done activities of the runs of a fleet's nodes, as `pid@machine`. */
  async function identitiesIn(fleet: Fleet, uids: readonly string[]): Promise<ReadonlySet<string>> {
    const histories = await Promise.all(
      uids.map((uid) =>
        stage.engine.client.workflow.getHandle(workflowIds.node(fleet.namespace, `${uid}-form`)).fetchHistory(),
      ),
    );
    return new Set(
      histories.flatMap(({ events }) =>
        (events ?? []).flatMap(
          ({ workflowTaskCompletedEventAttributes: step, activityTaskStartedEventAttributes: work }) =>
            [step?.identity, work?.identity].filter((identity): identity is string => typeof identity === 'string'),
        ),
      ),
    );
  }

  test('T13 two versions work side by side while rows are provisioned, and the newer one alone finishes: nothing is made twice', async () => {
    const place = stage.audit.now();
    const older = stage.worker().pid;
    const fleet = await bringInFleet(stage, { name: 'mixed', rows: sizes(names), syncInterval: '2s' });
    await eventually('provisioning has begun', async () =>
      (await fleet.nodes()).size > 0 ? there(true) : notYet('no'),
    );
    other = stage.startAnother(version('next'));
    const newer = other.pid;
    const all = [...names];
    const end = Date.now() + (isFull() ? mixedMilliseconds : 0);
    let size = 1;
    while (size < 6 || Date.now() < end) {
      await fleet.untilSettled(sizes(all, size), 240_000);
      size += 1;
      all.push(`later-${size}`);
      await fleet.sql(`INSERT INTO mixed (id, size) VALUES ('later-${size}', 0); UPDATE mixed SET size = ${size}`);
    }
    await fleet.untilSettled(sizes(all, size), 240_000);
    const seen = [...(await identitiesIn(fleet, all))].map((identity) => Number(identity.split('@')[0]));
    expect(new Set(seen)).toEqual(new Set([older, newer]));

    // The older version ends in the middle of what it and the newer one provision.
    const last = Array.from({ length: 10 }, (_, index) => `last-${index}`);
    await fleet.sql(`INSERT INTO mixed (id, size) VALUES ${last.map((uid) => `('${uid}', ${size})`).join(', ')}`);
    await eventually(
      'some of the last are there',
      async () => ((await fleet.nodes()).size > all.length ? there(true) : notYet('none')),
      { everyMs: 20 },
    );
    await stage.kill();
    all.push(...last);
    await fleet.untilSettled(sizes(all, size), 240_000);
    const writes = nodeWrites(fleet, place);
    const made = writes.filter((write) => write.startsWith('create'));
    expect(made.toSorted()).toEqual(all.map((name) => `create ${name}-form`).toSorted());
    expect(writes.filter((write) => write.startsWith('delete'))).toEqual([]);
    const children = mapWrites(fleet, place).map(({ what }) => what);
    expect(children.filter((what) => what.startsWith('create')).toSorted()).toEqual(
      all.map((name) => `create ${name}`).toSorted(),
    );
    expect(children.filter((what) => what.startsWith('delete'))).toEqual([]);
  }, 1_200_000);

  test('T13 after a rollback the runs that the newer version has marked stand still, and start anew once they are terminated: same objects', async () => {
    const fleet = await bringInFleet(stage, { name: 'back', rows: sizes(names) });
    await fleet.untilSettled(sizes(names), 240_000);
    const before = await uidsOf(fleet);
    other?.send('SIGKILL');
    await other?.ended;
    other = undefined;
    const place = stage.audit.now();
    stage.start();
    await fleet.sql('UPDATE back SET size = 2');
    await fleet.sync();
    const marked = await eventually(
      'a run that the newer version has marked cannot go on',
      async () => {
        const found: string[] = [];
        for (const name of names) {
          const handle = stage.engine.client.workflow.getHandle(workflowIds.node(fleet.namespace, `${name}-form`));
          const events = (await handle.fetchHistory()).events ?? [];
          if (events.some(({ workflowTaskFailedEventAttributes: task }) => task !== undefined && task !== null))
            found.push(name);
        }
        return found.length > 0 ? there(found) : notYet('none');
      },
      { withinMs: 120_000, everyMs: 1_000 },
    );
    expect(marked.length).toBeGreaterThan(0);
    for (const name of names)
      await stage.engine.client.workflow
        .getHandle(workflowIds.node(fleet.namespace, `${name}-form`))
        .terminate('rolled back');
    await eventually(
      'the runs are started anew',
      async () => {
        await fleet.sync();
        return fleet.untilSettled(sizes(names, 2), 1_000).then(
          () => there(true),
          (error: unknown) => notYet(String(error)),
        );
      },
      { withinMs: 240_000, everyMs: 2_000 },
    );
    expect(await uidsOf(fleet)).toEqual(before);
    const deletes = stage.audit
      .ofWorker(place)
      .filter(({ verb, objectRef }) => verb === 'delete' && objectRef?.namespace === fleet.namespace);
    expect(deletes).toEqual([]);
  }, 600_000);

  test('afterwards all is at rest, nothing shows a secret, and nothing in the log of the API server breaks a rule', async () => {
    await expectInvariants(stage, begun, { least: { deletes: 0 } });
  }, 300_000);
});
