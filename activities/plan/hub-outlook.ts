import { type JsonObject, textAt } from '../../domain/api/json.ts';
import { hubStandstill } from '../../domain/change-plan/standstill.ts';
import type { HubOutlook, NodeRemoval } from '../../domain/change-plan/types.ts';
import { describeFormProblem } from '../../domain/form-events.ts';
import type { Removal } from '../../domain/hub-plan.ts';
import { type Decided, frozenRows, successionWarnings, type Sync } from '../hub/decided.ts';
import { isOwnedBy, leavesNodes } from '../hub/remove-hub.ts';

/** A decided sync in words: nothing is decided here. */
export function hubOutlook(sync: Sync, decided: Decided): HubOutlook {
  const { seen, active, frozen } = decided.read.classified.rows;
  return {
    ...whatItIs(sync),
    rows: { seen, active, frozen },
    births: decided.plan.create.map(({ name, uid, form }) => ({ name, uid, form: form.name })),
    updates: decided.plan.update.map(({ node, form, why }) => ({
      name: node.name,
      uid: node.rowUid,
      form: form.name,
      why,
    })),
    removals: decided.plan.remove.map(removalOf),
    ...heldPart(decided),
    frozen: frozenRows(decided),
    warnings: [...successionWarnings(decided), ...decided.read.proof.warnings, ...decided.read.classified.warnings],
  };
}

function whatItIs({ request, hub, forms }: Sync) {
  const { metadata, spec } = hub.hub;
  const standstill = hubStandstill(hub.hub);
  return {
    hub: request.hub,
    namespace: request.namespace,
    uid: metadata.uid,
    generation: metadata.generation ?? 0,
    brokenForms: forms.flatMap(({ name, problems, revision }) =>
      revision === undefined ? [{ name, problems: problems.map(describeFormProblem) }] : [],
    ),
    paused: spec.paused === true,
    ...(standstill === undefined ? {} : { standstill }),
  };
}

/** A hub that is being deleted: its nodes go with it, whatever rows there are. @param nodes LynqNodes of its namespace as they were read, by name. */
export function deletingOutlook(sync: Sync, nodes: ReadonlyMap<string, JsonObject>): HubOutlook {
  const living = sync.deps.nodes.ofHub(sync.request.namespace, sync.request.hub);
  const going = leavesNodes(sync.hub)
    ? []
    : living.filter(({ name, deleting }) => !deleting && isOwnedBy(nodes.get(name) ?? {}, sync.hub));
  const left = living.filter((node) => !node.deleting && !going.includes(node)).length;
  return {
    ...whatItIs(sync),
    rows: { seen: 0, active: 0, frozen: 0 },
    births: [],
    updates: [],
    removals: going.map((node) => removalOf({ node, why: 'hub' })),
    frozen: [],
    warnings: left === 0 ? [] : [`LynqNodes that stay as they are, since the hub does not own them any more: ${left}`],
  };
}

const removalOf = ({ node, why }: Pick<Removal, 'node'> & Pick<NodeRemoval, 'why'>): NodeRemoval => ({
  name: node.name,
  form: node.form,
  uid: node.rowUid,
  why,
});

function heldPart({ guard, wanted, leaving }: Decided): Pick<HubOutlook, 'held'> | object {
  if (guard.kind === 'allow') return {};
  const nodes = wanted.remove.filter(({ why }) => why !== 'form').map(removalOf);
  return {
    held: { why: guard.why, rows: leaving.length, nodes, planHash: guard.planHash, budget: guard.budget },
  };
}

/** Where a form stands in the cluster; undefined for one that a file brings. */
export function presenceOf(stored: Parameters<typeof textAt>[0], generation: number) {
  const uid = textAt(stored, 'metadata', 'uid');
  if (uid === undefined) return {};
  return { present: { uid, generation, resourceVersion: textAt(stored, 'metadata', 'resourceVersion') ?? '' } };
}
