import { type Client, WorkflowIdReusePolicy } from '@temporalio/client';
import type { FormRef } from '../activities/contract.ts';
import { wakeSignal, workflowTypes } from '../workflows/messages.ts';
import { rolloutOptions } from '../workflows/rollout-options.ts';

/**
 * Has the rollout of a form look now, and starts its run when there is none. It is what makes a command take effect at once; a sync of the hub does
 * the same later, should this get lost.
 */
export async function wakeRollout(client: Client, form: FormRef, taskQueue: string): Promise<void> {
  await client.workflow.signalWithStart(workflowTypes.rollout, {
    ...rolloutOptions(form),
    taskQueue,
    workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
    signal: wakeSignal,
    signalArgs: [{ cause: 'formChanged' }],
  });
}
