import { textAt } from '../../domain/api/json.ts';
import type { HubOutlook, NodeRemoval } from '../../domain/change-plan/types.ts';
import { describeFormProblem } from '../../domain/form-events.ts';
import type { Removal } from '../../domain/hub-plan.ts';
import { type Decided, frozenRows, successionWarnings, type Sync } from '../hub/decided.ts';

/** A decided sync in words: nothing is decided here. */
export function hubOutlook({ request, hub, forms }: Sync, decided: Decided): HubOutlook {
  const { metadata, spec } = hub.hub;
  const { seen, active, frozen } = decided.read.classified.rows;
  return {
    hub: request.hub,
    namespace: request.namespace,
    uid: metadata.uid,
    generation: metadata.generation ?? 0,
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
    brokenForms: forms.flatMap(({ name, problems, revision }) =>
      revision === undefined ? [{ name, problems: problems.map(describeFormProblem) }] : [],
    ),
    paused: spec.paused === true,
    warnings: [...successionWarnings(decided), ...decided.read.proof.warnings, ...decided.read.classified.warnings],
  };
}

const removalOf = ({ node, why }: Removal): NodeRemoval => ({
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
