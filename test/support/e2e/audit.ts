import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import type { Json } from './cluster.ts';

/** One request of the API server's audit log, when it was complete. */
export interface AuditEntry {
  readonly auditID: string;
  readonly verb: string;
  readonly stage: string;
  /** Path and query. */
  readonly requestURI?: string;
  readonly userAgent?: string;
  readonly user: { readonly username: string };
  readonly objectRef?: {
    readonly resource: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
    readonly apiGroup?: string;
  };
  readonly responseStatus?: { readonly code: number };
  readonly requestObject?: Json;
  readonly responseObject?: Json;
  readonly requestReceivedTimestamp: string;
  readonly stageTimestamp: string;
}

export interface Audit {
  /** A place in the log; what is read from it happened later. */
  now(): number;
  /** The requests since that place that were answered with success, each once, in the order they were received. */
  since(place: number): readonly AuditEntry[];
  /** Those of them that came from the worker. */
  ofWorker(place: number): readonly AuditEntry[];
}

export function openAudit(path: string): Audit {
  const since = (place: number): readonly AuditEntry[] => {
    const seen = new Map<string, AuditEntry>();
    for (const line of textFrom(path, place).split('\n')) {
      if (line === '' || !line.endsWith('}')) continue;
      const entry = JSON.parse(line) as AuditEntry;
      const succeeded = (entry.responseStatus?.code ?? 0) < 300;
      if (entry.stage === 'ResponseComplete' && succeeded) seen.set(entry.auditID, entry);
    }
    return [...seen.values()].toSorted((a, b) => (a.requestReceivedTimestamp < b.requestReceivedTimestamp ? -1 : 1));
  };
  return {
    now: () => statSync(path).size,
    since,
    ofWorker: (place) => since(place).filter(({ userAgent }) => /^lynqflow\b/.test(userAgent ?? '')),
  };
}

/** Of requests those about these Namespaces and what is in them: the worker of one test looks after what others have left, too. */
export function inNamespaces(entries: readonly AuditEntry[], namespaces: readonly string[]): readonly AuditEntry[] {
  return entries.filter(({ objectRef }) => {
    const place = objectRef?.namespace ?? (objectRef?.resource === 'namespaces' ? objectRef.name : undefined);
    return place !== undefined && namespaces.includes(place);
  });
}

/** `patch deployments/acme-corp-api`, for lists in assertions. */
export function describeRequest({ verb, objectRef }: AuditEntry): string {
  const sub = objectRef?.subresource === undefined ? '' : `/${objectRef.subresource}`;
  return `${verb} ${objectRef?.resource}${sub}/${objectRef?.name}`;
}

/** True when the request made its object: a POST, or a server-side apply of what was not there. */
export const created = ({ verb, objectRef, responseStatus }: AuditEntry): boolean =>
  responseStatus?.code === 201 && objectRef?.subresource === undefined && (verb === 'patch' || verb === 'create');

export const identityOf = ({ objectRef }: AuditEntry): string =>
  `${objectRef?.apiGroup ?? ''}/${objectRef?.resource}/${objectRef?.namespace ?? ''}/${objectRef?.name}`;

function textFrom(path: string, place: number): string {
  const file = openSync(path, 'r');
  try {
    const buffer = Buffer.alloc(Math.max(0, fstatSync(file).size - place));
    let filled = 0;
    while (filled < buffer.length) {
      const count = readSync(file, buffer, filled, buffer.length - filled, place + filled);
      if (count === 0) break;
      filled += count;
    }
    return buffer.toString('utf8', 0, filled);
  } finally {
    closeSync(file);
  }
}
