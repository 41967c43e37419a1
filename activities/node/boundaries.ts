import { textAt } from '../../domain/api/json.ts';
import { type RenderedEntry, refKey } from '../../domain/child.ts';
import { isOfRow, type NamespaceOwner } from '../../domain/namespace-owner.ts';
import type { PlannedEntry } from '../../domain/node-plan.ts';
import type { NodeIdentity } from '../../domain/ownership.ts';
import { isFromRow, judgeScope, type ScopeRules } from '../../domain/policies/scope.ts';
import type { NodeDigest } from '../../domain/watching.ts';
import type { Deps } from '../deps.ts';
import type { ReadNode } from './gather.ts';

/** Where the boundaries of domain/policies/scope.ts meet a pass: an entry outside of them is not applied, the others are. */

type Broken = Extract<PlannedEntry, { kind: 'broken' }>;

/** What the policy of this worker says of an entry; undefined when nothing. */
export function outOfScope(rules: ScopeRules, identity: NodeIdentity, rendered: RenderedEntry): Broken | undefined {
  const refusal = judgeScope(rules, { ...rendered, nodeNamespace: identity.namespace });
  return refusal === undefined ? undefined : { kind: 'broken', entry: rendered.entry, state: 'Failed', ...refusal };
}

/**
 * A namespace that a form makes for the row may be there already and be someone else's, also another row's: a row could name it on purpose. Then nothing
 * goes into it.
 * A namespace that no form of the row makes may have been there before, which is a documented use.
 */
export async function outOfForeignNamespaces(
  deps: Deps,
  read: ReadNode,
  planned: readonly PlannedEntry[],
): Promise<readonly PlannedEntry[]> {
  const nodes = [read.identity, ...siblingsOf(deps, read.identity)].map(({ name }) => name);
  const isSuspect = (owner: NamespaceOwner | undefined) => owner === undefined || !isOfRow(owner, read.identity, nodes);
  const suspects = planned.map((item) => {
    const namespace = item.kind === 'desired' ? namespaceFromRow(read, item) : undefined;
    const origin = namespace === undefined ? undefined : deps.namespaces.origin(namespace);
    return origin !== undefined && isSuspect(origin.owner) ? namespace : undefined;
  });
  const verdicts = new Map<string, Claim>();
  for (const namespace of new Set(suspects))
    if (namespace !== undefined) verdicts.set(namespace, await judgeClaims(deps, read, { namespace, planned }));
  return planned.map((item, index) => {
    const verdict = verdicts.get(suspects[index] ?? '');
    if (item.kind !== 'desired' || verdict === undefined || verdict.state === 'Free') return item;
    return { kind: 'broken', entry: item.child.entry, ...verdict };
  });
}

type Claim = { readonly state: 'Free' } | Pick<Broken, 'state' | 'reason' | 'message'>;

/** Reason of an entry that waits for another node of its row to report. */
export const unknownNamespace = 'NamespaceUnknown';

type Desired = Extract<PlannedEntry, { kind: 'desired' }>;

/** The namespace of a child, where a row has a part in its name. */
function namespaceFromRow({ identity }: ReadNode, { child }: Desired): string | undefined {
  const { namespace } = child.ref;
  if (namespace === undefined || namespace === identity.namespace) return undefined;
  const question = { entry: child.entry, object: child.body, namespaced: true, nodeNamespace: identity.namespace };
  return isFromRow(question) ? namespace : undefined;
}

const namespaceKey = (name: string): string => refKey({ apiVersion: 'v1', kind: 'Namespace', name });

async function judgeClaims(
  deps: Deps,
  read: ReadNode,
  { namespace, planned }: { readonly namespace: string; readonly planned: readonly PlannedEntry[] },
): Promise<Claim> {
  const key = namespaceKey(namespace);
  const siblings = siblingsOf(deps, read.identity);
  const own = (read.node.status?.inventory ?? []).find((entry) => refKey(entry) === key);
  const recorded = [own?.uid, ...siblings.map(({ children }) => children.get(key)?.uid)];
  if (recorded.includes(deps.namespaces.origin(namespace)?.uid)) return { state: 'Free' };
  const claimed =
    planned.some((item) => item.kind === 'desired' && refKey(item.child.ref) === key) ||
    siblings.some(({ children, spaces }) => children.has(key) || spaces?.includes(namespace) === true);
  if (claimed) {
    const message = `namespace ${namespace} was there before this row and is not its own; nothing is put into it`;
    return { state: 'Failed', reason: 'NamespaceNotAllowed', message };
  }
  for (const sibling of siblings) {
    if (sibling.observedInput !== undefined || !(await makesNamespaces(deps, sibling))) continue;
    const message = `waits for LynqNode ${sibling.name} to say whether namespace ${namespace} is the row's own`;
    return { state: 'Waiting', reason: unknownNamespace, message };
  }
  return { state: 'Free' };
}

async function makesNamespaces(deps: Deps, { namespace, revision }: NodeDigest): Promise<boolean> {
  const form = revision === undefined ? undefined : await deps.forms.read(namespace, revision);
  return form?.entries.some(({ resource }) => textAt(resource.spec, 'kind') === 'Namespace') === true;
}

/** The other nodes of the same row. */
export function siblingsOf(deps: Deps, { namespace, hub, uid, name }: NodeIdentity): readonly NodeDigest[] {
  return deps.nodes.ofRow(namespace, hub, uid).filter((node) => node.name !== name);
}
