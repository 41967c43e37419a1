import { type JsonObject, textAt } from './api/json.ts';
import { labelValue } from './identity.ts';
import { annotations, labels } from './keys.ts';
import type { NodeIdentity } from './ownership.ts';
import { isOrphaned } from './removal-plan.ts';

/** Who has a Namespace, as its labels and annotations say. Anyone who may write them can forge them: they only tell rows apart. */
export type NamespaceOwner =
  /** Tracking labels of a LynqNode; the name as its label has it, which may be cut. */
  | { readonly kind: 'node'; readonly namespace: string; readonly name: string }
  /** Retained of a row: `hub/form/uid`, and the namespace of its LynqNode where that is said. */
  | { readonly kind: 'retained'; readonly from: string; readonly namespace: string | undefined };

/** Undefined for a Namespace without a mark of ours. */
export function namespaceOwner(object: JsonObject): NamespaceOwner | undefined {
  const note = (key: string): string | undefined => textAt(object, 'metadata', 'annotations', key);
  if (isOrphaned(object))
    return {
      kind: 'retained',
      from: note(annotations.orphanedFrom) ?? '',
      namespace: note(annotations.orphanedNamespace),
    };
  const name = textAt(object, 'metadata', 'labels', labels.node);
  if (name === undefined) return undefined;
  return { kind: 'node', name, namespace: textAt(object, 'metadata', 'labels', labels.nodeNamespace) ?? '' };
}

type Row = Pick<NodeIdentity, 'namespace' | 'hub' | 'uid'>;

/** Whether a Namespace is that of a row; `nodes` are the names of the row's LynqNodes. */
export function isOfRow(owner: NamespaceOwner, { namespace, hub, uid }: Row, nodes: readonly string[]): boolean {
  switch (owner.kind) {
    case 'node':
      return owner.namespace === namespace && nodes.some((node) => labelValue(node) === owner.name);
    case 'retained': {
      const [ofHub, , ...ofRow] = owner.from.split('/');
      return ofHub === hub && ofRow.join('/') === uid && (owner.namespace ?? namespace) === namespace;
    }
  }
}
