import { MockActivityEnvironment } from '@temporalio/testing';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { asPort, runtimeLogging, temporalLogger } from '../../../worker/logging.ts';

describe('worker/logging', () => {
  const lines: unknown[] = [];
  const sink = new Writable({
    write(chunk, _encoding, done) {
      lines.push(JSON.parse(String(chunk)));
      done();
    },
  });
  const logger = asPort(pino({ base: null }, sink));

  it('names the run and the activity that a line is written by', async () => {
    const activity = new MockActivityEnvironment({
      workflowExecution: { workflowId: 'node/n/acme-web', runId: 'run-1' },
      activityType: 'advanceNode',
      attempt: 2,
    });
    await activity.run(async () => logger.warn('something', { node: 'acme-web' }));

    expect(lines.at(-1)).toMatchObject({
      workflowId: 'node/n/acme-web',
      runId: 'run-1',
      activity: 'advanceNode',
      attempt: 2,
      node: 'acme-web',
      msg: 'something',
    });
  });

  it('names none outside of activities', () => {
    logger.info('elsewhere');

    expect(lines.at(-1)).toMatchObject({ msg: 'elsewhere' });
    expect(lines.at(-1)).not.toHaveProperty('workflowId');
  });

  it("keeps of Temporal's native part what tells a cause, and nothing that may quote what was sent to a run", () => {
    const log = temporalLogger(pino({ base: null, level: 'debug' }, sink));
    const meta = {
      sdkComponent: 'core',
      target: 'temporalio_sdk_core::worker',
      run_id: 'run-1',
      failure: `Failure { message: "out of order", ${'x'.repeat(5_000)}`,
      activation: 'apiReplicas: 4',
      spanContexts: { complete: { command: 'apiReplicas: 4' } },
    };
    log.log('WARN', `Tried to act after it shut down, when sending ${'y'.repeat(5_000)}`, meta);
    expect(lines.at(-1)).toMatchObject({
      level: 40,
      msg: expect.stringMatching(/^Tried to act after it shut down, when sending y{450,}…$/),
      target: 'temporalio_sdk_core::worker',
      runId: 'run-1',
      failure: expect.stringMatching(/^Failure { message: "out of order"/),
    });
    const text = JSON.stringify(lines.at(-1));
    expect(text).not.toContain('apiReplicas');
    expect(text.length).toBeLessThan(1_500);
    log.error('Error converting native log entry: SyntaxError', { entry: 'apiReplicas: 4', error: new SyntaxError() });
    expect(JSON.stringify(lines.at(-1))).not.toContain('apiReplicas');
  });

  it('names run and activity in lines of the SDK as in those of an activity', () => {
    const log = temporalLogger(pino({ base: null, level: 'debug' }, sink));
    const own = { workflowId: 'node/n/acme-web', runId: 'run-1', activity: 'advanceNode', attempt: 2 };
    const { runId: workflowRunId, activity: activityType, ...same } = own;
    log.warn('Activity failed', { sdkComponent: 'worker', ...same, workflowRunId, activityType });
    expect(lines.at(-1)).toMatchObject({ ...own, msg: 'Activity failed', sdkComponent: 'worker' });
    log.warn('Task not found', { sdkComponent: 'core', workflow_id: own.workflowId, run_id: own.runId });
    expect(lines.at(-1)).toMatchObject({ workflowId: own.workflowId, runId: own.runId });
    log.info('Workflow started', { sdkComponent: 'worker', workflowId: own.workflowId, runId: own.runId });
    expect(lines.at(-1)).toMatchObject({ workflowId: own.workflowId, runId: own.runId });
    expect(JSON.stringify(lines.slice(-3))).not.toMatch(/workflowRunId|activityType|workflow_id|run_id/);
  });

  it.each([
    ['debug', 'INFO'],
    ['info', 'WARN'],
    ['warn', 'WARN'],
    ['error', 'ERROR'],
    ['silent', 'ERROR'],
  ])("at level %s Temporal's native part tells from %s on, through this log", (level, core) => {
    expect(runtimeLogging(pino({ level }, sink)).telemetryOptions).toEqual({
      logging: { filter: { core, other: 'ERROR' }, forward: {} },
    });
  });
});
