import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { workflowIds } from '../../../domain/identity.ts';
import { describeRequest } from '../../support/e2e/audit.ts';
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
import { type GrpcProxy, openGrpcProxy } from '../../support/faults/grpc-proxy.ts';
import { openStage, type Stage } from '../../support/faults/stage.ts';

const outageMilliseconds = 60_000;
/** R of the list of faults for a hub with an interval of 2 s: two of those and 30 s. */
const settledWithinMs = 34_000;

/** Faults on the way between a worker and Temporal: the worker reaches it through a proxy, the tests do not. */
describe('faults/temporal/between', () => {
  let proxy: GrpcProxy;
  let stage: Stage;
  let begun = 0;

  beforeAll(async () => {
    const stack = inject('stack');
    proxy = await openGrpcProxy(stack.temporalAddress);
    stage = await openStage(stack, 'between', { through: { temporalAddress: proxy.address } });
    begun = stage.audit.now();
  });
  afterAll(async () => {
    await stage?.close();
    await proxy?.close();
  });

  const uidsOf = async (fleet: Fleet) =>
    Object.fromEntries([...(await fleet.nodes())].map(([uid, { metadata }]) => [uid, metadata.uid]));

  /** Everything the worker wrote of a fleet's namespace, but for leases and Events. */
  const effects = (fleet: Fleet, place: number) =>
    stage.audit
      .ofWorker(place)
      .filter(({ objectRef }) => objectRef?.namespace === fleet.namespace && objectRef.resource !== 'events')
      .map(describeRequest);

  const nodeRun = (fleet: Fleet, uid: string) => ({ workflowId: workflowIds.node(fleet.namespace, `${uid}-form`) });

  test('T4 a completion that never reaches the server makes the activity run again and changes nothing more', async () => {
    const names = ['one', 'two', 'three'];
    const fleet = await bringInFleet(stage, { name: 'answers', rows: sizes(names) });
    await fleet.untilSettled(sizes(names));
    const before = await uidsOf(fleet);
    const mapsBefore = await mapsOf(fleet);
    const place = stage.audit.now();
    const lose = (about: string) =>
      proxy.add({ methods: ['RespondActivityTaskCompleted'], about, fault: 'hold', times: 1 });
    const held = [lose('syncHub'), lose('advanceNode')];
    await fleet.sql("INSERT INTO answers (id, size) VALUES ('four', 1); UPDATE answers SET size = 2 WHERE id = 'one'");
    await fleet.sync();

    await fleet.untilSettled({ ...sizes(['two', 'three', 'four']), one: 2 });
    await eventually('both answers were lost and both activities have run again', async () => {
      const attempts = await attemptsIn(stage.engine, [
        ...(await stage.engine.syncsOf(fleet.namespace, 'hub')),
        ...['one', 'four'].map((uid) => nodeRun(fleet, uid)),
      ]);
      const met = held.map((rule) => rule.met());
      const isRepeated = [attempts['syncHub'], attempts['advanceNode']].every((attempt = 0) => attempt > 1);
      return met.every((count) => count === 1) && isRepeated ? there(attempts) : notYet({ met, attempts });
    });
    for (const rule of held) rule.remove();
    expect(await uidsOf(fleet)).toMatchObject(before);
    const writes = nodeWrites(fleet, place);
    expect(writes.filter((write) => write.startsWith('create'))).toEqual(['create four-form']);
    expect(writes.filter((write) => write.startsWith('delete'))).toEqual([]);

    // Each object that had to change was changed once; what the second attempt may have written left it as it was.
    const maps = await mapsOf(fleet);
    const { one, ...others } = mapsBefore;
    expect(maps).toMatchObject(others);
    expect(maps['one']?.uid).toBe(one?.uid);
    const children = mapWrites(fleet, place);
    for (const [what, uid] of [
      ['change', 'one'],
      ['create', 'four'],
    ]) {
      const about = children.filter((write) => write.what.endsWith(` ${uid}`));
      expect([uid, about[0]?.what]).toEqual([uid, `${what} ${uid}`]);
      expect([uid, new Set(about.map(({ version }) => version))]).toEqual([uid, new Set([maps[`${uid}`]?.version])]);
      expect(about.length).toBeLessThanOrEqual(2);
    }
    expect(children.filter(({ what }) => !/ (?:one|four)$/.test(what))).toEqual([]);
  });

  test('T5 a visibility store that fails, stalls or knows of nothing changes no decision and holds up no sync', async () => {
    const names = ['one', 'two', 'three'];
    const fleet = await bringInFleet(stage, { name: 'blind', rows: sizes(names), syncInterval: '2s' });
    await fleet.untilSettled(sizes(names));
    const before = await uidsOf(fleet);
    const place = stage.audit.now();
    const methods = ['ListWorkflowExecutions', 'CountWorkflowExecutions'];
    const failing = proxy.add({ methods, fault: 'refuse' });
    await fleet.sql("INSERT INTO blind (id, size) VALUES ('four', 1)");
    await fleet.untilSettled(sizes([...names, 'four']));
    await eventually('visibility has been asked', () => (failing.met() > 0 ? there(true) : notYet('not yet')));
    failing.remove();

    const stalled = proxy.add({ methods, fault: 'hold' });
    await fleet.sql("INSERT INTO blind (id, size) VALUES ('five', 1)");
    await fleet.untilSettled(sizes([...names, 'four', 'five']));
    await eventually('visibility has been asked', () => (stalled.met() > 0 ? there(true) : notYet('not yet')));
    stalled.remove();

    const stale = proxy.add({ methods, fault: 'empty' });
    await fleet.sql("DELETE FROM blind WHERE id = 'one'; UPDATE blind SET size = 5 WHERE id = 'two'");
    await fleet.untilSettled({ three: 1, four: 1, five: 1, two: 5 });
    await eventually('it has been asked again', () => (stale.met() > 1 ? there(true) : notYet(stale.met())));
    stale.remove();

    const { one: _gone, ...kept } = before;
    expect(await uidsOf(fleet)).toMatchObject(kept);
    const writes = nodeWrites(fleet, place);
    expect(new Set(writes.filter((write) => write.startsWith('delete')))).toEqual(new Set(['delete one-form']));
    expect(writes.filter((write) => write.startsWith('create'))).toEqual(['create four-form', 'create five-form']);
  });

  test('T1 while Temporal cannot be reached nothing is done, and afterwards everything with at most one sync to catch up', async () => {
    const names = ['one', 'two', 'three'];
    const fleet = await bringInFleet(stage, { name: 'cutoff', rows: sizes(names), syncInterval: '2s' });
    await fleet.untilSettled(sizes(names));
    const before = await uidsOf(fleet);
    const began = new Date();
    await proxy.down();
    await fleet.sql("INSERT INTO cutoff (id, size) VALUES ('four', 1); DELETE FROM cutoff WHERE id = 'one'");
    await window(5_000);
    const place = stage.audit.now();
    await window(outageMilliseconds - 5_000);

    expect(effects(fleet, place)).toEqual([]);
    const during = await startedSince(fleet, began);
    // One that was under way and one that waits for a worker; the schedule skips all others.
    expect(during.length).toBeLessThanOrEqual(2);
    const back = performance.now();
    await proxy.up();
    await fleet.untilSettled(sizes(['two', 'three', 'four']), settledWithinMs);
    process.stdout.write(`faults/temporal T1: settled after ${Math.round(performance.now() - back)} ms\n`);
    const { one: _gone, ...kept } = before;
    expect(await uidsOf(fleet)).toMatchObject(kept);
    const overlapping = overlaps(await startedSince(fleet, began));
    expect(overlapping).toEqual([]);
    await eventually('the hub has counted', async () => {
      const { status } = await fleet.hub();
      return status?.ready === 3 && status?.rows?.seen === 3 ? there(true) : notYet(status);
    });
    expectCounts(await fleet.hub(), 3);
  }, 300_000);

  interface Span {
    readonly id: string;
    readonly from: number;
    readonly to: number;
  }

  async function startedSince(fleet: Fleet, time: Date): Promise<readonly Span[]> {
    const spans: Span[] = [];
    const query = `TemporalScheduledById = "${workflowIds.schedule(fleet.namespace, 'hub')}"`;
    for await (const { workflowId, startTime, closeTime } of stage.engine.client.workflow.list({ query })) {
      if (startTime < time) continue;
      spans.push({ id: workflowId, from: startTime.getTime(), to: closeTime?.getTime() ?? Number.POSITIVE_INFINITY });
    }
    return spans;
  }

  const overlaps = (spans: readonly Span[]): readonly string[] =>
    spans
      .filter((one) => spans.some((other) => other.id !== one.id && other.from < one.to && one.from < other.to))
      .map(({ id }) => id);

  test('afterwards all is at rest, nothing shows a secret, and nothing in the log of the API server breaks a rule', async () => {
    await expectInvariants(stage, begun);
  }, 300_000);
});
