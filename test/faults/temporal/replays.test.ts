import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { bundleWorkflowCode, DefaultLogger, Worker, type WorkflowBundle } from '@temporalio/worker';
import { describe, expect, test } from 'vitest';
import { quietRuntime } from '../../support/temporal.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const folder = join(root, 'test/replay/histories');
const recorded = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.json'));
const fewestHistories = 60;

const bundleOf = (version?: 'next' | 'broken'): Promise<WorkflowBundle> =>
  bundleWorkflowCode({
    workflowsPath: join(root, 'workflows/index.ts'),
    workflowInterceptorModules: version === undefined ? [] : [join(root, `test/support/faults/workflow-${version}.ts`)],
    logger: new DefaultLogger('ERROR'),
  });

/** Names of the recorded histories that a version of the workflows cannot replay. */
async function unreplayed(workflowBundle: WorkflowBundle): Promise<readonly string[]> {
  quietRuntime();
  const failed: string[] = [];
  const histories = recorded.map((name) => ({
    workflowId: name,
    history: historyFromJSON(JSON.parse(readFileSync(join(folder, name), 'utf8'))),
  }));
  for await (const { workflowId, error } of Worker.runReplayHistories({ workflowBundle }, histories))
    if (error !== undefined) failed.push(workflowId);
  return failed;
}

/** The gate that every change of a workflow has to pass: what runs have done must be what the changed code would do. */
describe('faults/temporal/replays', () => {
  test('T12 T13 so many recorded histories replay with this version and with a next one, and a version that breaks the rule is noticed', async () => {
    expect(recorded.length).toBeGreaterThanOrEqual(fewestHistories);
    expect(await unreplayed(await bundleOf())).toEqual([]);
    expect(await unreplayed(await bundleOf('next'))).toEqual([]);
    expect((await unreplayed(await bundleOf('broken'))).length).toBeGreaterThan(recorded.length / 2);
  }, 240_000);
});
