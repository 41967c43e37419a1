import { LRUCache } from 'lru-cache';
import type { LynqNodeStatus } from '../domain/api/node.ts';
import { type JsonObject, listAt, textAt } from '../domain/api/json.ts';
import { hubEvents } from '../domain/events.ts';
import { newConflicts } from '../domain/gauges.ts';
import { annotations, apiVersion } from '../domain/keys.ts';
import { endsPass, type EventEntry, nodeEvents, type NodeTransition, renderFailure } from '../domain/node-events.ts';
import type { NodeIdentity } from '../domain/ownership.ts';
import type { EventDraft, EventReporter, EventSubject } from '../domain/ports.ts';
import type { Deps } from './deps.ts';
import type { NodePass, ReadNode } from './node/gather.ts';

/** Brings Events to the objects they are about. Nothing here waits or fails. */

function tell(deps: Pick<Deps, 'events'>, reporter: EventReporter, subject: EventSubject, draft: EventDraft): void {
  deps.events.record({ ...draft, subject, reporter });
}

export function subjectOf(object: JsonObject): EventSubject {
  return {
    apiVersion: textAt(object, 'apiVersion') ?? '',
    kind: textAt(object, 'kind') ?? '',
    namespace: textAt(object, 'metadata', 'namespace'),
    name: textAt(object, 'metadata', 'name') ?? '',
    uid: textAt(object, 'metadata', 'uid') ?? '',
  };
}

/** On a LynqHub or LynqForm as it was read; the reporter follows from which it is. */
export function tellOwner(deps: Pick<Deps, 'events'>, object: JsonObject, ...drafts: readonly EventDraft[]): void {
  const subject = { ...subjectOf(object), apiVersion };
  const reporter = subject.kind === 'LynqForm' ? 'lynqform-controller' : 'lynqhub-controller';
  for (const draft of drafts) tell(deps, reporter, subject, draft);
}

function nodeSubject({ namespace, name, nodeUid }: NodeIdentity): EventSubject {
  return { apiVersion, kind: 'LynqNode', namespace, name, uid: nodeUid };
}

export function tellNode(deps: Deps, identity: NodeIdentity, ...drafts: readonly EventDraft[]): void {
  for (const draft of drafts) tell(deps, 'lynqnode-controller', nodeSubject(identity), draft);
}

/** On a LynqNode, by the sync that changed it. */
export function tellSyncedNode(deps: Pick<Deps, 'events'>, node: JsonObject, draft: EventDraft): void {
  tell(deps, 'lynqhub-controller', { ...subjectOf(node), apiVersion, kind: 'LynqNode' }, draft);
}

/** On a child itself, which outlives its node. */
export function tellChild(deps: Deps, object: JsonObject, draft: EventDraft): void {
  tell(deps, 'lynq-operator', subjectOf(object), draft);
}

/** On the hub of a node, known by the node's owner. */
export function tellHubOf(deps: Deps, { object, identity }: ReadNode, draft: EventDraft): void {
  const owner = listAt(object, 'metadata', 'ownerReferences').find((item) => textAt(item, 'kind') === 'LynqHub');
  const [name, uid] = [textAt(owner, 'name'), textAt(owner, 'uid')];
  if (name === undefined || uid === undefined) return;
  tell(deps, 'lynqhub-controller', { apiVersion, kind: 'LynqHub', namespace: identity.namespace, name, uid }, draft);
}

const rememberedPasses = 10_000;

/**
 * Entries that were written since the last event about an outcome, by LynqNode: a pass runs over several activities. Kept in this process only;
 * losing it may lose an event, never makes one.
 */
export class WrittenEntries {
  private readonly byNode = new LRUCache<string, Set<string>>({ max: rememberedPasses });

  add(nodeUid: string, id: string): void {
    const known = this.byNode.get(nodeUid) ?? new Set();
    this.byNode.set(nodeUid, known.add(id));
  }

  count(nodeUid: string): number {
    return this.byNode.get(nodeUid)?.size ?? 0;
  }

  forget(nodeUid: string): void {
    this.byNode.delete(nodeUid);
  }
}

function eventEntries({ entries, lists }: NodePass): readonly EventEntry[] {
  return [...entries.values()].map((planned): EventEntry => {
    const entry = planned.kind === 'desired' ? planned.child.entry : planned.entry;
    return {
      id: entry.id,
      list: lists.get(entry.id) ?? 'manifests',
      namespace: planned.kind === 'desired' ? planned.child.ref.namespace : undefined,
      conflictPolicy: entry.conflictPolicy,
      dependIds: entry.dependIds ?? [],
      skipOnDependencyFailure: entry.skipOnDependencyFailure,
      timeoutSeconds: entry.timeoutSeconds,
      retainedBecause: planned.kind === 'desired' ? planned.child.retainedBecause : undefined,
      neededElsewhere: planned.kind === 'desired' && planned.child.neededElsewhere === 'Named',
      staysHere: planned.kind === 'desired' && planned.child.ignoredNamespace !== undefined,
    };
  });
}

/** Tells what a status that has been written says for the first time. */
export function tellTransition(
  deps: Deps,
  pass: NodePass,
  before: LynqNodeStatus | undefined,
  after: LynqNodeStatus,
): void {
  const { identity, node } = pass;
  const changed = deps.written.count(identity.nodeUid);
  const generation = node.metadata.annotations?.[annotations.templateGeneration] ?? '';
  const entries = eventEntries(pass);
  const transition = { identity, generation, before, after, entries, changed };
  tellNode(deps, identity, ...nodeEvents(transition));
  const problem = renderFailure(transition);
  if (problem !== undefined) tellHubOf(deps, pass, hubEvents.templateRenderFailed(identity.uid, problem));
  countConflicts(deps, transition);
  if (endsPass(transition)) deps.written.forget(identity.nodeUid);
}

function countConflicts(deps: Deps, { identity, before, after, entries }: NodeTransition): void {
  const policies = new Map(entries.map(({ id, conflictPolicy }) => [id, conflictPolicy]));
  const { namespace, name: node } = identity;
  for (const { id, kind: objectKind } of newConflicts(before, after))
    deps.measures.record({
      kind: 'conflict',
      namespace,
      node,
      objectKind,
      conflictPolicy: policies.get(id) ?? 'Stuck',
    });
}
