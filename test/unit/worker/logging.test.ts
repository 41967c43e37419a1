import { MockActivityEnvironment } from '@temporalio/testing';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { asPort } from '../../../worker/logging.ts';

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
});
