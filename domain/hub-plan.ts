import { nodeName } from './identity.ts';

/**
 * Rows x forms against the LynqNodes that exist: what a sync creates, updates, removes and leaves alone. Pure and independent of the order of
 * its inputs; applied twice the second plan is empty.
 *
 * Only a complete, proven read may be planned from (decisions.md section 3). A frozen row keeps its nodes as they are, unless their form is gone
 * (docs/decisions/0005).
 */

export interface PlannedForm {
  readonly name: string;
  /** Name of the ControllerRevision with the form's present content. */
  readonly revision: string;
  /** Revision of new nodes while a rollout to the present one has failed; absent otherwise. */
  readonly births?: string;
  /** The form's rollout decides when an existing node goes to the revision and takes new values. */
  readonly gated?: boolean;
}

/** What is known of a LynqNode from the watch. */
export interface KnownNode {
  readonly name: string;
  readonly nodeUid: string;
  readonly rowUid: string;
  readonly form: string;
  readonly revision: string | undefined;
  /** Hash of the row's values in its annotations. */
  readonly dataHash: string;
  /** The same of values that wait for the form's rollout. */
  readonly pendingHash?: string | undefined;
  readonly deleting: boolean;
  /** Someone changed by hand what only a sync writes (node-edits.ts). */
  readonly edited?: boolean;
}

export interface HubFacts {
  /** Active rows: uid to the hash of their values. */
  readonly rows: ReadonlyMap<string, string>;
  readonly frozen: ReadonlySet<string>;
  readonly forms: readonly PlannedForm[];
  /** Forms that exist but cannot be used; their nodes stay as they are. */
  readonly brokenForms: ReadonlySet<string>;
  /** Forms of which it is proven that they do not exist any more. */
  readonly goneForms: ReadonlySet<string>;
  /** Forms that exist but name another hub now (deleted and made again under the same name). */
  readonly movedForms: ReadonlySet<string>;
  readonly nodes: readonly KnownNode[];
  /** The LynqNode of another hub, or of none, that has a name which no node of this hub has. */
  readonly heldElsewhere?: (name: string) => HolderElsewhere | undefined;
  /** Those of them, by name, whose hub is proven not to exist any more and that this hub may have. */
  readonly orphans?: ReadonlyMap<string, KnownNode>;
}

export interface HolderElsewhere {
  /** Empty for none. */
  readonly hub: string;
  readonly rowUid: string;
  readonly form: string;
}

export interface Birth {
  readonly name: string;
  readonly uid: string;
  readonly form: PlannedForm;
}

export interface Update {
  readonly node: KnownNode;
  readonly form: PlannedForm;
  /** `edited`: nothing differs but what someone changed by hand. */
  readonly why: 'values' | 'form' | 'both' | 'edited';
  /** The hub, which does not exist any more, that the node is taken over from. */
  readonly from?: string;
}

export interface Removal {
  readonly node: KnownNode;
  /** The row is gone or inactive; the form was deleted, which is intent, also where the row is gone; the form names another hub, which the deletion guard counts. */
  readonly why: 'row' | 'form' | 'moved';
}

export interface Collision {
  readonly uid: string;
  readonly form: string;
  readonly name: string;
  /** uid that has the name. */
  readonly holder: string;
  /** Its hub, when that is not the hub of the plan; empty for a LynqNode of no hub. */
  readonly holderHub?: string;
}

/** A birth that waits until the node which the same row and form have under another hub has gone: the form was moved. */
export interface Succession {
  readonly name: string;
  readonly form: string;
  /** The hub that the node is of. */
  readonly from: string;
}

export interface HubPlan {
  readonly create: readonly Birth[];
  readonly update: readonly Update[];
  readonly remove: readonly Removal[];
  readonly collisions: readonly Collision[];
  /** They freeze nothing: every other node of such a row goes on. */
  readonly successions: readonly Succession[];
  /** Active rows times usable forms. */
  readonly desired: number;
}

const byName = (left: { readonly name: string }, right: { readonly name: string }): number =>
  left.name < right.name ? -1 : 1;

function valuesDiffer(node: KnownNode, form: PlannedForm, dataHash: string): boolean {
  if (form.gated === true) return (node.pendingHash ?? node.dataHash) !== dataHash;
  return node.dataHash !== dataHash || node.pendingHash !== undefined;
}

/** What a sync has to write to a node so that it has its row's values and its form's revision; undefined for nothing. */
export function difference(node: KnownNode, form: PlannedForm, dataHash: string): Update['why'] | undefined {
  const values = valuesDiffer(node, form, dataHash);
  const revision = form.gated !== true && node.revision !== form.revision;
  if (values && revision) return 'both';
  if (values) return 'values';
  if (revision) return 'form';
  return node.edited === true ? 'edited' : undefined;
}

/** A form that is gone comes first: its deletion is intent whatever its rows are, so that no hold and no frozen row keeps its nodes. */
function removals(facts: HubFacts): readonly Removal[] {
  const there = new Set([...facts.forms.map(({ name }) => name), ...facts.brokenForms]);
  return facts.nodes.flatMap((node): readonly Removal[] => {
    if (node.deleting) return [];
    const hasForm = there.has(node.form);
    if (!hasForm && facts.goneForms.has(node.form)) return [{ node, why: 'form' }];
    if (facts.frozen.has(node.rowUid)) return [];
    if (!facts.rows.has(node.rowUid)) return [{ node, why: 'row' }];
    return !hasForm && facts.movedForms.has(node.form) ? [{ node, why: 'moved' }] : [];
  });
}

