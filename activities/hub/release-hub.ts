import type { JsonObject } from '../../domain/api/json.ts';
import { resourceLists } from '../../domain/api/resource.ts';
import { canonicalJson } from '../../domain/canonical.ts';
import { LynqFailure } from '../../domain/failures.ts';
import { annotations, managers } from '../../domain/keys.ts';
import { type PeerNode, peerNode } from '../../domain/peer-node.ts';
import { settleConditions } from '../../domain/status.ts';
import type { HubRef } from '../contract.ts';
import type { Attempt, Deps } from '../deps.ts';
import { nodeRef, readNode, type ReadNode, renderRead } from '../node/gather.ts';
import { inParallel } from '../parallel.ts';
import { hubRef, type ReadHub } from './read-hub.ts';

/**
 * `lynq release`: our work on a hub ends in a state the Go operator can take over (decisions.md section 1). A node is first marked, which ends its
 * passes, then gets its arrays and the list of applied objects as the Go operator compares them. Nothing is deleted, no finalizer is taken: it
 * uses the same ones. Done again, it writes nothing that is there.
 */

const concurrency = 8;
const passEndMilliseconds = 200;

export async function releaseHub(
  deps: Deps,
  request: HubRef,
  work: { readonly hub: ReadHub; readonly released: string; readonly attempt: Attempt },
): Promise<void> {
  const { hub, released, attempt } = work;
  if (isReleased(hub, released)) return;
  const nodes = deps.nodes.ofHub(request.namespace, request.hub);
  await inParallel(nodes, concurrency, async ({ name }) => {
    attempt.signal.throwIfAborted();
    await releaseNode(deps, { namespace: request.namespace, node: name }, released);
  });
  await reportReleased(deps, request, { hub, released, nodes: nodes.length });
}

function isReleased({ hub }: ReadHub, released: string): boolean {
  return (hub.status?.conditions ?? []).some(
    ({ type, status, message }) => type === 'Released' && status === 'True' && message.endsWith(released),
  );
}

type NodeName = Parameters<typeof nodeRef>[0];

async function releaseNode(deps: Deps, ref: NodeName, released: string): Promise<void> {
  const read = await readNode(deps, ref);
  if (read === undefined) return;
  const peer = await peerForm(deps, read);
  if (peer === undefined) return;
  const spec = peer.arrays as unknown as JsonObject;
  const body = { metadata: { uid: read.identity.nodeUid, annotations: { [annotations.released]: released } }, spec };
  await write(deps, ref, body);
  await passesEnd(deps, ref);
  const applied = { appliedResources: [...peer.appliedResources] };
  if (canonicalJson(read.node.status?.appliedResources ?? []) === canonicalJson(applied.appliedResources)) return;
  await write(deps, ref, { metadata: { uid: read.identity.nodeUid }, status: applied }, 'status');
}

/** A pass that runs here sees the mark and ends without another write. */
async function passesEnd(deps: Deps, { namespace, node }: NodeName): Promise<void> {
  const idle = deps.changes.subscribe();
  while (deps.runs.isBusy(namespace, node)) await idle.next(passEndMilliseconds);
  idle.close();
}

async function peerForm(deps: Deps, read: ReadNode): Promise<PeerNode | undefined> {
  const rendered = await renderRead(deps, read);
  if (rendered === undefined) return undefined;
  return peerNode(resourceLists, rendered.revision.entries, rendered.objects, read.identity.namespace);
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

async function reportReleased(
  deps: Deps,
  request: HubRef,
  { hub, released, nodes }: { readonly hub: ReadHub; readonly released: string; readonly nodes: number },
): Promise<void> {
  const previous = hub.hub.status?.conditions ?? [];
  const message = `${nodes} nodes are as the Go operator stores them; nothing is written since ${released}`;
  const draft = { type: 'Released', status: 'True' as const, reason: 'ReleaseRequested', message };
  const at = { now: deps.clock.now(), generation: hub.hub.metadata.generation ?? 0 };
  const others = previous.filter(({ type }) => type !== 'Released');
  const conditions = [...others, ...settleConditions(previous, [draft], at)] as unknown as JsonObject[];
  const body = { metadata: { uid: hub.hub.metadata.uid }, status: { conditions } };
  await deps.cluster.patch(hubRef(request), 'merge', body, { manager: managers.apply, subresource: 'status' });
}

/** `lynq adopt`: the marks and the arrays go from the nodes, whose passes begin again. */
export async function takeBack(deps: Deps, request: HubRef): Promise<void> {
  const nodes = deps.nodes.ofHub(request.namespace, request.hub).filter(({ released }) => released);
  const arrays = Object.fromEntries(resourceLists.map((list) => [list, null]));
  await inParallel(nodes, concurrency, ({ name, nodeUid }) =>
    write(
      deps,
      { namespace: request.namespace, node: name },
      { metadata: { uid: nodeUid, annotations: { [annotations.released]: null } }, spec: arrays },
    ),
  );
}
