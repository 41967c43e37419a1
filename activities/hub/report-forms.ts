import type { LynqFormStatus, RolloutStatus } from '../../domain/api/form.ts';
import { type JsonObject, textAt } from '../../domain/api/json.ts';
import { canonicalJson } from '../../domain/canonical.ts';
import { describeFormProblem, formEvents } from '../../domain/form-events.ts';
import { formStatus } from '../../domain/form-status.ts';
import { apiVersion, managers } from '../../domain/keys.ts';
import { rolloutEvents } from '../../domain/rollout/events.ts';
import type { RolloutPlan } from '../../domain/rollout/model.ts';
import { isCovered, namesInFlight, rolloutNode } from '../../domain/rollout/node.ts';
import { planRollout } from '../../domain/rollout/plan.ts';
import { statusPatch } from '../../domain/rollout/status.ts';
import type { NodeDigest } from '../../domain/watching.ts';
import type { Deps } from '../deps.ts';
import { recordRefused } from '../record-refused.ts';
import { tellOwner } from '../events.ts';
import { factsOf } from '../rollout/gather.ts';
import type { JudgedForm } from './read-forms.ts';

/** Writes the status of each form that changed. */
export async function reportForms(
  deps: Deps,
  forms: readonly JudgedForm[],
  nodes: readonly NodeDigest[],
): Promise<void> {
  await Promise.all(forms.map((form) => reportForm(deps, form, nodesOf(form, nodes))));
}

export function nodesOf({ name }: JudgedForm, nodes: readonly NodeDigest[]): readonly NodeDigest[] {
  return nodes.filter(({ form, deleting }) => form === name && !deleting);
}

/** What the rollout of a limited form would do now; undefined when the form is not limited or cannot be used. */
export function rolloutOf(deps: Deps, form: JudgedForm, nodes: readonly NodeDigest[]): RolloutPlan | undefined {
  const { gate, revision, generation } = form;
  if (gate.kind === 'open' || revision === undefined) return undefined;
  const target = revision.name;
  const previous = form.status?.rollout;
  const inFlight = namesInFlight(previous);
  const covered = nodes.filter((node) => isCovered(form.name, node, inFlight));
  const considered = covered.map((node) => rolloutNode(node, target));
  const at = { previous, now: deps.clock.now() };
  return planRollout(factsOf({ settings: gate.settings, target, generation }, considered, at));
}

/**
 * The rollout's own status belongs to its run while nodes are in flight or waiting. Before and after, when all are on the target, the counts are
 * kept here; null takes the block off a form that is not limited any more.
 */
function rolloutNews(deps: Deps, form: JudgedForm, nodes: readonly NodeDigest[]): RolloutStatus | null | undefined {
  const before = form.status?.rollout;
  if (form.gate.kind === 'open') return before === undefined ? undefined : null;
  const plan = rolloutOf(deps, form, nodes);
  const idle = plan?.kind === 'ended' && (before?.inFlight ?? []).length === 0;
  return idle && differs(before, plan.status) ? plan.status : undefined;
}

function differs(before: unknown, after: unknown): boolean {
  return canonicalJson((before ?? {}) as JsonObject) !== canonicalJson(after as JsonObject);
}

async function reportForm(deps: Deps, form: JudgedForm, nodes: readonly NodeDigest[]): Promise<void> {
  const problems = form.problems.map(describeFormProblem);
  const { missing } = form;
  const facts = { problems, missing, total: nodes.length, ready: nodes.filter(({ ready }) => ready).length };
  const status = formStatus(form.status, facts, { generation: form.generation, now: deps.clock.now() });
  const { rollout: _, ...before } = form.status ?? {};
  const rollout = rolloutNews(deps, form, nodes);
  if (rollout === undefined && !differs(before, status)) return;
  await writeFormStatus(deps, form, status, rollout);
}

/** The rollout block is written on condition that the form is the one that was read: its run records there who may change. */
async function writeFormStatus(
  deps: Deps,
  form: JudgedForm,
  status: LynqFormStatus,
  rollout: RolloutStatus | null | undefined,
): Promise<void> {
  const namespace = textAt(form.object, 'metadata', 'namespace') ?? '';
  const version = textAt(form.object, 'metadata', 'resourceVersion') ?? '';
  const block = rollout === undefined ? {} : { rollout: rollout === null ? null : statusPatch(form.object, rollout) };
  const body = {
    metadata: {
      uid: textAt(form.object, 'metadata', 'uid') ?? '',
      ...(rollout === undefined ? {} : { resourceVersion: version }),
    },
    status: { ...(status as unknown as JsonObject), ...block },
  };
  const ref = { apiVersion, kind: 'LynqForm', namespace, name: form.name };
  const result = await deps.cluster.patch(ref, 'merge', body, { manager: managers.apply, subresource: 'status' });
  if (result.kind === 'ok') tellForm(deps, form, status, rollout);
  if (result.kind === 'ok' || result.kind === 'missing' || result.kind === 'stale') return;
  throw recordRefused(`status of LynqForm ${namespace}/${form.name}`, result, { form: form.name });
}

function tellForm(
  deps: Deps,
  form: JudgedForm,
  status: LynqFormStatus,
  rollout: RolloutStatus | null | undefined,
): void {
  const told = rollout === undefined || rollout === null ? [] : rolloutEvents(form.status?.rollout, rollout);
  tellOwner(deps, form.object, ...formEvents(form.status, status, form.problems), ...told);
}
