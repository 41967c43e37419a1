import { type JsonObject, jsonText } from '../../domain/api/json.ts';
import { textAt } from '../../domain/api/json.ts';
import { LynqFailure } from '../../domain/failures.ts';
import type {
  ApplyOptions,
  Cluster,
  DeleteOptions,
  DeleteResult,
  KindRef,
  ListOptions,
  ObjectRef,
  PatchType,
  WriteOptions,
  WriteResult,
} from '../../domain/ports.ts';
import type { Discovery } from './discovery.ts';
import {
  asServerSaid,
  deleteOutcome,
  describe,
  isAboutObject,
  readFailure,
  unexpected,
  writeRefusal,
  type WriteContext,
} from './errors.ts';
import { listAll } from './list.ts';
import { locate, locateList, refusedLocation } from './locate.ts';
import { applyText, asObject, demandedUid, demandedVersion, isTerminating } from './objects.ts';
import { withQuery } from './paths.ts';
import type { Repeat, Send } from './send.ts';
import { readStatus } from './status.ts';
import type { ApiRequest } from './transport.ts';

/**
 * `Cluster` on the API server, in plain JSON both ways: fields that this code does not know survive. Integers beyond 2^53 lose digits
 * when read, so an object with such a field must not be written back whole (`replace`); apply and patches send only what they name.
 */
export function createCluster(send: Send, discovery: Discovery, { quoting = false }: ClusterOptions = {}): Cluster {
  const api: Api = { send, discovery, quoting };
  return {
    kindInfo: async (kind) => (await discovery.find(kind))?.info,
    servedAs: (kind) => discovery.servedAs(kind),
    listableKinds: () => discovery.listable(),
    get: (ref, signal) => get(api, ref, signal),
    list: (kind, options) => list(api, kind, options),
    apply: (ref, body, options) => apply(api, ref, body, options),
    create: (ref, body, options) => create(api, ref, body, options),
    replace: (ref, body, options) => replace(api, ref, body, options),
    patch: (ref, type, body, options) => patch(api, ref, { type, body }, options),
    delete: (ref, uid, options = {}) => remove(api, ref, uid, options),
  };
}

export interface ClusterOptions {
  /** Refusals are in the words of the server, which quote what was sent. */
  readonly quoting?: boolean;
}

interface Api {
  readonly send: Send;
  readonly discovery: Discovery;
  readonly quoting: boolean;
}

async function get(api: Api, ref: ObjectRef, signal: AbortSignal | undefined): Promise<JsonObject | undefined> {
  const location = locate(ref, await api.discovery.find(ref, signal), 'object');
  if (location.kind === 'unknown') return undefined;
  if (location.kind === 'unaddressable') {
    throw new LynqFailure('ClusterInvalid', `${describe(ref)}: ${location.why}.`, { kind: ref.kind, name: ref.name });
  }
  const answer = await api.send({ verb: 'get', method: 'GET', path: location.path, signal }, 'idempotent');
  if (answer.code === 404) {
    if (isAboutObject(ref, readStatus(answer.body)) || (await isGoneKind(api, ref, signal))) return undefined;
    throw unexpected('get', ref, answer.code);
  }
  if (answer.code !== 200) throw readFailure('get', ref, answer.code);
  const object = asObject(ref, answer.body);
  if (object === undefined) throw unexpected('get', ref, answer.code);
  return object;
}

/** After a 404 about a path: whether the server really stopped to serve the kind. */
async function isGoneKind(api: Api, kind: KindRef, signal: AbortSignal | undefined): Promise<boolean> {
  api.discovery.forget(kind);
  return (await api.discovery.find(kind, signal)) === undefined;
}

async function list(api: Api, kind: KindRef, options: ListOptions): Promise<readonly JsonObject[]> {
  const path = await locateList(api.discovery, kind, options);
  const outcome = path === undefined ? undefined : await listAll(api.send, path, kind, options);
  if (outcome?.kind === 'list') return outcome.items;
  api.discovery.forget(kind);
  const message = `${describe(kind)}: the API server does not serve it in ${kind.apiVersion}.`;
  throw new LynqFailure('ClusterInvalid', message, { reason: 'MissingKind', ...kind });
}

interface Write {
  readonly verb: WriteContext['verb'];
  readonly method: ApiRequest['method'];
  readonly target: 'object' | 'collection' | 'status';
  readonly type: string;
  readonly text: string;
  readonly uid: string | undefined;
  readonly repeat: Repeat;
  readonly force?: boolean;
}

function apply(api: Api, ref: ObjectRef, body: JsonObject, options: ApplyOptions): Promise<WriteResult> {
  const write: Write = {
    verb: 'apply',
    method: 'PATCH',
    target: options.subresource ?? 'object',
    type: 'application/apply-patch+yaml',
    text: applyText(body),
    uid: demandedUid(body),
    repeat: 'idempotent',
    force: options.force,
  };
  return sendWrite(api, ref, write, options);
}

