import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import type { PayloadCodec } from '@temporalio/common';
import { isJsonObject, type Json, listAt, numberAt, textAt } from '../domain/api/json.ts';
import { type ResourceView, statusQuery } from '../workflows/messages.ts';
import type { ActivityRetry, NodeRunRecord, NodeRunState, RunFact } from './engine.ts';
import { CommandError } from './errors.ts';

/** What Temporal knows of the runs of a node, in the words of the domain. */

/** A query waits for a worker; without one nobody answers. */
const queryMilliseconds = 3_000;

type Description = Awaited<ReturnType<ReturnType<Client['workflow']['getHandle']>['describe']>>;

export async function readNodeRun(client: Client, workflowId: string): Promise<NodeRunState | undefined> {
  const handle = client.workflow.getHandle(workflowId);
  try {
    const description = await handle.describe();
    const ask = () => client.connection.withDeadline(Date.now() + queryMilliseconds, () => handle.query(statusQuery));
    const { pendingActivities, pendingWorkflowTask } = description.raw;
    return {
      runId: description.runId,
      status: description.status.name,
      view: description.status.name === 'RUNNING' ? await ask().catch(unlessRefused) : undefined,
      busy: (pendingActivities?.length ?? 0) > 0 || (pendingWorkflowTask ?? undefined) !== undefined,
      retries: (pendingActivities ?? []).flatMap(retryOf),
    };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

/** Whatever else is wrong with a payload or an answer, it only says nothing; a key that is missing has to be told. */
function unlessRefused(error: unknown): undefined {
  if (error instanceof CommandError) throw error;
  return undefined;
}

type PendingActivity = NonNullable<Description['raw']['pendingActivities']>[number];

function retryOf(activity: PendingActivity): readonly ActivityRetry[] {
  const failure = activity.lastFailure?.cause?.message ?? activity.lastFailure?.message;
  if (failure === undefined || failure === null) return [];
  return [
    {
      activity: activity.activityType?.name ?? '',
      attempt: activity.attempt ?? 1,
      failure,
      next: activity.scheduledTime ? dateOf(activity.scheduledTime) : undefined,
    },
  ];
}

/** Temporal refuses larger pages; the library reads on by itself. */
const largestPage = 1_000;

export async function readNodeRuns(
  client: Client,
  workflowId: string,
  limit: number,
): Promise<readonly NodeRunRecord[]> {
  const records: NodeRunRecord[] = [];
  // Visibility is asked for which runs there are only; each is then read from its own history.
  const pageSize = Math.min(limit, largestPage);
  for await (const run of client.workflow.list({ query: `WorkflowId = "${workflowId}"`, pageSize })) {
    const history = await client.workflow.getHandle(workflowId, run.runId).fetchHistory();
    const facts = await factsOf(history.events ?? [], client.options.loadedDataConverter.payloadCodecs);
    const { runId, status, startTime, closeTime } = run;
    records.push({ runId, status: status.name, started: startTime, closed: closeTime, facts });
    if (records.length === limit) break;
  }
  return records.toSorted((a, b) => a.started.getTime() - b.started.getTime());
}

type HistoryEvent = NonNullable<
  Awaited<ReturnType<ReturnType<Client['workflow']['getHandle']>['fetchHistory']>>['events']
>[number];
type Step = Extract<RunFact, { kind: 'step' }>;
type Payload = NonNullable<NonNullable<HistoryEvent['userMetadata']>['summary']>;

/** Reads a history; activities are told by the event that scheduled them. */
export async function factsOf(
  events: readonly HistoryEvent[],
  codecs: readonly PayloadCodec[],
): Promise<readonly RunFact[]> {
  const facts: RunFact[] = [];
  const places = new Map<string, number>();
  for (const event of events) {
    const fact = await beginningOf(codecs, event);
    if (fact?.kind === 'step') places.set(String(event.eventId), facts.length);
    if (fact !== undefined) facts.push(fact);
    const end = await endingOf(codecs, event);
    const place = places.get(end?.of ?? '') ?? -1;
    const step = facts[place];
    if (end !== undefined && step?.kind === 'step') facts[place] = { ...step, ...end.more };
  }
  return facts;
}

function timeOf({ eventTime }: HistoryEvent): Date {
  return eventTime ? dateOf(eventTime) : new Date(0);
}

async function beginningOf(codecs: readonly PayloadCodec[], event: HistoryEvent): Promise<RunFact | undefined> {
  const at = timeOf(event);
  const started = event.workflowExecutionStartedEventAttributes;
  if (started) return { kind: 'began', at, continued: Boolean(started.continuedExecutionRunId) };
  const signaled = event.workflowExecutionSignaledEventAttributes;
  if (signaled) return { kind: 'message', at, cause: await causeOf(codecs, signaled) };
  const updated = event.workflowExecutionUpdateAcceptedEventAttributes;
  if (updated) return { kind: 'message', at, cause: updated.acceptedRequest?.input?.name ?? 'update' };
  if (!isNodeStep(event.activityTaskScheduledEventAttributes?.activityType?.name)) return undefined;
  const summary = await decode(codecs, event.userMetadata?.summary);
  return { kind: 'step', at, summary: typeof summary === 'string' ? summary : '' };
}

interface Ending {
  /** Event that scheduled the activity. */
  readonly of: string;
  readonly more: Partial<Step>;
}

async function endingOf(codecs: readonly PayloadCodec[], event: HistoryEvent): Promise<Ending | undefined> {
  const ended = timeOf(event);
  const completed = event.activityTaskCompletedEventAttributes;
  if (completed) {
    const result = await decode(codecs, completed.result?.payloads?.[0]);
    return { of: String(completed.scheduledEventId), more: { ended, ...outcomeOf(result) } };
  }
  const failed = event.activityTaskFailedEventAttributes ?? event.activityTaskTimedOutEventAttributes;
  if (!failed) return undefined;
  const failure = failed.failure?.cause?.message ?? failed.failure?.message ?? 'failed';
  return { of: String(failed.scheduledEventId), more: { ended, outcome: 'failed', failure } };
}

function isNodeStep(name: string | null | undefined): boolean {
  return name === 'advanceNode' || name === 'removeNode';
}

async function causeOf(
  codecs: readonly PayloadCodec[],
  { signalName, input }: NonNullable<HistoryEvent['workflowExecutionSignaledEventAttributes']>,
): Promise<string> {
  const said = await decode(codecs, input?.payloads?.[0]);
  return textAt(said, 'cause') ?? signalName ?? 'signal';
}

function outcomeOf(result: Json | undefined): Partial<Step> {
  const entries = isJsonObject(result) ? listAt(result, 'progress', 'entries') : [];
  const [removed, retained] = [numberAt(result, 'objects', 'removed'), numberAt(result, 'objects', 'retained')];
  return {
    outcome: textAt(result, 'kind') ?? 'done',
    ...(removed === undefined || retained === undefined ? {} : { objects: { removed, retained } }),
    ...(entries.length === 0 ? {} : { entries: entries as unknown as readonly ResourceView[] }),
  };
}

/** JSON of a payload, through the codec if there is one; undefined when it cannot be read. @throws CommandError when a key is missing. */
async function decode(codecs: readonly PayloadCodec[], payload: Payload | null | undefined): Promise<Json | undefined> {
  if (!payload) return undefined;
  try {
    let payloads: Payload[] = [payload];
    for (const codec of codecs) payloads = await codec.decode(payloads);
    return JSON.parse(new TextDecoder().decode(payloads[0]?.data ?? new Uint8Array())) as Json;
  } catch (error) {
    return unlessRefused(error);
  }
}

/** Seconds are a number, or an object that stands for a larger one. */
function dateOf({ seconds, nanos }: { seconds?: { toString(): string } | null; nanos?: number | null }): Date {
  return new Date(Number(seconds?.toString() ?? 0) * 1_000 + Math.trunc((nanos ?? 0) / 1e6));
}

/** What is known of a UI. One of Temporal Cloud is for all; the development server has its own at the port of its default. */
const knownUis: readonly { readonly address: RegExp; readonly ui: (host: string) => string }[] = [
  { address: /^[^/]*\.(?:tmprl\.cloud|api\.temporal\.io)(?::\d+)?$/i, ui: () => 'https://cloud.temporal.io' },
  { address: /^(localhost|127\.0\.0\.1|\[::1\])(?::7233)?$/i, ui: (host) => `http://${host}:8233` },
];

/** Page of a run in the UI that is named, else in that of Temporal Cloud or of a development server; undefined elsewhere. */
export function pageOf(
  where: { readonly ui: string | undefined; readonly address: string; readonly namespace: string },
  workflowId: string,
  runId: string,
): string | undefined {
  const ui = where.ui === undefined || where.ui === '' ? uiAt(where.address) : where.ui;
  if (ui === undefined) return undefined;
  const path = ['namespaces', where.namespace, 'workflows', workflowId, runId].map(encodeURIComponent).join('/');
  return `${ui.replace(/\/+$/, '')}/${path}/history`;
}

function uiAt(address: string): string | undefined {
  for (const known of knownUis) {
    const found = known.address.exec(address);
    if (found !== null) return known.ui(found[1] ?? '');
  }
  return undefined;
}
