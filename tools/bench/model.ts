import { at, isJsonObject, type Json, type JsonObject, textAt, textMapAt } from '../../domain/api/json.ts';
import { reservedPrefix } from '../../domain/keys.ts';
import type { ObjectRef } from '../../domain/ports.ts';
import { type AuditWrite, isBookkeeping, isWorkerWrite } from '../demo/audit.ts';

/**
 * What our system wrote for one row, ready to be written again for other rows without it. The bodies are those of our own apply requests,
 * taken from the audit log; Secrets (no body there) and the status of the LynqNodes are taken from the live objects.
 */
export interface RowModel {
  readonly uid: string;
  readonly namespaces: readonly JsonObject[];
  readonly objects: readonly JsonObject[];
  readonly nodes: readonly { readonly object: JsonObject; readonly status: JsonObject }[];
}

export interface ModelInput {
  readonly uid: string;
  readonly writes: readonly AuditWrite[];
  /** Live Secrets of the row. */
  readonly secrets: readonly JsonObject[];
  /** Live LynqNodes of the row. */
  readonly nodes: readonly JsonObject[];
  readonly hubNamespace: string;
  /** Namespace for the copies of the LynqNodes, and of objects that are in the hub's namespace. */
  readonly nodeNamespace: string;
}

export function rowModel({ uid, writes, secrets, nodes, hubNamespace, nodeNamespace }: ModelInput): RowModel {
  const first = new Map<string, JsonObject>();
  for (const write of writes.filter(isFirstApply)) {
    const key = `${write.resource} ${write.namespace} ${write.name}`;
    const isOfRow = write.namespace.includes(uid) || write.name.includes(uid);
    if (write.body !== undefined && isOfRow && !first.has(key)) first.set(key, write.body);
  }
  const bodies = [...first.values(), ...secrets].map((body) =>
    withoutTracking(body, (space) => (space === hubNamespace ? nodeNamespace : space)),
  );
  return {
    uid,
    namespaces: bodies.filter(isNamespace),
    objects: bodies.filter((body) => !isNamespace(body)),
    nodes: nodes.map((node) => ({ object: nodeCopy(node, nodeNamespace), status: statusOf(node) })),
  };
}

function isFirstApply(write: AuditWrite): boolean {
  return isWorkerWrite(write) && !isBookkeeping(write) && write.verb === 'patch' && write.code === 201;
}

function isNamespace(body: JsonObject): boolean {
  return textAt(body, 'kind') === 'Namespace';
}

/** The body without our labels and annotations, what the server adds, and status: nobody may take the copy for a child of ours. */
function withoutTracking(body: JsonObject, place: (namespace: string) => string): JsonObject {
  const { status: _status, metadata: _metadata, ...rest } = body;
  const name = textAt(body, 'metadata', 'name') ?? '';
  const namespace = textAt(body, 'metadata', 'namespace');
  return {
    ...rest,
    metadata: {
      name,
      ...(namespace === undefined || isNamespace(body) ? {} : { namespace: place(namespace) }),
      labels: foreignOnly(textMapAt(body, 'metadata', 'labels')),
      annotations: foreignOnly(textMapAt(body, 'metadata', 'annotations')),
    },
  };
}

function foreignOnly(map: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(map).filter(([key]) => !key.startsWith(reservedPrefix)));
}

/** As our system creates it, but without owner and finalizer, which would have the garbage collector or a worker act on it. */
function nodeCopy(node: JsonObject, namespace: string): JsonObject {
  return {
    apiVersion: textAt(node, 'apiVersion') ?? '',
    kind: textAt(node, 'kind') ?? '',
    metadata: {
      name: textAt(node, 'metadata', 'name') ?? '',
      namespace,
      labels: textMapAt(node, 'metadata', 'labels'),
      annotations: textMapAt(node, 'metadata', 'annotations'),
    },
    spec: at(node, 'spec') ?? {},
  };
}

function statusOf(node: JsonObject): JsonObject {
  const status = at(node, 'status');
  return isJsonObject(status) ? status : {};
}

/** The model for another row: every occurrence of the uid is replaced, in names and in values. */
export function forRow(model: RowModel, uid: string): RowModel {
  const swap = <T>(value: T): T => JSON.parse(JSON.stringify(value).replaceAll(model.uid, uid)) as T;
  const { namespaces, objects, nodes } = model;
  return { uid, namespaces: swap(namespaces), objects: swap(objects), nodes: swap(nodes) };
}

/** Coordinates of an object from its own body. */
export function refOf(body: JsonObject): ObjectRef {
  const namespace = textAt(body, 'metadata', 'namespace');
  return {
    apiVersion: textAt(body, 'apiVersion') ?? '',
    kind: textAt(body, 'kind') ?? '',
    name: textAt(body, 'metadata', 'name') ?? '',
    ...(namespace === undefined ? {} : { namespace }),
  };
}

/** `apps/v1 Deployment` and the like with their numbers, for the report. */
export function kindsOf(bodies: readonly Json[]): string {
  const counts = new Map<string, number>();
  for (const body of bodies) {
    const kind = textAt(body, 'kind') ?? '';
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return [...counts].map(([kind, count]) => `${count} ${kind}`).join(', ');
}
