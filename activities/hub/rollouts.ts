import { textAt } from '../../domain/api/json.ts';
import type { PlannedForm } from '../../domain/hub-plan.ts';
import { annotations } from '../../domain/keys.ts';
import type { FormRef, HubRef } from '../contract.ts';
import type { Deps } from '../deps.ts';
import type { JudgedForm } from './read-forms.ts';
import { nodesOf, rolloutOf } from './report-forms.ts';

/** New tenants of a form whose rollout has failed or was aborted get what worked last. */
function birthRevision({ status }: JudgedForm, revision: string): { readonly births?: string } {
  const rollout = status?.rollout;
  const halted = rollout?.revision === revision && rollout.phase === 'Failed';
  return halted && rollout.previousRevision !== undefined ? { births: rollout.previousRevision } : {};
}

/** The usable forms of a hub, as a sync plans with them. */
export function plannedForms(forms: readonly JudgedForm[]): readonly PlannedForm[] {
  return forms.flatMap((form): readonly PlannedForm[] => {
    if (form.revision === undefined) return [];
    const { name } = form.revision;
    if (form.gate.kind === 'open') return [{ name: form.name, revision: name }];
    return [{ name: form.name, revision: name, gated: true, ...birthRevision(form, name) }];
  });
}

/** Forms whose rollout has something to do, or to be told. */
export function dueRollouts(
  deps: Deps,
  request: HubRef,
  forms: readonly JudgedForm[],
): { readonly rollouts?: readonly FormRef[] } {
  const nodes = deps.nodes.ofHub(request.namespace, request.hub);
  const rollouts = forms.flatMap((form) => {
    const plan = rolloutOf(deps, form, nodesOf(form, nodes));
    const told = textAt(form.object, 'metadata', 'annotations', annotations.rollout) !== undefined;
    const due = told || (plan !== undefined && plan.kind !== 'ended');
    return due ? [{ ...request, form: form.name }] : [];
  });
  return rollouts.length === 0 ? {} : { rollouts };
}
