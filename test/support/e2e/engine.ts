import { Client, Connection } from '@temporalio/client';

/** One run as Temporal lists it. */
export interface Run {
  readonly workflowId: string;
  readonly runId: string;
  readonly type: string;
  readonly status: string;
}

/** Temporal, as a person with the UI or the temporal CLI sees it. */
export interface Engine {
  readonly client: Client;
  runs(query: string): Promise<readonly Run[]>;
  /** The runs the schedule of a hub started. */
  syncsOf(namespace: string, hub: string): Promise<readonly Run[]>;
  close(): Promise<void>;
}

export async function openEngine(address: string): Promise<Engine> {
  const connection = await Connection.connect({ address });
  const client = new Client({ connection, namespace: 'default' });
  const runs = async (query: string): Promise<readonly Run[]> => {
    const found: Run[] = [];
    for await (const { workflowId, runId, type, status } of client.workflow.list({ query })) {
      found.push({ workflowId, runId, type, status: status.name });
    }
    return found;
  };
  return {
    client,
    runs,
    syncsOf: (namespace, hub) => runs(`TemporalScheduledById = "hub/${namespace}/${hub}"`),
    close: () => connection.close(),
  };
}

/** Every text and every byte string anywhere in a value, however deep; numbers of protobuf are of no interest. */
export function* textsIn(value: unknown): Generator<Buffer> {
  if (typeof value === 'string') yield Buffer.from(value);
  else if (value instanceof Uint8Array) yield Buffer.from(value);
  else if (Array.isArray(value)) for (const item of value) yield* textsIn(item);
  else if (value !== null && typeof value === 'object') {
    for (const [key, item] of Object.entries(value)) {
      yield Buffer.from(key);
      yield* textsIn(item);
    }
  }
}

/** All that Temporal stores of all runs and schedules: histories with payloads, memos, attributes, pending activities. */
export async function everythingStored(engine: Engine): Promise<Buffer> {
  const { client } = engine;
  const parts: Buffer[] = [];
  for (const { workflowId, runId } of await engine.runs('')) {
    const handle = client.workflow.getHandle(workflowId, runId);
    const [history, description] = await Promise.all([handle.fetchHistory(), handle.describe()]);
    parts.push(...textsIn(history), ...textsIn(description.raw));
  }
  for await (const summary of client.schedule.list()) {
    const description = await client.schedule.getHandle(summary.scheduleId).describe();
    parts.push(...textsIn(description.raw), ...textsIn(summary));
  }
  return Buffer.concat(parts.flatMap((part) => [part, Buffer.from('\n')]));
}

/** Every form in which a text may hide in stored bytes: itself, as JSON, and as base64 in any of the three alignments. */
export function disguises(text: string): readonly Buffer[] {
  const json = JSON.stringify(text).slice(1, -1);
  const base64 = [0, 1, 2].flatMap((shift) => {
    const encoded = Buffer.concat([Buffer.alloc(shift), Buffer.from(text)]).toString('base64');
    // The first and the last group also depend on the neighbours of the text.
    const certain = encoded.slice(shift === 0 ? 0 : 4, encoded.length - 4);
    return [certain, certain.replaceAll('+', '-').replaceAll('/', '_')];
  });
  const hex = Buffer.from(text).toString('hex');
  return [text, json, encodeURIComponent(text), ...base64, hex]
    .filter((form) => form.length >= Math.min(8, text.length))
    .map((form) => Buffer.from(form));
}

/** The form in which the text is in there, with what is around it; undefined when it is not. */
export function whereIs(text: string, bytes: Buffer): string | undefined {
  for (const form of disguises(text)) {
    const at = bytes.indexOf(form);
    if (at >= 0) return bytes.toString('utf8', Math.max(0, at - 200), at + form.length + 50);
  }
  return undefined;
}
