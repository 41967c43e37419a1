import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import { eventually, notYet, there } from '../../support/e2e/eventually.ts';
import { type ApiProxy, openProxy } from '../../support/faults/proxy.ts';
import type { CallMatch } from '../../support/faults/proxy-rules.ts';
import { bringInFleet, type Fleet, sizes } from '../../support/faults/row-fleet.ts';
import { openStage, type Stage } from '../../support/faults/stage.ts';

/** A worker that is told to end (SIGTERM) while the API server is of no help: a pod that does not end in time is killed. */
describe('faults/process/stop', () => {
  let proxy: ApiProxy;
  let stage: Stage;
  let fleet: Fleet;

  beforeAll(async () => {
    const stack = inject('stack');
    proxy = await openProxy(stack.kubeconfig);
    // Of the 20 s that activities may go on for, which a request without an answer uses up.
    const settings = { LYNQ_SHUTDOWN_SECONDS: '2' };
    stage = await openStage(stack, 'stop', { through: { kubeconfig: proxy.kubeconfig() }, settings });
    fleet = await bringInFleet(stage, { name: 'stop', rows: sizes(['one', 'two']), syncInterval: '2s' });
    await fleet.untilSettled(sizes(['one', 'two']));
  });
  afterEach(() => proxy.clear());
  afterAll(async () => {
    await stage?.close();
    await proxy?.close();
  });

  async function expectGoodEnd(): Promise<void> {
    stage.worker().send('SIGTERM');
    const ending = await stage.ended(10_000).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${stage.worker().output()}`);
    });
    expect(ending, stage.worker().output()).toEqual({ code: 0, signal: null });
  }

  const asked = (match: CallMatch, place: number) =>
    eventually('the worker has asked', () =>
      proxy.calls.slice(place).some((call) => proxy.of(match).includes(call)) ? there(true) : notYet('not yet'),
    );

  const untilSaid = (text: string) =>
    eventually(`the worker says ${text}`, () =>
      stage.worker().output().includes(text) ? there(true) : notYet(stage.worker().output()),
    );

  async function restarted(): Promise<void> {
    if (stage.worker().isAlive()) await stage.kill();
    stage.start();
    await untilSaid('"leading"');
    await untilSaid('worker ready');
  }

  test.each([
    ['its first lists', { verb: 'list', resource: 'lynqnodes' }],
    ['its definitions', { verb: 'get', resource: 'customresourcedefinitions' }],
  ] as const)('ends in good order while it starts and waits for %s', async (_what, match) => {
    if (stage.worker().isAlive()) await stage.kill();
    const place = proxy.calls.length;
    proxy.add({ match, fault: { kind: 'silence' } });
    stage.start();
    await asked(match, place);
    await sleep(1_000);
    await expectGoodEnd();
  });

  test('ends in good order as the leader while the API server refuses connections', async () => {
    await restarted();
    const up = proxy.down();
    await sleep(1_000);
    try {
      await expectGoodEnd();
    } finally {
      await up();
    }
  });

  test('ends in good order as the leader while the API server answers nothing', async () => {
    await restarted();
    proxy.add({ match: {}, fault: { kind: 'silence' } });
    await sleep(1_000);
    await expectGoodEnd();
  });

  test('goes on after all that where it was', async () => {
    await restarted();
    await fleet.sql('UPDATE stop SET size = 2');
    await fleet.untilSettled(sizes(['one', 'two'], 2));
    await expectGoodEnd();
  });
});
