import { nodeName } from './identity.ts';
import type { ObjectRef } from './ports.ts';

/**
 * Objects that name a LynqNode which does not exist: a create that arrived after the removal, or what was left when someone took the finalizer off.
 * Here it is decided which of them are looked at; each is judged by itself, from what the API server says, before it goes (late-child.ts).
 *
 * Invariants: nothing of a row that is active or frozen, or that may be another hub's, is a stray; and more than a few rows are never left-overs but a
 * sign that LynqNodes were lost, so that nothing is taken away then.
 */

export interface StrayFacts {
  /** Objects that are not being deleted, by the name of the LynqNode in their labels. */
  readonly tracked: ReadonlyMap<string, readonly ObjectRef[]>;
  /** Whether a LynqNode of this name exists, of whatever hub. */
  readonly exists: (node: string) => boolean;
  /** Whether a row, by its uid, has nodes: active, frozen, or not known. */
  readonly isLiving: (uid: string) => boolean;
  readonly forms: readonly string[];
  /** Forms of other hubs in the namespace. */
  readonly otherForms: readonly string[];
}

export type Strays =
  | { readonly kind: 'few'; readonly nodes: ReadonlyMap<string, readonly ObjectRef[]> }
  /** Nothing is to be done; `rows` says how many are concerned. */
  | { readonly kind: 'tooMany'; readonly rows: number };

const mostRows = 10;

/** The uids a node of this name may be of, by these forms. */
function uidsOf(node: string, forms: readonly string[]): readonly string[] {
  return forms.flatMap((form) => {
    const uid = node.slice(0, -form.length - 1);
    return uid !== '' && nodeName(uid, form) === node ? [uid] : [];
  });
}

export function findStrays({ tracked, exists, isLiving, forms, otherForms }: StrayFacts): Strays {
  const rows = new Set<string>();
  const nodes = new Map<string, readonly ObjectRef[]>();
  for (const [node, refs] of tracked) {
    const uids = uidsOf(node, forms);
    if (exists(node) || uids.length === 0 || uids.some(isLiving) || uidsOf(node, otherForms).length > 0) continue;
    for (const uid of uids) rows.add(uid);
    nodes.set(node, refs);
  }
  return rows.size > mostRows ? { kind: 'tooMany', rows: rows.size } : { kind: 'few', nodes };
}
