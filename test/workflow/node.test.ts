import { randomUUID } from 'node:crypto';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Activities, AdvanceOutcome, NodeProgress } from '../../activities/contract.ts';
import { removedCause } from '../../domain/mass-removal.ts';
import { resyncSignal, scaleUpdate, statusQuery, wakeSignal } from '../../workflows/messages.ts';
import { searchAttributes } from '../../workflows/search-attributes.ts';
import type { NodeInput } from '../../workflows/node/state.ts';
import { eventually, openWorkflowBench, type WorkflowBench } from '../support/temporal.ts';

const progress = (ready: number, desired: number): NodeProgress => ({
  entries: [{ id: 'web', kind: 'Deployment', name: 'acme-web', state: ready === desired ? 'Ready' : 'Progressing' }],
  ready,
  failed: 0,
  desired,
});
const settled: AdvanceOutcome = { kind: 'settled', progress: progress(1, 1) };
const advanced: AdvanceOutcome = { kind: 'advanced', progress: progress(0, 1), next: 'apply: Service acme-web' };

function nodeInput(): NodeInput {
  return { namespace: 'lynq-system', node: `acme-${randomUUID()}`, hub: 'customers', form: 'web', uid: 'acme' };
}

/** Answers of advanceNode in order; the last one stays. */
function advancing(...outcomes: readonly AdvanceOutcome[]) {
  const calls: { force: boolean }[] = [];
  const advanceNode: Activities['advanceNode'] = async ({ force }) => {
    calls.push({ force });
    return outcomes[Math.min(calls.length, outcomes.length) - 1] ?? settled;
  };
  return { calls, advanceNode };
}

