import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Activities, FormRef, RolloutOutcome, RolloutProgress } from '../../activities/contract.ts';
import { abortSignal, pauseSignal, rolloutQuery, undoSignal, wakeSignal } from '../../workflows/messages.ts';
import { eventually, openWorkflowBench, type WorkflowBench } from '../support/temporal.ts';

const progress = (updated: number): RolloutProgress => ({
  phase: 'InProgress',
  message: '',
  total: 2,
  updated,
  ready: updated,
  inFlight: 1,
});
const moving: RolloutOutcome = { kind: 'moving', progress: progress(0) };
const halted: RolloutOutcome = { kind: 'halted', progress: { ...progress(1), phase: 'Paused' } };
const ended: RolloutOutcome = { kind: 'ended', progress: { ...progress(2), phase: 'Complete', inFlight: 0 } };

/** Answers of advanceRollout in order; the last one stays. Commands are noted. */
function looking(...outcomes: readonly RolloutOutcome[]) {
  const noted = { looks: 0, commands: [] as string[] };
  const advanceRollout: Activities['advanceRollout'] = async () => {
    noted.looks += 1;
    return outcomes[Math.min(noted.looks, outcomes.length) - 1] ?? ended;
  };
  const commandRollout: Activities['commandRollout'] = async ({ verb, revision }) => {
    noted.commands.push(revision === undefined ? verb : `${verb} ${revision}`);
    return { kind: 'done', message: '' };
  };
  return { noted, activities: { advanceRollout, commandRollout } };
}

describe('workflows/rollout', () => {
  let bench: WorkflowBench;

  beforeAll(async () => {
    bench = await openWorkflowBench(inject('stack').temporalAddress);
  });
  afterAll(() => bench.close());

  const start = () => {
    const input: FormRef = { namespace: 'lynq-system', hub: 'customers', form: `web-${randomUUID()}` };
    const workflowId = `rollout/${input.namespace}/${input.form}`;
    return bench.client.workflow.start('formRollout', { taskQueue: bench.taskQueue, workflowId, args: [input] });
  };

  it('looks until every node has what it should have, then ends', async () => {
    const { noted, activities } = looking(moving, moving, ended);

    const result = await bench.run(activities, async () => (await start()).result());

    expect(result).toMatchObject({ ended: 'Complete' });
    expect(noted.looks).toBe(3);
  });

  it('rests without a timer once it has halted, and looks again when it is woken', async () => {
    const { noted, activities } = looking(halted, halted, ended);

    await bench.run(activities, async () => {
      const handle = await start();
      await eventually('a halt', async () => (await handle.query(rolloutQuery)).phase === 'Paused');
      const { events } = await handle.fetchHistory();
      expect(events?.filter(({ timerStartedEventAttributes }) => timerStartedEventAttributes)).toEqual([]);
      expect(noted.looks).toBe(1);
      await handle.signal(wakeSignal, { cause: 'formChanged' });
      await eventually('a second look', () => noted.looks === 2);
      await handle.signal(wakeSignal, { cause: 'formChanged' });
      expect(await handle.result()).toMatchObject({ ended: 'Complete' });
    });
  });

  it('carries out what it is told by signal, in order, and looks after each', async () => {
    const { noted, activities } = looking(halted);

    await bench.run(activities, async () => {
      const handle = await start();
      await eventually('a halt', () => noted.looks === 1);
      await handle.signal(pauseSignal);
      await eventually('a look after the pause', () => noted.looks === 2);
      await handle.signal(undoSignal, { revision: 'web-1a2b3c4d5e' });
      await eventually('a look after the undo', () => noted.looks === 3);
      await handle.signal(abortSignal);
      await eventually('a look after the abort', () => noted.looks === 4);
      await handle.terminate();
    });

    expect(noted.commands).toEqual(['pause', 'undo web-1a2b3c4d5e', 'abort']);
  });

  it('starts afresh when its history has grown long, and loses neither wake-up nor command', async () => {
    const { noted, activities } = looking(halted);

    await bench.run(activities, async () => {
      const handle = await start();
      const { runId: first } = await handle.describe();
      await eventually(
        'a new run',
        async () => {
          await handle.signal(wakeSignal, { cause: 'formChanged' });
          return (await handle.describe()).runId !== first;
        },
        90,
      );
      const before = noted.looks;
      await handle.signal(pauseSignal);
      await eventually('a look in the new run', () => noted.looks > before && noted.commands.length === 1);
      expect((await handle.query(rolloutQuery)).phase).toBe('Paused');
      await handle.terminate();
    });

    expect(noted.commands).toEqual(['pause']);
  });
});
