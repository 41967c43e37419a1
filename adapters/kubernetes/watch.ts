import { isJsonObject, numberAt, textAt, type Json, type JsonObject } from '../../domain/api/json.ts';
import type { KindRef, ListOptions } from '../../domain/ports.ts';
import { asItem } from './objects.ts';
import { selectorQuery, withQuery } from './paths.ts';
import { NoAnswer, type ApiStream, type Transport } from './transport.ts';
import { createLineSplitter } from './watch-lines.ts';

/** One line of a watch. */
export type WatchLine =
  | { readonly kind: 'set' | 'removed'; readonly object: JsonObject; readonly version: string }
  | { readonly kind: 'bookmark'; readonly version: string }
  /** The resourceVersion is too old to go on from. */
  | { readonly kind: 'expired' }
  | { readonly kind: 'failed'; readonly code: string }
  /** Not a line of a watch; what follows cannot be trusted. */
  | { readonly kind: 'malformed' };

const eventKinds: Readonly<Record<string, 'set' | 'removed' | 'bookmark' | undefined>> = {
  ADDED: 'set',
  MODIFIED: 'set',
  DELETED: 'removed',
  BOOKMARK: 'bookmark',
};

/** Reads one line of a watch; never fails. */
export function readWatchLine(kind: KindRef, line: string): WatchLine {
  const event = parse(line);
  const type = textAt(event, 'type') ?? '';
  const object = isJsonObject(event) ? event.object : undefined;
  if (type === 'ERROR') {
    const code = numberAt(object, 'code');
    return code === 410 ? { kind: 'expired' } : { kind: 'failed', code: String(code ?? 'unknown') };
  }
  const does = Object.hasOwn(eventKinds, type) ? eventKinds[type] : undefined;
  const version = textAt(object, 'metadata', 'resourceVersion');
  if (does === undefined || version === undefined) return { kind: 'malformed' };
  if (does === 'bookmark') return { kind: 'bookmark', version };
  const item = asItem(kind, object);
  return item === undefined ? { kind: 'malformed' } : { kind: does, object: item, version };
}

function parse(line: string): Json | undefined {
  try {
    return JSON.parse(line) as Json;
  } catch {
    return undefined;
  }
}

/** A watch that the server has not ended so long after it should have is not connected to it any more. */
const graceMilliseconds = 5_000;

/** How a watch ended. `closed` is how every healthy one ends after some minutes. */
export type WatchEnd =
  | { readonly kind: 'closed' }
  | { readonly kind: 'expired' }
  | { readonly kind: 'malformed' }
  | { readonly kind: 'unknownPath' }
  | { readonly kind: 'failed'; readonly code: string; readonly retryAfterSeconds?: number | undefined };

export interface WatchRequest {
  readonly kind: KindRef;
  readonly path: string;
  readonly options: ListOptions;
  readonly version: string;
  /** After which the server ends the watch. */
  readonly seconds: number;
  /** Without a byte for so long the connection counts as dead, milliseconds; the server sends a bookmark about every minute. */
  readonly idle: number;
  readonly signal: AbortSignal;
}

/**
 * Reads one watch to its end and hands over its events in order; `onOpen` is called once the server has taken it.
 *
 * @throws the reason of the signal when the caller gave up; everything else is an end with a name.
 */
export async function readWatch(
  transport: Transport,
  request: WatchRequest,
  onLine: (line: WatchLine & { readonly version: string }) => void,
  onOpen: () => void = () => undefined,
): Promise<WatchEnd> {
  const path = withQuery(request.path, {
    ...selectorQuery(request.options),
    watch: 'true',
    allowWatchBookmarks: 'true',
    resourceVersion: request.version,
    timeoutSeconds: String(request.seconds),
  });
  try {
    const apiRequest = { verb: 'watch', method: 'GET', path, signal: request.signal } as const;
    const stream = await transport.stream(apiRequest, request.idle);
    if (stream.code !== 200) return refusedWatch(stream, transport);
    onOpen();
    return await readLines(stream, request, onLine);
  } catch (error) {
    request.signal.throwIfAborted();
    if (error instanceof NoAnswer) return { kind: 'failed', code: error.code };
    throw error;
  }
}

function refusedWatch(stream: ApiStream, transport: Transport): WatchEnd {
  if (stream.code === 410) return { kind: 'expired' };
  if (stream.code === 404) return { kind: 'unknownPath' };
  if (stream.code === 401) transport.renew();
  return { kind: 'failed', code: String(stream.code), retryAfterSeconds: stream.retryAfterSeconds };
}

async function readLines(
  stream: ApiStream,
  request: WatchRequest,
  onLine: (line: WatchLine & { readonly version: string }) => void,
): Promise<WatchEnd> {
  const silence = setTimeout(() => stream.body.destroy(new NoAnswer('idle')), request.idle);
  const overdue = setTimeout(
    () => stream.body.destroy(new NoAnswer('overdue')),
    request.seconds * 1_000 + graceMilliseconds,
  );
  try {
    for await (const line of linesOf(stream, () => silence.refresh())) {
      const read = readWatchLine(request.kind, line);
      if (!('version' in read)) return read;
      onLine(read);
    }
    return { kind: 'closed' };
  } catch (error) {
    request.signal.throwIfAborted();
    return { kind: 'failed', code: error instanceof NoAnswer ? error.code : 'broken' };
  } finally {
    clearTimeout(silence);
    clearTimeout(overdue);
    stream.body.destroy();
  }
}

async function* linesOf(stream: ApiStream, onChunk: () => void): AsyncGenerator<string> {
  const split = createLineSplitter();
  for await (const chunk of stream.body) {
    onChunk();
    yield* split(chunk as Uint8Array);
  }
}
