import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Client } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { hashText } from '../../domain/identity.ts';

/** Recorded histories are never edited: they are what a release did. */
const folder = fileURLToPath(new URL('../../test/replay/histories/', import.meta.url));

type History = Awaited<ReturnType<ReturnType<Client['workflow']['getHandle']>['fetchHistory']>>;

/** The process that ran it says nothing about the workflow, and its host's name belongs to nobody else. */
function withoutHosts(text: string): string {
  return text
    .replaceAll(/"identity": "[^"]*"/g, '"identity": "worker"')
    .replaceAll(/"[0-9]+@[^"-]+(-[0-9a-f]+)?"/g, '"worker"');
}

const fileOf = (name: string): string => join(folder, `${name}.json`);

/** Keeps a history under a name such as `lynqNode/0.1.0-resync`. */
export function keepHistory(name: string, history: History): void {
  const file = fileOf(name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${withoutHosts(historyToJSON(history))}\n`);
}

/** What a run did, in order: two histories of one shape are the same test of a replay. */
export function shapeOf(history: History): string {
  return (history.events ?? [])
    .map(({ eventType, activityTaskScheduledEventAttributes: activity, timerStartedEventAttributes: timer }) =>
      [eventType, activity?.activityType?.name ?? '', timer ? 'timer' : ''].join(':'),
    )
    .join(' ');
}

/** Longer ones are of the same shapes over and over; large ones carry what somebody sent to see whether it is refused. */
const mostEvents = 150;
const mostBytes = 100_000;

/** Keeps one history of each shape that the runs of a visibility query have, unless there is one already; says how many shapes there were. */
export async function keepEach(
  client: Client,
  query: string,
  { version }: { readonly version: string },
): Promise<number> {
  const shapes = new Set<string>();
  for await (const { workflowId, runId, type } of client.workflow.list({ query })) {
    const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    const shape = hashText(shapeOf(history), 10);
    if ((history.events?.length ?? 0) > mostEvents || shapes.has(`${type} ${shape}`)) continue;
    if (historyToJSON(history).length > mostBytes) continue;
    shapes.add(`${type} ${shape}`);
    const name = `${type}/${version}-shape-${shape}`;
    if (!existsSync(fileOf(name))) keepHistory(name, history);
  }
  return shapes.size;
}