describe('workflows/node/node', () => {
  let bench: WorkflowBench;

  beforeAll(async () => {
    bench = await openWorkflowBench(inject('stack').temporalAddress);
  });
  afterAll(() => bench.close());

  const start = (input: NodeInput) =>
    bench.client.workflow.start('lynqNode', {
      taskQueue: bench.taskQueue,
      workflowId: `node/lynq-system/${input.node}`,
      args: [input],
    });

  it('runs wave after wave until nothing can be done, then rests without a timer', async () => {
    const fake = advancing(advanced, advanced, settled);

    const events = await bench.run(fake, async () => {
      const handle = await start(nodeInput());
      await eventually('three waves', () => fake.calls.length === 3);
      await eventually('rest', async () => (await handle.query(statusQuery)).phase === 'Ready');
      const history = await handle.fetchHistory();
      await handle.terminate();
      return history.events ?? [];
    });

    expect(events.filter(({ timerStartedEventAttributes }) => timerStartedEventAttributes)).toEqual([]);
    expect(
      events.filter(({ activityTaskScheduledEventAttributes }) => activityTaskScheduledEventAttributes),
    ).toHaveLength(3);
  });

  it('begins a pass when it is woken and writes everything once more when it is resynced', async () => {
    const fake = advancing(settled);

    await bench.run(fake, async () => {
      const handle = await start(nodeInput());
      await eventually('first pass', () => fake.calls.length === 1);
      await handle.signal(wakeSignal, { cause: 'childrenChanged' });
      await eventually('second pass', () => fake.calls.length === 2);
      await handle.signal(resyncSignal, { cause: 'test' });
      await eventually('third pass', () => fake.calls.length === 3);
      await handle.terminate();
    });

    expect(fake.calls.map(({ force }) => force)).toEqual([false, false, true]);
  });

  it.each<readonly [string, () => Promise<AdvanceOutcome>]>([
    ['is overtaken by a change', async () => ({ kind: 'superseded', progress: progress(0, 1), force: true })],
    ['fails for good', () => Promise.reject(ApplicationFailure.nonRetryable('refused', 'FormInvalid'))],
  ])('resyncs again when a resync %s', async (_, ends) => {
    const forced: boolean[] = [];
    const advanceNode: Activities['advanceNode'] = async ({ force }) => {
      forced.push(force);
      return forced.length === 2 ? ends() : settled;
    };

    await bench.run({ advanceNode }, async () => {
      const handle = await start(nodeInput());
      await eventually('rest', async () => (await handle.query(statusQuery)).phase === 'Ready');
      await handle.signal(resyncSignal, { cause: 'test' });
      await eventually('the resync', () => forced.length >= 2);
      await handle.signal(wakeSignal, { cause: 'test' });
      await eventually('another one', () => forced.length >= 3);
      await eventually('rest again', async () => (await handle.query(statusQuery)).phase === 'Ready');
      await handle.terminate();
    });

    expect(forced.slice(0, 3)).toEqual([false, true, true]);
    expect(forced.slice(3)).not.toContain(true);
  });

  it('ends without a look when it is told at rest that its LynqNode is gone', async () => {
    const fake = advancing(settled);

    const events = await bench.run(fake, async () => {
      const handle = await start(nodeInput());
      await eventually('rest', async () => (await handle.query(statusQuery)).phase === 'Ready');
      await handle.signal(wakeSignal, { cause: removedCause });
      expect(await handle.result()).toMatchObject({ ended: 'removed' });
      return (await handle.fetchHistory()).events ?? [];
    });

    expect(fake.calls).toHaveLength(1);
    const steps = events.filter(({ workflowTaskCompletedEventAttributes }) => workflowTaskCompletedEventAttributes);
    expect(steps).toHaveLength(3);
  });

  it.each<readonly [string, AdvanceOutcome]>([
    ['waits for something', { kind: 'waiting', progress: progress(0, 1), retryAfterSeconds: 600 }],
    ['has a form that cannot be used', { kind: 'unusable', reason: 'DependencyError' }],
  ])('looks first when it is told so while it %s', async (_, outcome) => {
    const fake = advancing(outcome, settled);

    await bench.run(fake, async () => {
      const handle = await start(nodeInput());
      await eventually('a wait', async () => fake.calls.length === 1);
      await eventually('it shows', async () => (await handle.query(statusQuery)).phase !== 'Applying');
      await handle.signal(wakeSignal, { cause: removedCause });
      await eventually('rest', async () => (await handle.query(statusQuery)).phase === 'Ready');
      expect(fake.calls).toHaveLength(2);
      await handle.terminate();
    });
  });

  it('looks when it is woken in the same moment, as for another LynqNode of the name', async () => {
    const fake = advancing(settled);
    const input = nodeInput();

    const handle = await bench.run(fake, async () => {
      const started = await start(input);
      await eventually('rest', async () => (await started.query(statusQuery)).phase === 'Ready');
      return started;
    });
    // Without a worker both messages wait, and come in one step.
    await handle.signal(wakeSignal, { cause: removedCause });
    await handle.signal(wakeSignal, { cause: 'nodeChanged' });
    await bench.run(fake, async () => {
      await eventually('another look', () => fake.calls.length === 2);
      await eventually('rest', async () => (await handle.query(statusQuery)).phase === 'Ready');
      expect((await handle.describe()).status.name).toBe('RUNNING');
      await handle.terminate();
    });
  });

  it('takes a node away when its LynqNode is being deleted, and ends', async () => {
    const steps: string[] = [];
    const removeNode: Activities['removeNode'] = async () => {
      steps.push('remove');
      return steps.length === 1
        ? { kind: 'waiting', progress: progress(0, 1), retryAfterSeconds: 1 }
        : { kind: 'removed' };
    };

    const result = await bench.run({ ...advancing({ kind: 'removing' }), removeNode }, async () =>
      (await start(nodeInput())).result(),
    );

    expect(result).toMatchObject({ ended: 'removed' });
    expect(steps).toEqual(['remove', 'remove']);
  });

  it('ends when a step found the LynqNode being deleted and took everything away itself', async () => {
    const result = await bench.run(advancing({ kind: 'removed' }), async () => (await start(nodeInput())).result());
    expect(result).toMatchObject({ ended: 'removed' });
  });

  it('removes nothing when it is cancelled', async () => {
    const removals: string[] = [];
    const removeNode: Activities['removeNode'] = async ({ node }) => {
      removals.push(node);
      return { kind: 'removed' };
    };
    const fake = advancing(settled);

    await bench.run({ ...fake, removeNode }, async () => {
      const handle = await start(nodeInput());
      await eventually('rest', () => fake.calls.length === 1);
      await handle.cancel();
      await expect(handle.result()).rejects.toThrow();
    });

    expect(removals).toEqual([]);
  });

  it('records a scale request, answers with what is overridden and begins a pass', async () => {
    const fake = advancing(settled);
    const recordOverrides: Activities['recordOverrides'] = async ({ overrides }) => ({
      overridden: Object.keys(overrides),
    });

    await bench.run({ ...fake, recordOverrides }, async () => {
      const handle = await start(nodeInput());
      await eventually('first pass', () => fake.calls.length === 1);
      const reply = await handle.executeUpdate(scaleUpdate, { args: [{ overrides: { apiReplicas: '4' } }] });
      expect(reply.overridden).toEqual(['apiReplicas']);
      await eventually('pass after the scale', () => fake.calls.length === 2);
      await handle.terminate();
    });
  });

  it.each([
    { request: { overrides: {} }, problem: 'name at least one variable' },
    { request: { overrides: { apiReplicas: 4 } }, problem: 'must be text' },
    { request: { overrides: ['4'] }, problem: 'must be an object' },
    { request: {}, problem: 'must be an object' },
  ])('refuses a malformed scale request and keeps running: $problem', async ({ request, problem }) => {
    const fake = advancing(settled);

    await bench.run(fake, async () => {
      const handle = await start(nodeInput());
      const refused = handle.executeUpdate('scale', { args: [request] });
      await expect(refused).rejects.toThrow(WorkflowUpdateFailedError);
      const said = await refused.then(String, (error: WorkflowUpdateFailedError) => String(error.cause));
      expect(said).toMatch(/LynqNode lynq-system\/\S+ is not scaled: /);
      expect(said).toContain(problem);
      expect(said).toContain('Send {"overrides": {"apiReplicas": "4"}}');
      expect((await handle.describe()).status.name).toBe('RUNNING');
      await handle.terminate();
    });
  });

  it('shows on its page that a scale signal could not be taken, until one can', async () => {
    const fake = advancing(settled);
    const recordOverrides: Activities['recordOverrides'] = async ({ overrides }) => ({
      overridden: Object.keys(overrides),
    });

    const shown = await bench.run({ ...fake, recordOverrides }, async () => {
      const handle = await start(nodeInput());
      const details = async () =>
        (await handle.query<{ currentDetails?: string }>('__temporal_workflow_metadata')).currentDetails ?? '';
      await eventually('first pass', () => fake.calls.length === 1);
      await handle.signal('scale', { overrides: { apiReplicas: 4 } });
      const refused = await details();
      await handle.signal('scale', { overrides: { apiReplicas: '4' } });
      await eventually('pass after the scale', () => fake.calls.length >= 2);
      const taken = await details();
      await handle.terminate();
      return { refused, taken };
    });

    expect(shown.refused).toMatch(
      /^\*\*Refused\*\* scale: the override of apiReplicas must be text, as the column would give it\. Send \{"overrides"/,
    );
    expect(shown.taken).not.toContain('Refused');
  });

  it('rests after a failure that no retry cures, until it is woken', async () => {
    let calls = 0;
    const advanceNode: Activities['advanceNode'] = async () => {
      calls += 1;
      if (calls === 1) throw ApplicationFailure.nonRetryable('the form is wrong', 'FormInvalid');
      return settled;
    };

    await bench.run({ advanceNode }, async () => {
      const handle = await start(nodeInput());
      await eventually('degraded', async () => (await handle.query(statusQuery)).phase === 'Degraded');
      await handle.signal(wakeSignal, { cause: 'nodeChanged' });
      await eventually('ready', async () => (await handle.query(statusQuery)).phase === 'Ready');
      await handle.terminate();
    });
  });

  it('starts afresh when its history has grown long, and loses no wake-up', async () => {
    const fake = advancing(settled);

    await bench.run(fake, async () => {
      const handle = await start(nodeInput());
      const firstRun = (await handle.describe()).runId;
      for (let round = 0; round < 200; round += 1) await handle.signal(wakeSignal, { cause: `round ${round}` });
      await eventually(
        'a new run',
        async () => {
          await handle.signal(wakeSignal, { cause: 'again' });
          return (await handle.describe()).runId !== firstRun;
        },
        60,
      );
      const before = fake.calls.length;
      await handle.signal(wakeSignal, { cause: 'last' });
      await eventually('a pass in the new run', () => fake.calls.length > before);
      await eventually('ready again', async () => (await handle.query(statusQuery)).phase === 'Ready');
      await handle.terminate();
    });
  });

  it('is found and told about in the run that follows a long history as in the one before', async () => {
    const fake = advancing(settled);
    const input = nodeInput();
    const memo = { hub: input.hub, form: input.form, uid: input.uid };

    const { told, runs } = await bench.run(fake, async () => {
      const handle = await bench.client.workflow.start('lynqNode', {
        taskQueue: bench.taskQueue,
        workflowId: `node/lynq-system/${input.node}`,
        args: [input],
        staticSummary: 'acme / web',
        staticDetails: `LynqNode **${input.node}**`,
        memo,
        typedSearchAttributes: [
          { key: searchAttributes.hub, value: input.hub },
          { key: searchAttributes.form, value: input.form },
          { key: searchAttributes.uid, value: input.uid },
          { key: searchAttributes.node, value: input.node },
          { key: searchAttributes.phase, value: 'Starting' },
        ],
      });
      const firstRun = (await handle.describe()).runId;
      await eventually('rest', async () => (await handle.query(statusQuery)).phase === 'Ready');
      await eventually(
        'a new run',
        async () => {
          for (let round = 0; round < 20; round += 1) await handle.signal(wakeSignal, { cause: `round ${round}` });
          return (await handle.describe()).runId !== firstRun;
        },
        60,
      );
      await eventually('rest in the new run', async () => (await handle.query(statusQuery)).phase === 'Ready');
      const description = await handle.describe();
      const metadata = await handle.query<{ currentDetails?: string }>('__temporal_workflow_metadata');
      await handle.terminate();
      const summary = await description.staticSummary();
      const details = await description.staticDetails();
      return { told: { description, summary, details, metadata }, runs: [firstRun, description.runId] };
    });

    expect(runs[1]).not.toBe(runs[0]);
    const { description, summary, details, metadata } = told;
    expect(description.memo).toEqual(memo);
    const attributes = Object.fromEntries(
      Object.entries(searchAttributes).map(([name, key]) => [name, description.typedSearchAttributes.get(key)]),
    );
    expect(attributes).toEqual({ hub: input.hub, form: input.form, uid: input.uid, node: input.node, phase: 'Ready' });
    expect(metadata.currentDetails).toContain('| web | Deployment acme-web | Ready |');
    // Temporal lets only a start say these. They are not lost: the current details begin with what they said.
    expect({ summary, details }).toEqual({ summary: undefined, details: undefined });
    expect(metadata.currentDetails).toMatch(
      new RegExp(`^# acme / web\n\nLynqNode \\*\\*${input.node}\\*\\* in namespace \\*\\*lynq-system\\*\\*`),
    );
  });

  it('does not say Ready while it is at work', async () => {
    let finish: () => void = () => undefined;
    const finished = new Promise<void>((resolve) => (finish = resolve));
    const calls: number[] = [];
    const advanceNode: Activities['advanceNode'] = async () => {
      if (calls.push(0) === 2) await finished;
      return settled;
    };

    const phases = await bench.run({ advanceNode }, async () => {
      const handle = await start(nodeInput());
      const phase = async () => (await handle.query(statusQuery)).phase;
      await eventually('rest', async () => (await phase()) === 'Ready');
      await handle.signal(wakeSignal, { cause: 'nodeChanged' });
      await eventually('the second pass', () => calls.length === 2);
      const { currentDetails } = await handle.query<{ currentDetails?: string }>('__temporal_workflow_metadata');
      const working = [await phase(), currentDetails?.split('\n')[0]];
      finish();
      await eventually('rest again', async () => (await phase()) === 'Ready');
      await handle.terminate();
      return working;
    });

    expect(phases).toEqual(['Applying', '**Applying** 1/1 ready, pass 2 (nodeChanged)']);
  });

  it('shows its table again in the run that follows a long history', async () => {
    const fake = advancing(settled);

    const details = await bench.run(fake, async () => {
      const input = nodeInput();
      const carried = {
        phase: 'Ready',
        progress: progress(1, 1),
        passes: 7,
        lastCause: 'childrenChanged',
        dirty: false,
      } as const;
      const handle = await start({ ...input, carried });
      const metadata = await handle.query<{ currentDetails?: string }>('__temporal_workflow_metadata');
      await handle.terminate();
      return metadata.currentDetails;
    });

    expect(details).toContain('| web | Deployment acme-web | Ready |');
    expect(fake.calls).toEqual([]);
  });

  it('goes on with a pass of more waves than one history holds, without being woken', async () => {
    const waves = 150;
    const fake = advancing(...Array.from({ length: waves }, () => advanced), settled);

    await bench.run(fake, async () => {
      const handle = await start(nodeInput());
      const firstRun = (await handle.describe()).runId;
      await eventually('all waves', () => fake.calls.length === waves + 1, 60);
      await eventually('rest', async () => (await handle.query(statusQuery)).phase === 'Ready');
      expect((await handle.describe()).runId).not.toBe(firstRun);
      await handle.terminate();
    });
  });

  it('goes on with a removal of more steps than one history holds, without being woken', async () => {
    const steps = 150;
    let removals = 0;
    const removeNode: Activities['removeNode'] = async () => {
      removals += 1;
      return removals < steps
        ? { kind: 'advanced', progress: progress(0, 1), next: 'remove Service acme-web' }
        : { kind: 'removed' };
    };

    await bench.run({ ...advancing({ kind: 'removing' }), removeNode }, async () => {
      const handle = await start(nodeInput());
      expect(await handle.result()).toMatchObject({ ended: 'removed' });
    });

    expect(removals).toBe(steps);
  });
});
