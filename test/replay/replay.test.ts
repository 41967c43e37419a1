import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { Worker } from '@temporalio/worker';
import { describe, expect, it } from 'vitest';
import * as workflows from '../../workflows/index.ts';
import { resyncSignal, scaleSignal, scaleUpdate, wakeSignal } from '../../workflows/messages.ts';
import { quietRuntime, workflowBundle } from '../support/temporal.ts';

const folder = fileURLToPath(new URL('./histories/', import.meta.url));
const recorded = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.json'))
  .toSorted();

/** Runs of earlier versions, recorded on real servers, have to replay for as long as such runs may be open. */
describe('workflows/index', () => {
  it('has a recorded history of each workflow', () => {
    expect(new Set(recorded.map((name) => name.split('/')[0]))).toEqual(new Set(Object.keys(workflows)));
  });

  it('has a recorded history with each message that a node understands', () => {
    const texts = recorded
      .filter((name) => name.startsWith('lynqNode/'))
      .map((name) => readFileSync(join(folder, name), 'utf8'));
    const missing = [resyncSignal, wakeSignal, scaleSignal]
      .map(({ name }) => `"signalName": "${name}"`)
      .concat(`"name": "${scaleUpdate.name}"`)
      .filter((wanted) => !texts.some((text) => text.includes(wanted)));
    expect(missing).toEqual([]);
  });

  it.each(recorded)('replays %s', async (name) => {
    quietRuntime();
    const history = historyFromJSON(JSON.parse(readFileSync(join(folder, name), 'utf8')));

    const replays = Worker.runReplayHistories({ workflowBundle: await workflowBundle() }, [
      { workflowId: name, history },
    ]);

    for await (const { error } of replays) expect(error).toBeUndefined();
  });

  it('would notice another order of commands', async () => {
    quietRuntime();
    const name = recorded.find((file) => file.startsWith('lynqNode/')) ?? '';
    const text = readFileSync(join(folder, name), 'utf8').replaceAll('"advanceNode"', '"removeNode"');
    const history = historyFromJSON(JSON.parse(text));

    const replays = Worker.runReplayHistories({ workflowBundle: await workflowBundle() }, [
      { workflowId: name, history },
    ]);

    for await (const { error } of replays) expect(error).toBeDefined();
  });
});
