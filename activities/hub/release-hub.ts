import { type JsonObject, listAt, textAt } from '../../domain/api/json.ts';
import { canonicalJson } from '../../domain/canonical.ts';
import { isLynqFailure, LynqFailure } from '../../domain/failures.ts';
import { annotations, managers } from '../../domain/keys.ts';
import { isReleaseDone, type ReleaseFacts, releasedCondition, type Unstored } from '../../domain/release.ts';
import { settleConditions } from '../../domain/status.ts';
import type { HubRef } from '../contract.ts';
import type { Attempt, Deps } from '../deps.ts';
import { nodeRef, readNode } from '../node/gather.ts';
import { inParallel } from '../parallel.ts';
import { hubRef, type ReadHub } from './read-hub.ts';
import { storedForm } from './stored-form.ts';

/**
 * `lynq release`: our work on a hub ends in a state the Go operator can take over (decisions.md section 1). A node is first marked, which ends its
 * passes, then gets its arrays and the list of applied objects as the Go operator compares them. Nothing is deleted, no finalizer is taken: it
 * uses the same ones. Done again, it writes nothing that is there. A node that cannot be stored so is not marked, and the hub is not said to be released.
 * What other workers, of other versions, wrote meanwhile is found by reading all nodes once more.
 */

const concurrency = 8;
/** How often a node is stored that does not stay so. */
const mostRounds = 3;
const passEndMilliseconds = 200;

export async function releaseHub(
  deps: Deps,
  request: HubRef,
  work: { readonly hub: ReadHub; readonly released: string; readonly attempt: Attempt },
): Promise<void> {
  const { hub, released, attempt } = work;
  if (isReleaseDone(hub.hub.status?.conditions ?? [], released)) return;
  await reportReleased(deps, request, hub, await releaseNodes(deps, request, { released, attempt }));
}

type Work = Readonly<{ released: string; attempt: Attempt }>;

async function releaseNodes(deps: Deps, request: HubRef, { released, attempt }: Work): Promise<ReleaseFacts> {
  const left = new Map<string, string>();
  const stored = new Map<string, StoredNode>();
  for (let round = 1; ; round += 1) {
    const nodes = deps.nodes.ofHub(request.namespace, request.hub);
    const open: NodeName[] = [];
    await inParallel(nodes, concurrency, async ({ name }) => {
      attempt.signal.throwIfAborted();
      const ref = { namespace: request.namespace, node: name };
      if (left.has(name) || (await staysStored(deps, ref, stored.get(name)))) return;
      open.push(ref);
    });
    if (open.length === 0 || round > mostRounds) {
      for (const { node } of open) left.set(node, 'a pass of another worker still writes it');
      const unstored = [...left].map(([node, why]) => ({ node, why }));
      return { released, nodes: nodes.length, unstored: sorted(unstored) };
    }
    await inParallel(open, concurrency, async (ref) => {
      attempt.signal.throwIfAborted();
      const result = await tryToRelease(deps, ref, released);
      if (typeof result === 'string') left.set(ref.node, result);
      else stored.set(ref.node, result);
    });
  }
}

function sorted(unstored: readonly Unstored[]): readonly Unstored[] {
  return unstored.toSorted((left, right) => (left.node < right.node ? -1 : 1));
}

type NodeName = Parameters<typeof nodeRef>[0];

/** How a node was left. */
interface StoredNode {
  readonly released: string;
  /** Its list of applied objects; absent where that is the Go operator's own. */
  readonly applied?: readonly string[];
}

function isApplied(node: JsonObject | undefined, applied: readonly string[] | undefined): boolean {
  return (
    applied === undefined || canonicalJson(listAt(node, 'status', 'appliedResources')) === canonicalJson([...applied])
  );
}

/** Whether a node is as it was left; asked of the API server. One that is gone needs nothing more. */
async function staysStored(deps: Deps, ref: NodeName, stored: StoredNode | undefined): Promise<boolean> {
  if (stored === undefined) return false;
  const node = await deps.cluster.get(nodeRef(ref));
  if (node === undefined) return true;
  const mark = textAt(node, 'metadata', 'annotations', annotations.released);
  return mark === stored.released && isApplied(node, stored.applied);
}

/** What became of a node, or why it is not released: what is wrong with one keeps no other from it. */
async function tryToRelease(deps: Deps, ref: NodeName, released: string): Promise<StoredNode | string> {
  try {
    return await releaseNode(deps, ref, released);
  } catch (error) {
    if (isLynqFailure(error) && error.type === 'ClusterInvalid') return error.message;
    throw error;
  }
}

async function releaseNode(deps: Deps, ref: NodeName, released: string): Promise<StoredNode | string> {
  const read = await readNode(deps, ref);
  if (read === undefined) return { released };
  const form = await storedForm(deps, read);
  if (form.kind === 'lost') return form.why;
  const uid = read.identity.nodeUid;
  const spec = form.kind === 'stored' ? { spec: form.peer.arrays as unknown as JsonObject } : {};
  await write(deps, ref, { metadata: { uid, annotations: { [annotations.released]: released } }, ...spec });
  await passesEnd(deps, ref);
  if (form.kind === 'untouched') return { released };
  const applied = form.peer.appliedResources;
  if (!isApplied(await deps.cluster.get(nodeRef(ref)), applied))
    await write(deps, ref, { metadata: { uid }, status: { appliedResources: [...applied] } }, 'status');
  return { released, applied };
}

/** A pass that runs here sees the mark and ends without another write. */
async function passesEnd(deps: Deps, { namespace, node }: NodeName): Promise<void> {
  const idle = deps.changes.subscribe();
  while (deps.runs.isBusy(namespace, node)) await idle.next(passEndMilliseconds);
  idle.close();
}

async function write(deps: Deps, ref: NodeName, body: JsonObject, subresource?: 'status'): Promise<void> {
  const options = { manager: managers.apply, ...(subresource === undefined ? {} : { subresource }) };
  const result = await deps.cluster.patch(nodeRef(ref), 'merge', body, options);
  if (result.kind === 'ok') deps.nodes.observe(result.object);
  if (result.kind === 'ok' || result.kind === 'missing' || result.kind === 'stale') return;
  const why = result.kind === 'refused' ? result.message : result.kind;
  throw new LynqFailure('ClusterInvalid', `LynqNode ${ref.namespace}/${ref.node} cannot be written: ${why}`, {
    node: ref.node,
  });
}

async function reportReleased(deps: Deps, request: HubRef, { hub }: ReadHub, facts: ReleaseFacts): Promise<void> {
  const previous = hub.status?.conditions ?? [];
  const at = { now: deps.clock.now(), generation: hub.metadata.generation ?? 0 };
  const others = previous.filter(({ type }) => type !== 'Released');
  const settled = settleConditions(previous, [releasedCondition(facts)], at);
  const conditions = [...others, ...settled] as unknown as JsonObject[];
  const body = { metadata: { uid: hub.metadata.uid }, status: { conditions } };
  await deps.cluster.patch(hubRef(request), 'merge', body, { manager: managers.apply, subresource: 'status' });
}
