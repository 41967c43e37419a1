import type { Engine } from '../e2e/engine.ts';

/** The highest attempt with which an activity of each type has ended in any of these runs, as their histories have it; one that has not ended is in none. */
export async function attemptsIn(
  { client }: Pick<Engine, 'client'>,
  runs: readonly { readonly workflowId: string; readonly runId?: string }[],
): Promise<Readonly<Record<string, number>>> {
  const highest: Record<string, number> = {};
  for (const { workflowId, runId } of runs) {
    const events = (await client.workflow.getHandle(workflowId, runId).fetchHistory()).events ?? [];
    const types = new Map(
      events.map(({ eventId, activityTaskScheduledEventAttributes: scheduled }) => [
        String(eventId),
        scheduled?.activityType?.name ?? '',
      ]),
    );
    for (const { activityTaskStartedEventAttributes: started } of events) {
      if (started === undefined || started === null) continue;
      const type = types.get(String(started.scheduledEventId)) ?? '';
      highest[type] = Math.max(highest[type] ?? 0, started.attempt ?? 0);
    }
  }
  return highest;
}
