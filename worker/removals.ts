import { type Client, WorkflowIdReusePolicy } from '@temporalio/client';
import type { RemovalPage } from '../activities/contract.ts';
import { removeSignal, workflowTypes } from '../workflows/messages.ts';
import { removalsOptions } from '../workflows/removals-options.ts';

/** Hands nodes that are being deleted to the run that removes many of a hub, and starts it when there is none. */
export async function handToRemovals(client: Client, page: RemovalPage, taskQueue: string): Promise<void> {
  await client.workflow.signalWithStart(workflowTypes.removals, {
    ...removalsOptions(page),
    taskQueue,
    workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
    signal: removeSignal,
    signalArgs: [{ nodes: page.nodes }],
  });
}
