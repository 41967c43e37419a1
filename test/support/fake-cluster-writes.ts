import { at, isJsonObject, textAt, type Json, type JsonObject } from '../../domain/api/json.ts';
import type { ApplyOptions, ObjectRef, PatchType, WriteOptions, WriteResult } from '../../domain/ports.ts';
import { applyFields, holdingsOf, updateFields } from './fake-cluster-fields.ts';
import { jsonPatch, mergePatch, strategicPatch } from './fake-cluster-patch.ts';
import {
  addressProblem,
  compact,
  isGoing,
  kindKey,
  objectKey,
  refused,
  store,
  withMetadata,
  type State,
} from './fake-cluster-store.ts';

/** What every write is checked for first. */
export function guarded(
  state: State,
  ref: ObjectRef,
  body: JsonObject | undefined,
  options: WriteOptions,
  write: () => WriteResult,
): WriteResult {
  const kind = state.kinds.get(kindKey(ref));
  if (kind === undefined) return refused(ref, 'MissingKind', 'not served');
  const why = addressProblem(ref, kind) ?? (body === undefined ? undefined : coordinateProblem(ref, body));
  if (why !== undefined) return refused(ref, 'Invalid', why);
  if (options.subresource !== undefined && !kind.hasStatus) return refused(ref, 'Invalid', 'no status subresource');
  return write();
}

function coordinateProblem(ref: ObjectRef, body: JsonObject): string | undefined {
  const namespace = textAt(body, 'metadata', 'namespace') ?? ref.namespace;
  const fits = body.kind === ref.kind && body.apiVersion === ref.apiVersion && namespace === ref.namespace;
  return fits && textAt(body, 'metadata', 'name') === ref.name ? undefined : 'coordinates do not fit';
}

/** Why a write to a live object does not meet it: it is gone, another one, or newer. */
function meeting(live: JsonObject | undefined, body: JsonObject | undefined): WriteResult | undefined {
  const uid = textAt(body, 'metadata', 'uid');
  if (live === undefined) return { kind: uid === undefined ? 'missing' : 'stale' };
  if (uid !== undefined && uid !== textAt(live, 'metadata', 'uid')) return { kind: 'stale' };
  const version = textAt(body, 'metadata', 'resourceVersion');
  return version !== undefined && version !== textAt(live, 'metadata', 'resourceVersion')
    ? { kind: 'stale' }
    : undefined;
}

/** Why no new object can be made at this place. */
function placeProblem(state: State, ref: ObjectRef): WriteResult | undefined {
  const isRbac = ref.apiVersion.startsWith('rbac.');
  if (!isRbac && !/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(ref.name)) return refused(ref, 'Invalid', 'metadata.name');
  if (ref.namespace === undefined) return undefined;
  const namespace = state.objects.get(objectKey({ apiVersion: 'v1', kind: 'Namespace', name: ref.namespace }));
  if (namespace === undefined) return refused(ref, 'MissingNamespace', 'no such namespace');
  return isGoing(namespace) ? refused(ref, 'TerminatingNamespace', 'the namespace is being deleted') : undefined;
}

export function apply(state: State, ref: ObjectRef, body: JsonObject, options: ApplyOptions): WriteResult {
  const live = state.objects.get(objectKey(ref));
  const problem = meeting(live, body);
  if (problem?.kind === 'stale') return problem;
  // An apply that makes a new object does not compare the version it names.
  if (problem !== undefined && options.subresource !== undefined) return problem;
  const place = live === undefined ? placeProblem(state, ref) : undefined;
  if (place !== undefined) return place;
  const by = { manager: options.manager, operation: 'Apply', subresource: options.subresource } as const;
  const { object, holdings, conflicts } = applyFields(live, holdingsOf(live), scope(state, ref, body, options), by);
  if (conflicts.length > 0 && !options.force) return { kind: 'conflict', fields: conflicts };
  return store(state, ref, { object, holdings }, options);
}

export function create(state: State, ref: ObjectRef, body: JsonObject, options: WriteOptions): WriteResult {
  const problem = placeProblem(state, ref);
  if (problem !== undefined) return problem;
  if (state.objects.has(objectKey(ref))) return { kind: 'exists' };
  return update(state, ref, scope(state, ref, body, {}), options);
}

export function replace(state: State, ref: ObjectRef, body: JsonObject, options: WriteOptions): WriteResult {
  const live = state.objects.get(objectKey(ref));
  const problem = meeting(live, body);
  if (problem !== undefined || live === undefined) return problem ?? { kind: 'missing' };
  const deletionTimestamp = at(live, 'metadata', 'deletionTimestamp');
  return rewrite(state, ref, withMetadata(body, { deletionTimestamp }), options);
}

export function patch(
  state: State,
  ref: ObjectRef,
  change: { readonly type: PatchType; readonly body: JsonObject | readonly JsonObject[] },
  options: WriteOptions,
): WriteResult {
  const live = state.objects.get(objectKey(ref));
  const body = isJsonObject(change.body as Json) ? (change.body as JsonObject) : undefined;
  const problem = meeting(live, body);
  if (problem !== undefined || live === undefined) return problem ?? { kind: 'missing' };
  const next = patched(live, change);
  return next === undefined ? refused(ref, 'Invalid', 'the patch does not fit') : rewrite(state, ref, next, options);
}

/** Writes the part of the next object that the request is about: all but the status, or only the status. */
function rewrite(state: State, ref: ObjectRef, next: JsonObject, options: WriteOptions): WriteResult {
  const live = state.objects.get(objectKey(ref));
  if (options.subresource === 'status') return update(state, ref, compact({ ...live, status: next.status }), options);
  const hasStatus = state.kinds.get(kindKey(ref))?.hasStatus === true;
  return update(state, ref, hasStatus ? compact({ ...next, status: live?.status }) : next, options);
}

function patched(
  live: JsonObject,
  { type, body }: { readonly type: PatchType; readonly body: JsonObject | readonly JsonObject[] },
): JsonObject | undefined {
  if (type === 'json') return jsonPatch(live, body as readonly JsonObject[]);
  return type === 'merge'
    ? (mergePatch(live, body as JsonObject) as JsonObject)
    : strategicPatch(live, body as JsonObject);
}

export function update(state: State, ref: ObjectRef, object: JsonObject, options: WriteOptions): WriteResult {
  const live = state.objects.get(objectKey(ref));
  const by = { manager: options.manager, operation: 'Update', subresource: options.subresource } as const;
  return store(state, ref, { object, holdings: updateFields(live, holdingsOf(live), object, by) }, options);
}

/** The part of a body that this request may write. */
function scope(
  state: State,
  ref: ObjectRef,
  body: JsonObject,
  { subresource }: { readonly subresource?: 'status' | undefined },
): JsonObject {
  if (subresource === 'status') return compact({ apiVersion: body.apiVersion, kind: body.kind, status: body.status });
  return state.kinds.get(kindKey(ref))?.hasStatus === true ? compact({ ...body, status: undefined }) : body;
}