type Placement =
  | { readonly kind: 'create'; readonly birth: Birth }
  | { readonly kind: 'update'; readonly update: Update }
  | { readonly kind: 'collision'; readonly collision: Collision }
  | { readonly kind: 'succession'; readonly succession: Succession }
  | { readonly kind: 'keep' };

function place(wanted: Birth, node: KnownNode | undefined, claimedBy: string | undefined, dataHash: string): Placement {
  const { name, uid, form } = wanted;
  const holder = node?.rowUid ?? claimedBy;
  const taken = (holder !== undefined && holder !== uid) || (node !== undefined && node.form !== form.name);
  if (taken) return { kind: 'collision', collision: { uid, form: form.name, name, holder: holder ?? uid } };
  if (node === undefined) return { kind: 'create', birth: wanted };
  const why = node.deleting ? undefined : difference(node, form, dataHash);
  return why === undefined ? { kind: 'keep' } : { kind: 'update', update: { node, form, why } };
}

/**
 * Nodes that exist decide for themselves; only names that are free can be claimed, and then by the first row in the order of the uids. Nearly all
 * nodes of a large hub are kept, which costs a look-up each.
 */
function placements(facts: HubFacts): readonly Exclude<Placement, { kind: 'keep' }>[] {
  const existing = new Map(facts.nodes.map((node) => [node.name, node]));
  const placed: Exclude<Placement, { kind: 'keep' }>[] = [];
  const free: Birth[] = [];
  for (const [uid, dataHash] of facts.rows) {
    for (const form of facts.forms) {
      const name = nodeName(uid, form.name);
      const node = existing.get(name);
      const placement = node === undefined ? undefined : place({ name, uid, form }, node, undefined, dataHash);
      if (placement === undefined) free.push({ name, uid, form });
      else if (placement.kind !== 'keep') placed.push(placement);
    }
  }
  return [...placed, ...claims(free, facts)];
}

function claims(
  free: readonly Birth[],
  { rows, heldElsewhere, orphans }: HubFacts,
): readonly Exclude<Placement, { kind: 'keep' }>[] {
  const claimed = new Map<string, string>();
  return free.toSorted(byUidAndForm).flatMap((birth): Exclude<Placement, { kind: 'keep' }>[] => {
    const other = heldElsewhere?.(birth.name);
    const orphan = orphans?.get(birth.name);
    if (other !== undefined && orphan !== undefined && isOfBirth(birth, other)) {
      const why = difference(orphan, birth.form, rows.get(birth.uid) ?? '') ?? 'edited';
      return [{ kind: 'update', update: { node: orphan, form: birth.form, why, from: other.hub } }];
    }
    if (other !== undefined) return [behind(birth, other)];
    const placement = place(birth, undefined, claimed.get(birth.name), rows.get(birth.uid) ?? '');
    if (placement.kind === 'create') claimed.set(birth.name, birth.uid);
    return placement.kind === 'keep' ? [] : [placement];
  });
}

const isOfBirth = ({ uid, form }: Birth, holder: HolderElsewhere): boolean =>
  holder.hub !== '' && holder.rowUid === uid && holder.form === form.name;

function behind(birth: Birth, holder: HolderElsewhere): Exclude<Placement, { kind: 'keep' }> {
  const { name, uid, form } = birth;
  const { hub, rowUid } = holder;
  if (isOfBirth(birth, holder)) return { kind: 'succession', succession: { name, form: form.name, from: hub } };
  return { kind: 'collision', collision: { uid, form: form.name, name, holder: rowUid, holderHub: hub } };
}

function byUidAndForm(left: Birth, right: Birth): number {
  if (left.uid !== right.uid) return left.uid < right.uid ? -1 : 1;
  return byName(left.form, right.form);
}

const byCollision = (left: Collision, right: Collision): number => {
  if (left.uid !== right.uid) return left.uid < right.uid ? -1 : 1;
  return left.form < right.form ? -1 : 1;
};

/** The plan of one sync; births, updates and removals are sorted by name. A row with a collision is frozen: its nodes stay as they are. */
export function planHub(facts: HubFacts): HubPlan {
  const all = placements(facts);
  const collisions = all.flatMap((item) => (item.kind === 'collision' ? [item.collision] : []));
  const successions = all.flatMap((item) => (item.kind === 'succession' ? [item.succession] : []));
  const frozen = new Set(collisions.map(({ uid }) => uid));
  const create = all.flatMap((item) => (item.kind === 'create' && !frozen.has(item.birth.uid) ? [item.birth] : []));
  const update = all.flatMap((item) =>
    item.kind === 'update' && !frozen.has(item.update.node.rowUid) ? [item.update] : [],
  );
  return {
    create: create.toSorted(byName),
    update: update.toSorted((left, right) => byName(left.node, right.node)),
    remove: removals(facts).toSorted((left, right) => byName(left.node, right.node)),
    collisions: collisions.toSorted(byCollision),
    successions: successions.toSorted(byName),
    desired: facts.rows.size * facts.forms.length,
  };
}

/** Rows that would lose nodes of forms that exist: what the deletion guard counts. */
export function leavingRows(plan: HubPlan): readonly string[] {
  return [...new Set(plan.remove.filter(({ why }) => why !== 'form').map(({ node }) => node.rowUid))].toSorted();
}
