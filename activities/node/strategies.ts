import { type JsonObject, textAt } from '../../domain/api/json.ts';
import type { PatchStrategy } from '../../domain/api/resource.ts';
import type { DesiredChild } from '../../domain/child.ts';
import { managers } from '../../domain/keys.ts';
import type { Observation } from '../../domain/node-plan.ts';
import { judgeConflict } from '../../domain/policies/conflict.ts';
import { contestedFields } from '../../domain/policies/contested-fields.ts';
import { foldedManagers, managersPatch, renamedManagers } from '../../domain/policies/field-managers.ts';
import { updateBody } from '../../domain/policies/ignored-fields.ts';
import { mergeBody, mergeType } from '../../domain/policies/merge-body.ts';
import { replaceBody } from '../../domain/policies/replace-body.ts';
import type { WriteResult } from '../../domain/ports.ts';
import { versionOfNothing } from '../../domain/resource-version.ts';
import type { Deps } from '../deps.ts';

export interface ChildWrite {
  readonly child: DesiredChild;
  readonly observation: Observation;
  readonly signal: AbortSignal;
}

/** How an object that exists is updated. `force`: fields that others hold are taken. */
export type Update = (deps: Deps, write: ChildWrite, force: boolean) => Promise<WriteResult>;

const options = ({ signal }: ChildWrite) => ({ manager: managers.apply, signal });

/** The uid of the object a write is meant for. */
function uidOf({ observation }: ChildWrite): string | undefined {
  return observation.kind === 'ours' || observation.kind === 'orphan' ? observation.digest.uid : undefined;
}

/** What the object looked like when the write was decided: this uid in this version, or no object at all. */
function conditionsOf({ observation }: ChildWrite): JsonObject {
  switch (observation.kind) {
    case 'ours':
    case 'orphan':
      return { uid: observation.digest.uid, resourceVersion: observation.digest.resourceVersion };
    default:
      return { resourceVersion: versionOfNothing };
  }
}

/**
 * A body for exactly the object that was seen. A write that arrives late then cannot bring back older content, nor an object that was deleted, nor
 * take over one that someone else made meanwhile.
 */
function conditional(body: JsonObject, conditions: JsonObject): JsonObject {
  return { ...body, metadata: { ...(body['metadata'] as JsonObject), ...conditions } };
}

function versionOf(live: JsonObject): JsonObject {
  return {
    uid: textAt(live, 'metadata', 'uid') ?? '',
    resourceVersion: textAt(live, 'metadata', 'resourceVersion') ?? '',
  };
}

/** The object as it is now, if it is still the one the write is meant for. */
async function readLive(deps: Deps, write: ChildWrite): Promise<JsonObject | undefined> {
  const live = await deps.cluster.get(write.child.ref, write.signal);
  const uid = uidOf(write);
  return live === undefined || (uid !== undefined && textAt(live, 'metadata', 'uid') !== uid) ? undefined : live;
}

/** Creates an object with everything the form says, by server-side apply whatever the strategy. */
export function createObject(deps: Deps, write: ChildWrite): Promise<WriteResult> {
  const body = conditional(write.child.body, conditionsOf(write));
  return deps.cluster.apply(write.child.ref, body, { ...options(write), force: false });
}

/** Brings managedFields into the order an apply needs. The object is read only where there may be something to do. */
async function settleManagers(deps: Deps, write: ChildWrite, live: JsonObject): Promise<WriteResult> {
  const { body, ignored, ref } = write.child;
  const sent = updateBody(body, live, ignored, 'atomic');
  const managedFields = foldedManagers(live, { body: sent, ignored, now: deps.clock.now() });
  if (managedFields === undefined) return { kind: 'ok', object: live };
  return deps.cluster.patch(ref, 'json', managersPatch(live, managedFields), options(write));
}

const applyObject: Update = async (deps, write, force) => {
  const { child, observation } = write;
  const movable = observation.kind !== 'ours' || observation.digest.movable !== false;
  if (child.ignored.length === 0 && !movable) {
    const body = conditional(child.body, conditionsOf(write));
    return deps.cluster.apply(child.ref, body, { ...options(write), force });
  }
  const live = await readLive(deps, write);
  if (live === undefined) return { kind: 'stale' };
  const settled = await settleManagers(deps, write, live);
  if (settled.kind !== 'ok') return settled;
  const body = updateBody(child.body, settled.object, child.ignored, 'atomic');
  return deps.cluster.apply(child.ref, conditional(body, versionOf(settled.object)), { ...options(write), force });
};

/** A patch and a PUT know no conflicts: what others hold firmly is looked at before. */
function conflictOf(write: ChildWrite, live: JsonObject, body: JsonObject, force: boolean): WriteResult | undefined {
  if (force) return undefined;
  const fields = contestedFields(live, body);
  if (fields.length === 0) return undefined;
  const verdict = judgeConflict(write.child.entry.conflictPolicy, live, fields);
  return verdict.kind === 'conflicted' ? { kind: 'conflict', fields } : undefined;
}

/** The entries of the Go operator come under our name in the same write. */
function withManagers(deps: Deps, body: JsonObject, live: JsonObject): JsonObject {
  const managedFields = renamedManagers(live, deps.clock.now());
  if (managedFields === undefined) return body;
  return conditional(body, { ...versionOf(live), managedFields });
}

const mergeObject: Update = async (deps, write, force) => {
  const live = await readLive(deps, write);
  if (live === undefined) return { kind: 'stale' };
  const { body: wanted, ignored, ref } = write.child;
  const type = mergeType(ref);
  const body = updateBody(wanted, live, ignored, type === 'merge' ? 'lists' : 'atomic');
  const conflict = conflictOf(write, live, body, force);
  if (conflict !== undefined) return conflict;
  const patch = withManagers(deps, conditional(mergeBody(body, live, type), versionOf(live)), live);
  return deps.cluster.patch(ref, type, patch, options(write));
};

const putObject: Update = async (deps, write, force) => {
  const live = await readLive(deps, write);
  if (live === undefined) return { kind: 'stale' };
  const { body: wanted, ignored, ref } = write.child;
  const body = updateBody(wanted, live, ignored, 'all');
  const conflict = conflictOf(write, live, body, force);
  if (conflict !== undefined) return conflict;
  return deps.cluster.replace(ref, withManagers(deps, replaceBody(body, live), live), options(write));
};

const updates = { apply: applyObject, merge: mergeObject, replace: putObject } satisfies Record<PatchStrategy, Update>;

/** Updates an object by its entry's strategy. */
export const updateObject: Update = (deps, write, force) =>
  updates[write.child.entry.patchStrategy](deps, write, force);
