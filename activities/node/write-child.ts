import type { JsonObject } from '../../domain/api/json.ts';
import { isLynqFailure } from '../../domain/failures.ts';
import { managers } from '../../domain/keys.ts';
import { type Attempt as FailedAttempt, isTrackedOnly } from '../../domain/node-plan.ts';
import { childDigest } from '../../domain/node-digest.ts';
import { judgeConflict } from '../../domain/policies/conflict.ts';
import { listRepair } from '../../domain/policies/list-repair.ts';
import type { WriteResult } from '../../domain/ports.ts';
import { adoptionPatch } from '../../domain/removal-plan.ts';
import type { Deps } from '../deps.ts';
import { type ChildWrite, createObject, updateObject } from './strategies.ts';

/** What became of one write. `retry`: the object changed meanwhile, it has to be looked at again. */
export type WriteOutcome =
  | { readonly kind: 'written'; readonly object: JsonObject }
  | { readonly kind: 'retry' }
  | { readonly kind: 'stopped'; readonly attempt: FailedAttempt };

/** A second answer is final: what was done about the first one did not help. */
type Try = 'first' | 'last';

type Refusal = Extract<WriteResult, { kind: 'refused' }>;

async function resolveConflict(
  deps: Deps,
  write: ChildWrite,
  result: Extract<WriteResult, { kind: 'conflict' }>,
  tried: Try,
): Promise<WriteOutcome> {
  const live = await deps.cluster.get(write.child.ref, write.signal);
  // An object that was absent when it was looked at is somebody's: whose, is not decided here.
  if (live === undefined || write.observation.kind === 'absent') return { kind: 'retry' };
  const verdict = judgeConflict(write.child.entry.conflictPolicy, live, result.fields);
  if (verdict.kind === 'conflicted') return { kind: 'stopped', attempt: { kind: 'conflicted', owner: verdict.owner } };
  return outcomeOf(deps, write, await updateObject(deps, write, true), tried);
}

/**
 * An edit of a list's keys can make every write of ours invalid: the strangers in the list that is invalid go first, then the write is tried again.
 * Nothing is changed for a write that would be refused all the same.
 */
async function repairLists(deps: Deps, write: ChildWrite, refusal: Refusal): Promise<WriteOutcome> {
  const stopped: WriteOutcome = {
    kind: 'stopped',
    attempt: { kind: 'refused', reason: refusal.reason, message: refusal.message },
  };
  const live = await deps.cluster.get(write.child.ref, write.signal);
  const repair = live === undefined ? undefined : listRepair(write.child.body, live, refusal.fields ?? []);
  if (repair === undefined) return stopped;
  const options = { manager: managers.apply, signal: write.signal };
  const proven = await deps.cluster.patch(write.child.ref, 'json', repair.proof, { ...options, dryRun: true });
  if (proven.kind === 'stale') return { kind: 'retry' };
  if (proven.kind !== 'ok') return stopped;
  const repaired = await deps.cluster.patch(write.child.ref, 'json', repair.patch, options);
  if (repaired.kind === 'stale') return { kind: 'retry' };
  if (repaired.kind !== 'ok') return stopped;
  const observation = { kind: 'ours' as const, digest: childDigest(repaired.object) };
  return outcomeOf(deps, write, await updateObject(deps, { ...write, observation }, isForced(write)), 'last');
}

async function outcomeOf(deps: Deps, write: ChildWrite, result: WriteResult, tried: Try): Promise<WriteOutcome> {
  switch (result.kind) {
    case 'ok':
      deps.children.observe(result.object);
      return { kind: 'written', object: result.object };
    case 'conflict':
      return resolveConflict(deps, write, result, tried);
    case 'refused':
      if (result.reason === 'Invalid' && tried === 'first' && write.observation.kind === 'ours') {
        return repairLists(deps, write, result);
      }
      return { kind: 'stopped', attempt: { kind: 'refused', reason: result.reason, message: result.message } };
    case 'stale':
    case 'exists':
    case 'missing':
      return { kind: 'retry' };
  }
}

/**
 * Takes back an object that was kept from an earlier life of this node: markers off, tracking on. A `Once` object is not touched further, and loses its
 * owner in this way when it comes to be retained.
 */
async function adopt(deps: Deps, write: ChildWrite): Promise<WriteOutcome> {
  const live = await deps.cluster.get(write.child.ref, write.signal);
  if (live === undefined) return { kind: 'retry' };
  const patch = adoptionPatch(live, write.child.body);
  const options = { manager: managers.markers, signal: write.signal };
  const marked = await deps.cluster.patch(write.child.ref, 'merge', patch, options);
  const adopted = await outcomeOf(deps, write, marked, 'last');
  if (adopted.kind !== 'written' || write.child.entry.creationPolicy === 'Once') return adopted;
  const observation = { kind: 'ours' as const, digest: childDigest(adopted.object) };
  return outcomeOf(deps, write, await updateObject(deps, { ...write, observation }, true), 'first');
}

const isForced = ({ child }: ChildWrite): boolean => child.entry.conflictPolicy === 'Force';

/** Writes one child: create, adopt or update, by its policies. */
export async function writeChild(deps: Deps, write: ChildWrite): Promise<WriteOutcome> {
  const outcome = await writeByPolicies(deps, write);
  if (outcome.kind === 'retry') return outcome;
  const { ref, entry } = write.child;
  const result = outcome.kind === 'written' ? 'success' : 'error';
  deps.measures.record({ kind: 'apply', objectKind: ref.kind, result, conflictPolicy: entry.conflictPolicy });
  return outcome;
}

/**
 * Whether a creation that asked nobody before was answered about an object that stands there: that one is looked at before anything is concluded. What is
 * refused although nothing stands there was refused for itself, and is not sent again.
 */
async function isThere(deps: Deps, { child, signal }: ChildWrite, result: WriteResult): Promise<boolean> {
  if (result.kind === 'ok') return false;
  if (result.kind !== 'refused') return true;
  const live = await deps.cluster.get(child.ref, signal).catch((error: unknown) => {
    if (isLynqFailure(error) && error.type === 'ClusterForbidden') return 'unreadable' as const;
    throw error;
  });
  return live !== undefined;
}

async function writeByPolicies(deps: Deps, write: ChildWrite): Promise<WriteOutcome> {
  if (write.observation.kind === 'orphan' || isTrackedOnly(write.child, write.observation)) return adopt(deps, write);
  if (write.observation.kind === 'absent') {
    const result = await createObject(deps, write);
    if (write.observation.assumed === true && (await isThere(deps, write, result))) return { kind: 'retry' };
    return outcomeOf(deps, write, result, 'first');
  }
  return outcomeOf(deps, write, await updateObject(deps, write, isForced(write)), 'first');
}
