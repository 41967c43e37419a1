import { type JsonObject, textAt } from '../../domain/api/json.ts';
import type { PatchStrategy } from '../../domain/api/resource.ts';
import type { DesiredChild } from '../../domain/child.ts';
import { managers } from '../../domain/keys.ts';
import type { Attempt as FailedAttempt, Observation } from '../../domain/node-plan.ts';
import { childDigest } from '../../domain/node-digest.ts';
import { judgeConflict } from '../../domain/policies/conflict.ts';
import type { WriteResult } from '../../domain/ports.ts';
import { versionOfNothing } from '../../domain/resource-version.ts';
import { adoptionPatch } from '../../domain/removal-plan.ts';
import type { Deps } from '../deps.ts';

/** What became of one write. `retry`: the object changed meanwhile, it has to be looked at again. */
export type WriteOutcome =
  | { readonly kind: 'written'; readonly object: JsonObject }
  | { readonly kind: 'retry' }
  | { readonly kind: 'stopped'; readonly attempt: FailedAttempt };

export interface ChildWrite {
  readonly child: DesiredChild;
  readonly observation: Observation;
  readonly signal: AbortSignal;
}

/**
 * The body with what the object looked like when the write was decided: this uid in this version, or no object at all. A write that arrives late
 * then cannot bring back older content, nor an object that was deleted, nor take over one that someone else made meanwhile.
 */
function conditionalBody({ child, observation }: ChildWrite): JsonObject {
  const metadata = child.body['metadata'] as JsonObject;
  return { ...child.body, metadata: { ...metadata, ...conditionsOf(observation) } };
}

function conditionsOf(observation: Observation): JsonObject {
  switch (observation.kind) {
    case 'ours':
    case 'orphan':
      return { uid: observation.digest.uid, resourceVersion: observation.digest.resourceVersion };
    default:
      return { resourceVersion: versionOfNothing };
  }
}

async function serverSideApply(deps: Deps, write: ChildWrite, force: boolean): Promise<WriteResult> {
  const options = { manager: managers.apply, force, signal: write.signal };
  return deps.cluster.apply(write.child.ref, conditionalBody(write), options);
}

/** Groups whose kinds the API server compiles in; only those know strategic merge. */
const builtInGroups: ReadonlySet<string> = new Set([
  '',
  'apps',
  'autoscaling',
  'batch',
  'policy',
  'coordination.k8s.io',
  'discovery.k8s.io',
  'networking.k8s.io',
  'node.k8s.io',
  'rbac.authorization.k8s.io',
  'scheduling.k8s.io',
  'storage.k8s.io',
]);

async function mergePatch(deps: Deps, write: ChildWrite): Promise<WriteResult> {
  const [group = ''] = write.child.ref.apiVersion.includes('/') ? write.child.ref.apiVersion.split('/') : [''];
  const type = builtInGroups.has(group) ? 'strategic' : 'merge';
  return deps.cluster.patch(write.child.ref, type, conditionalBody(write), {
    manager: managers.apply,
    signal: write.signal,
  });
}

async function putObject(deps: Deps, write: ChildWrite): Promise<WriteResult> {
  const live = await deps.cluster.get(write.child.ref, write.signal);
  if (live === undefined) return { kind: 'stale' };
  const metadata = write.child.body['metadata'] as JsonObject;
  const identity = {
    uid: textAt(live, 'metadata', 'uid'),
    resourceVersion: textAt(live, 'metadata', 'resourceVersion'),
  };
  const body = { ...write.child.body, metadata: { ...metadata, ...identity } };
  return deps.cluster.replace(write.child.ref, body, { manager: managers.apply, signal: write.signal });
}

/** How an object that exists is updated; one that does not is always created by server-side apply. */
const strategies = {
  apply: (deps, write) => serverSideApply(deps, write, write.child.entry.conflictPolicy === 'Force'),
  merge: mergePatch,
  replace: putObject,
} satisfies Record<PatchStrategy, (deps: Deps, write: ChildWrite) => Promise<WriteResult>>;

async function resolveConflict(
  deps: Deps,
  write: ChildWrite,
  result: Extract<WriteResult, { kind: 'conflict' }>,
): Promise<WriteOutcome> {
  const live = await deps.cluster.get(write.child.ref, write.signal);
  if (live === undefined) return { kind: 'retry' };
  const verdict = judgeConflict(write.child.entry.conflictPolicy, live, result.fields);
  if (verdict.kind === 'conflicted') return { kind: 'stopped', attempt: { kind: 'conflicted', owner: verdict.owner } };
  return outcomeOf(deps, write, await serverSideApply(deps, write, true));
}

async function outcomeOf(deps: Deps, write: ChildWrite, result: WriteResult): Promise<WriteOutcome> {
  switch (result.kind) {
    case 'ok':
      deps.children.observe(result.object);
      return { kind: 'written', object: result.object };
    case 'conflict':
      return resolveConflict(deps, write, result);
    case 'refused':
      return { kind: 'stopped', attempt: { kind: 'refused', reason: result.reason, message: result.message } };
    case 'stale':
    case 'exists':
    case 'missing':
      return { kind: 'retry' };
  }
}

/** Takes back an object that was kept from an earlier life of this node: markers off, tracking on. A `Once` object is not touched further. */
async function adopt(deps: Deps, write: ChildWrite): Promise<WriteOutcome> {
  const live = await deps.cluster.get(write.child.ref, write.signal);
  if (live === undefined) return { kind: 'retry' };
  const patch = adoptionPatch(live, write.child.body);
  const options = { manager: managers.markers, signal: write.signal };
  const adopted = await outcomeOf(deps, write, await deps.cluster.patch(write.child.ref, 'merge', patch, options));
  if (adopted.kind !== 'written' || write.child.entry.creationPolicy === 'Once') return adopted;
  const observation = { kind: 'ours' as const, digest: childDigest(adopted.object) };
  return outcomeOf(deps, write, await serverSideApply(deps, { ...write, observation }, true));
}

/** Writes one child: create, adopt or update, by its policies. */
export async function writeChild(deps: Deps, write: ChildWrite): Promise<WriteOutcome> {
  if (write.observation.kind === 'orphan') return adopt(deps, write);
  if (write.observation.kind === 'absent') return outcomeOf(deps, write, await serverSideApply(deps, write, false));
  return outcomeOf(deps, write, await strategies[write.child.entry.patchStrategy](deps, write));
}
