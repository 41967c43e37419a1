import { textAt } from '../../domain/api/json.ts';
import { hubEvents } from '../../domain/events.ts';
import type { PlannedForm } from '../../domain/hub-plan.ts';
import { annotations } from '../../domain/keys.ts';
import type { RolloutPlan } from '../../domain/rollout/model.ts';
import type { FormRef, HubRef } from '../contract.ts';
import type { Deps } from '../deps.ts';
import { tellOwner } from '../events.ts';
import type { JudgedForm } from './read-forms.ts';
import type { ReadHub } from './read-hub.ts';
import { nodesOf, rolloutOf } from './report-forms.ts';

/** New tenants of a form whose rollout has failed or was aborted get what worked last; that is the present revision when only values of rows failed. */
function birthRevision({ status }: JudgedForm, revision: string): { readonly births?: string } {
  const rollout = status?.rollout;
  const halted = rollout?.revision === revision && rollout.phase === 'Failed';
  return halted && rollout.proven !== true && rollout.previousRevision !== undefined
    ? { births: rollout.previousRevision }
    : {};
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

/** What the Go operator says of nodes that a sync has to leave to a later one (parity 6.2). */
function tellThrottled(deps: Deps, hub: ReadHub, { name, gate }: JudgedForm, plan: RolloutPlan): void {
  if (gate.kind === 'open' || plan.throttled === 0) return;
  const updating = (plan.status.inFlight ?? []).length;
  const throttling = { throttled: plan.throttled, maxSkew: gate.settings.maxSkew, updating };
  tellOwner(deps, hub.object, hubEvents.rolloutThrottled(name, throttling));
}

/** Forms whose rollout has something to do, or to be told. */
export function dueRollouts(
  deps: Deps,
  request: HubRef,
  hub: ReadHub,
  forms: readonly JudgedForm[],
): { readonly rollouts?: readonly FormRef[] } {
  const nodes = deps.nodes.ofHub(request.namespace, request.hub);
  const rollouts = forms.flatMap((form) => {
    const plan = rolloutOf(deps, form, nodesOf(form, nodes));
    if (plan !== undefined) tellThrottled(deps, hub, form, plan);
    const told = textAt(form.object, 'metadata', 'annotations', annotations.rollout) !== undefined;
    const due = told || (plan !== undefined && plan.kind !== 'ended');
    return due ? [{ ...request, form: form.name }] : [];
  });
  return rollouts.length === 0 ? {} : { rollouts };
}
