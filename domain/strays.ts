import { type JsonObject, textAt } from './api/json.ts';
import type { InventoryEntry } from './api/node.ts';
import { nodeName } from './identity.ts';
import { writtenByUs } from './owned-fields.ts';
import { tracksNode } from './ownership.ts';
import type { ObjectRef } from './ports.ts';
import { isDeletable, isOrphaned } from './removal-plan.ts';

/**
 * Objects that name a LynqNode which does not exist: a create that arrived after the removal, or what was left when someone took the finalizer off.
 * They are dealt with as the removal of the node would have, by a record made from what the API server says of them.
 *
 * Invariants: nothing of a row that is active or frozen, or that may be another hub's, is a stray; and more than a few rows are never left-overs but a
 * sign that LynqNodes were lost, so that nothing is taken away then.
 */

export interface StrayFacts {
  /** LynqNodes that labels of objects name. */
  readonly named: readonly string[];
  /** Objects that are not being deleted and name a LynqNode. */
  readonly naming: (node: string) => readonly ObjectRef[];
  /** Whether a LynqNode of this name exists, of whatever hub. */
  readonly exists: (node: string) => boolean;
  /** Whether a row, by its uid, has nodes: active, frozen, or not known. */
  readonly isLiving: (uid: string) => boolean;
  readonly forms: readonly string[];
  /** Forms of other hubs in the namespace. */
  readonly otherForms: readonly string[];
}

/** A LynqNode that does not exist, and what names it. */
export interface StrayNode {
  readonly name: string;
  readonly uid: string;
  readonly form: string;
  readonly refs: readonly ObjectRef[];
}

export type Strays =
  | { readonly kind: 'few'; readonly nodes: readonly StrayNode[] }
  /** Nothing is to be done; `rows` says how many are concerned. */
  | { readonly kind: 'tooMany'; readonly rows: number };

const mostRows = 10;

/** The rows and forms a node of this name may be of. */
function pairsOf(node: string, forms: readonly string[]): readonly Pick<StrayNode, 'uid' | 'form'>[] {
  return forms.flatMap((form) => {
    const uid = node.slice(0, -form.length - 1);
    return uid !== '' && nodeName(uid, form) === node ? [{ uid, form }] : [];
  });
}

export function findStrays({ named, naming, exists, isLiving, forms, otherForms }: StrayFacts): Strays {
  const rows = new Set<string>();
  const nodes: StrayNode[] = [];
  for (const name of named) {
    if (exists(name)) continue;
    const pairs = pairsOf(name, forms);
    const [pair] = pairs;
    if (pair === undefined || pairs.some(({ uid }) => isLiving(uid))) continue;
    const refs = naming(name);
    if (refs.length === 0 || pairsOf(name, otherForms).length > 0) continue;
    rows.add(pair.uid);
    nodes.push({ name, ...pair, refs });
  }
  return rows.size > mostRows ? { kind: 'tooMany', rows: rows.size } : { kind: 'few', nodes };
}

/**
 * The record of a stray as the node would have had it; undefined for what is not ours: without our marks for that node, not written by us, or kept
 * already. What does not say that it goes with its node stays.
 */
export function strayRecord(
  object: JsonObject | undefined,
  ref: ObjectRef,
  node: { readonly namespace: string; readonly name: string },
): InventoryEntry | undefined {
  const uid = textAt(object, 'metadata', 'uid');
  if (object === undefined || uid === undefined) return undefined;
  if (!tracksNode(object, node) || !writtenByUs(object) || isOrphaned(object)) return undefined;
  const goes = isDeletable(object);
  const { apiVersion, kind, namespace, name } = ref;
  const place = namespace === undefined ? {} : { namespace };
  return { id: `${kind}/${name}`, apiVersion, kind, ...place, name, uid, policy: goes ? 'Delete' : 'Retain' };
}
