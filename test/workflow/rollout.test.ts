import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
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

interface Metadata {
  readonly currentDetails?: string;
  readonly definition?: {
    readonly signalDefinitions?: readonly { readonly name?: string; readonly description?: string }[];
  };
}

const metadataOf = (handle: WorkflowHandle): Promise<Metadata> => handle.query('__temporal_workflow_metadata');
const detailsOf = async (handle: WorkflowHandle): Promise<string> => (await metadataOf(handle)).currentDetails ?? '';

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
      await eventually('paused', async () => (await handle.query(rolloutQuery)).phase === 'Paused');
      await handle.terminate();
    });

    expect(noted.commands).toEqual(['pause']);
  });

  it.each([['web-1a2b3c4d5e'], [{ revison: 'web-1a2b3c4d5e' }], [{ revision: 7 }], [{ revision: '' }], [5]])(
    'goes back to nothing when an undo does not say clearly to what, and shows why: %j',
    async (payload) => {
      const { noted, activities } = looking(halted);

      const shown = await bench.run(activities, async () => {
        const handle = await start();
        await eventually('a halt', () => noted.looks === 1);
        await handle.signal('undo', payload);
        const shown = await detailsOf(handle);
        await handle.signal(pauseSignal);
        await eventually('a look after the pause', () => noted.looks === 2);
        const after = await detailsOf(handle);
        await handle.terminate();
        return [shown, after];
      });

      expect(noted.commands).toEqual(['pause']);
      expect(shown[0]).toMatch(
        /^\*\*Refused\*\* undo: this names no revision; send nothing for the last complete revision, or \{"revision": "/,
      );
      expect(shown[1]).not.toContain('Refused');
    },
  );

  it.each([[], [null], [{}]])(
    'goes back to the last complete revision when an undo names none: %j',
    async (...payload) => {
      const { noted, activities } = looking(halted);

      await bench.run(activities, async () => {
        const handle = await start();
        await eventually('a halt', () => noted.looks === 1);
        await handle.signal('undo', ...payload);
        await eventually('a look after the undo', () => noted.looks === 2);
        await handle.terminate();
      });

      expect(noted.commands).toEqual(['undo']);
    },
  );

  it('says on its page where it is and what may be sent to it, also in the run that follows a long history', async () => {
    const { noted, activities } = looking(halted);

    const told = await bench.run(activities, async () => {
      const handle = await start();
      const { runId: first } = await handle.describe();
      const isPaused = async () => (await metadataOf(handle)).currentDetails?.includes('**Paused**') === true;
      await eventually('a halt', isPaused);
      const before = await metadataOf(handle);
      await eventually(
        'a new run',
        async () => {
          for (let round = 0; round < 20; round += 1) await handle.signal(wakeSignal, { cause: 'formChanged' });
          return (await handle.describe()).runId !== first;
        },
        90,
      );
      const looks = noted.looks;
      await handle.signal(wakeSignal, { cause: 'formChanged' });
      await eventually('a look in the new run', () => noted.looks > looks);
      await eventually('its end', isPaused);
      const after = await metadataOf(handle);
      await handle.terminate();
      return { before, after };
    });

    expect(told.before.currentDetails).toMatch(/^\*\*Paused\*\*/);
    expect(told.after.currentDetails).toContain('it alone lets nodes change');
    expect(told.after.currentDetails).toContain('**Paused**');
    const signals = new Map(
      told.after.definition?.signalDefinitions?.map(({ name, description }) => [name, description]),
    );
    for (const name of ['pause', 'resume', 'abort', 'undo', 'wake']) expect(signals.get(name)).toMatch(/\w+ \w+/);
  });
});