function create(api: Api, ref: ObjectRef, body: JsonObject, options: WriteOptions): Promise<WriteResult> {
  const write: Write = {
    verb: 'create',
    method: 'POST',
    target: 'collection',
    type: 'application/json',
    text: jsonText(body),
    uid: undefined,
    repeat: 'once',
  };
  return sendWrite(api, ref, write, options);
}

function replace(api: Api, ref: ObjectRef, body: JsonObject, options: WriteOptions): Promise<WriteResult> {
  const write: Write = {
    verb: 'update',
    method: 'PUT',
    target: options.subresource ?? 'object',
    type: 'application/json',
    text: jsonText(body),
    uid: demandedUid(body),
    repeat: demandedVersion(body) === undefined ? 'once' : 'idempotent',
  };
  return sendWrite(api, ref, write, options);
}

const patchTypes = {
  merge: { type: 'application/merge-patch+json', repeat: 'idempotent' },
  strategic: { type: 'application/strategic-merge-patch+json', repeat: 'once' },
  json: { type: 'application/json-patch+json', repeat: 'once' },
} as const satisfies Record<PatchType, { readonly type: string; readonly repeat: Repeat }>;

function patch(
  api: Api,
  ref: ObjectRef,
  change: { readonly type: PatchType; readonly body: JsonObject | readonly JsonObject[] },
  options: WriteOptions,
): Promise<WriteResult> {
  const write: Write = {
    verb: 'patch',
    method: 'PATCH',
    target: options.subresource ?? 'object',
    text: jsonText(change.body),
    uid: demandedUid(change.body),
    ...patchTypes[change.type],
  };
  return sendWrite(api, ref, write, options);
}

async function sendWrite(api: Api, ref: ObjectRef, write: Write, options: WriteOptions): Promise<WriteResult> {
  const location = locate(ref, await api.discovery.find(ref, options.signal), write.target);
  if (location.kind !== 'at') return refusedLocation(ref, location);
  const path = withQuery(location.path, {
    fieldManager: options.manager,
    fieldValidation: 'Strict',
    force: write.force === true ? 'true' : undefined,
    dryRun: options.dryRun === true ? 'All' : undefined,
  });
  const body = { type: write.type, text: write.text };
  const request = { verb: write.verb, method: write.method, path, body, signal: options.signal };
  const answer = await api.send(request, write.repeat);
  if (answer.code === 200 || answer.code === 201) {
    const object = asObject(ref, answer.body);
    if (object === undefined) throw unexpected(write.verb, ref, answer.code);
    return { kind: 'ok', object };
  }
  const refused = writeRefusal({ ref, verb: write.verb, uidDemanded: write.uid !== undefined }, answer);
  const result = api.quoting ? asServerSaid(ref, refused, answer) : refused;
  if (result.kind !== 'unknownPath') return result;
  if (await isGoneKind(api, ref, options.signal)) return refusedLocation(ref, { kind: 'unknown' });
  throw unexpected(write.verb, ref, answer.code);
}

async function remove(
  api: Api,
  ref: ObjectRef,
  uid: string,
  { signal, resourceVersion }: DeleteOptions,
): Promise<DeleteResult> {
  const location = locate(ref, await api.discovery.find(ref, signal), 'object');
  if (location.kind !== 'at') return refusedLocation(ref, location);
  const preconditions = { uid, ...(resourceVersion === undefined ? {} : { resourceVersion }) };
  const options = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions, propagationPolicy: 'Background' };
  const body = { type: 'application/json', text: JSON.stringify(options) };
  const request = { verb: 'delete', method: 'DELETE', path: location.path, body, signal } as const;
  const answer = await api.send(request, 'idempotent');
  const told = deleteOutcome(ref, uid, answer);
  const outcome = api.quoting ? asServerSaid(ref, told, answer) : told;
  switch (outcome.kind) {
    case 'conflict':
      return whyConflict(api, ref, { uid, resourceVersion, signal });
    case 'unknownPath':
      if (await isGoneKind(api, ref, signal)) return refusedLocation(ref, { kind: 'unknown' });
      throw unexpected('delete', ref, 404);
    default:
      return outcome;
  }
}

/** A 409 to a delete is another uid, another version, or an object (a namespace) that is already going. Only the object itself tells which. */
async function whyConflict(
  api: Api,
  ref: ObjectRef,
  { uid, resourceVersion, signal }: DeleteOptions & { readonly uid: string },
): Promise<DeleteResult> {
  const object = await get(api, ref, signal);
  if (object === undefined) return { kind: 'gone' };
  if (textAt(object, 'metadata', 'uid') !== uid) return { kind: 'otherUid' };
  if (isTerminating(object)) return { kind: 'accepted' };
  if (resourceVersion !== undefined) return { kind: 'stale' };
  throw new LynqFailure('ClusterStale', `${describe(ref)}: it changed while it was deleted.`, {
    kind: ref.kind,
    name: ref.name,
  });
}
