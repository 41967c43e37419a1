import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import { isJsonObject, type Json, type JsonObject, numberAt, textAt } from '../../domain/api/json.ts';

/** One write of the API server's audit log. */
export interface AuditWrite {
  readonly verb: string;
  /** Plural of the kind, with the subresource: `lynqnodes/status`. */
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  readonly code: number;
  readonly user: string;
  readonly agent: string;
  /** Field manager of the request; empty for deletes. */
  readonly manager: string;
  /** Received, milliseconds since 1970. */
  readonly at: number;
  readonly body: JsonObject | undefined;
}

/** Reads audit lines; what is not a complete JSON object (the line being written) is left out. */
export function parseAudit(text: string): readonly AuditWrite[] {
  return text.split('\n').flatMap((line) => {
    const event = parseLine(line);
    return event === undefined ? [] : [toWrite(event)];
  });
}

function parseLine(line: string): JsonObject | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const value = JSON.parse(line) as Json;
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function toWrite(event: JsonObject): AuditWrite {
  const text = (...path: readonly string[]): string => textAt(event, ...path) ?? '';
  const resource = [text('objectRef', 'resource'), text('objectRef', 'subresource')];
  const body = event['requestObject'];
  return {
    verb: text('verb'),
    resource: resource.filter((part) => part !== '').join('/'),
    namespace: text('objectRef', 'namespace'),
    name: text('objectRef', 'name'),
    code: numberAt(event, 'responseStatus', 'code') ?? 0,
    user: text('user', 'username'),
    agent: text('userAgent'),
    manager: new URLSearchParams(text('requestURI').split('?', 2)[1] ?? '').get('fieldManager') ?? '',
    at: Date.parse(text('requestReceivedTimestamp')),
    body: isJsonObject(body) ? body : undefined,
  };
}

const ourAgent = 'lynqflow';
const workerManagers = /^(lynq-operator.*)?$/;

/** Writes of the worker: our client, and not with the field manager of the CLI or of a benchmark. */
export function isWorkerWrite(write: AuditWrite): boolean {
  return write.agent === ourAgent && workerManagers.test(write.manager);
}

const bookkeepingKinds = /^(lynqhubs|lynqforms|lynqnodes)(\/|$)/;

/** Writes on the LynqHub, LynqForm and LynqNode objects: the record of what was done, not the thing itself. */
export function isBookkeeping(write: AuditWrite): boolean {
  return bookkeepingKinds.test(write.resource);
}

/** Writes per `verb resource`, most frequent first. */
export function countByKind(writes: readonly AuditWrite[]): readonly (readonly [string, number])[] {
  const counts = new Map<string, number>();
  for (const { verb, resource } of writes) {
    const key = `${verb} ${resource}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts].toSorted(([a, x], [b, y]) => y - x || a.localeCompare(b));
}

/** A place in a growing file. The API server writes a line at the end of each request, so a mark is a moment. */
export interface AuditLog {
  /** Size of the log now. */
  mark(): number;
  /** What was written after a mark. */
  since(mark: number): readonly AuditWrite[];
}

export function openAuditLog(file: string): AuditLog {
  const size = (): number => (existsSync(file) ? statSync(file).size : 0);
  return {
    mark: size,
    since(mark) {
      const buffer = Buffer.alloc(Math.max(0, size() - mark));
      if (buffer.length === 0) return [];
      const handle = openSync(file, 'r');
      try {
        const read = readSync(handle, buffer, 0, buffer.length, mark);
        return parseAudit(buffer.toString('utf8', 0, read));
      } finally {
        closeSync(handle);
      }
    },
  };
}
