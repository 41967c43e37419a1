import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { workflowIds } from '../../../domain/identity.ts';
import { describeRequest } from '../../support/e2e/audit.ts';
import { eventually, notYet, there, window } from '../../support/e2e/eventually.ts';
import { expectRulesKept } from '../../support/faults/rules-kept.ts';
import { disturbances } from '../../support/faults/disturbances.ts';
import { bringInFleet, type Fleet, nodeWrites, sizes } from '../../support/faults/row-fleet.ts';
import type { FaultyWorker } from '../../support/faults/process.ts';
import { openStage, type Stage } from '../../support/faults/stage.ts';

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

  test('T13 two versions work side by side while rows are provisioned, and the newer one alone finishes: nothing is made twice', async () => {
    const place = stage.audit.now();
    other = stage.startAnother(version('next'));
    const fleet = await bringInFleet(stage, { name: 'mixed', rows: sizes(names), syncInterval: '2s' });
    for (let round = 2; round <= 6; round += 1) {
      await fleet.untilSettled(sizes(names, round - 1), 240_000);
      await fleet.sql(`UPDATE mixed SET size = ${round}`);
    }
    await stage.kill();
    await fleet.sql('UPDATE mixed SET size = 7');
    await fleet.untilSettled(sizes(names, 7), 240_000);
    const writes = nodeWrites(fleet, place);
    const made = writes.filter((write) => write.startsWith('create'));
    expect(made.toSorted()).toEqual(names.map((name) => `create ${name}-form`).toSorted());
    expect(writes.filter((write) => write.startsWith('delete'))).toEqual([]);
  }, 600_000);

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

  test('nothing in the log of the API server breaks a rule, and what is not ours is what it was', async () => {
    await expectRulesKept(stage, begun, { least: { deletes: 0 } });
  });
});
