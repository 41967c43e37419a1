import type { Client } from '@temporalio/client';

/** Enum temporal.api.enums.v1.TaskQueueType. */
const queueTypes = { workflow: 1, activity: 2 } as const;
const deadlineMilliseconds = 2_000;

/** Tasks that wait for a worker, by kind; empty when Temporal does not say in time. */
export async function taskQueueBacklog(
  client: Client,
  namespace: string,
  taskQueue: string,
): Promise<Readonly<Record<string, number>>> {
  const ask = async ([kind, taskQueueType]: readonly [string, number]) => {
    const { stats } = await client.workflowService.describeTaskQueue({
      namespace,
      taskQueue: { name: taskQueue },
      taskQueueType,
      reportStats: true,
    });
    return [kind, Number(stats?.approximateBacklogCount ?? 0)] as const;
  };
  try {
    const answers = await client.connection.withDeadline(Date.now() + deadlineMilliseconds, () =>
      Promise.all(Object.entries(queueTypes).map(ask)),
    );
    return Object.fromEntries(answers);
  } catch {
    return {};
  }
}
