import type { RolloutStatus } from '../../domain/api/form.ts';
import type { JsonObject } from '../../domain/api/json.ts';
import { canonicalJson } from '../../domain/canonical.ts';
import { managers } from '../../domain/keys.ts';
import { rolloutEvents } from '../../domain/rollout/events.ts';
import type { RolloutPlan } from '../../domain/rollout/model.ts';
import { givenUpOnFailure, namesInFlight } from '../../domain/rollout/node.ts';
import { planRollout } from '../../domain/rollout/plan.ts';
import { statusPatch } from '../../domain/rollout/status.ts';
import { changeKeys, type Subscription } from '../../domain/watching.ts';
import type { FormRef, RolloutOutcome, RolloutProgress } from '../contract.ts';
import type { Attempt, Deps } from '../deps.ts';
import { recordRefused } from '../record-refused.ts';
import { tellOwner } from '../events.ts';
import { carryOutAnnotation } from './command.ts';
import { factsOf, FormJudge, formRef, type RolloutForm, rolloutNodes } from './gather.ts';
import { grantNodes } from './grant.ts';
import type { Refusals } from './refusals.ts';

/** How long one activity follows a rollout before its run is asked to go on. */
const longestMilliseconds = 5 * 60_000;
/** A pause, an abort or a newer edit takes effect within this time even while nothing happens to the nodes. */
const lookMilliseconds = 1_000;
/** Changes that come within this time after another are looked at together: nodes arrive in crowds. */
const gatherMilliseconds = 50;

/**
 * Moves the rollout of a form: records which nodes may change, changes them, and waits until they are proven Ready.
 *
 * The record is written on condition that the form is the one that was read. So an edit, a pause or another attempt in between makes the write fail,
 * and two attempts can never let more nodes go than one.
 */
export async function advanceRollout(deps: Deps, request: FormRef, attempt: Attempt): Promise<RolloutOutcome> {
  await deps.nodes.synced();
  const judge = new FormJudge(deps, request);
  const subscription = deps.changes.subscribe();
  const silence = deps.changes.subscribe();
  const tools = { judge, subscription };
  const started = deps.clock.now().getTime();
  try {
    for (;;) {
      attempt.signal.throwIfAborted();
      const step = await stepRollout(deps, request, tools);
      if (step.kind === 'return') return step.outcome;
      if (step.kind === 'again') continue;
      if (deps.clock.now().getTime() - started > longestMilliseconds)
        return { kind: 'moving', progress: progressOf(step.plan.status) };
      const changed = await subscription.next(waitFor(step.plan, deps.clock.now()), attempt.signal);
      if (changed.size > 0) await silence.next(gatherMilliseconds, attempt.signal);
    }
  } finally {
    subscription.close();
    silence.close();
  }
}

type Step =
  /** The form has changed under us: everything is read anew. */
  | { readonly kind: 'again' }
  | { readonly kind: 'follow'; readonly plan: RolloutPlan }
  | { readonly kind: 'return'; readonly outcome: RolloutOutcome };

interface Tools {
  readonly judge: FormJudge;
  readonly subscription: Subscription;
}

async function stepRollout(deps: Deps, request: FormRef, tools: Tools): Promise<Step> {
  const { judge, subscription } = tools;
  const gathered = await judge.gather();
  if (gathered.kind === 'idle') return { kind: 'return', outcome: gathered };
  if (gathered.kind === 'told') {
    await carryOutAnnotation(deps, request, gathered);
    return { kind: 'again' };
  }
  const { form } = gathered;
  const refusals = deps.refusals.of(form.form.metadata.uid, form.target);
  const plan = await plannedRollout(deps, form, refusals);
  for (const { node } of plan.status.inFlight ?? []) subscription.add(changeKeys.node(request.namespace, node));
  if ((await record(deps, request, form, plan.status)) === 'stale') return { kind: 'again' };
  const names = plan.grant.map(({ name }) => name).filter((name) => refusals.mayTry(name, deps.clock.now()));
  const granted = await grantNodes(deps, form, names);
  if (granted.kind === 'superseded') return { kind: 'again' };
  tellOwner(deps, form.object, ...refusals.note(names, granted.refused, deps.clock.now()));
  return outcomeOf(plan, deps.clock.now());
}

async function plannedRollout(deps: Deps, form: RolloutForm, refusals: Refusals): Promise<RolloutPlan> {
  const previous = form.form.status?.rollout;
  const nodes = await rolloutNodes(deps, form.of, {
    target: form.target,
    inFlight: namesInFlight(previous),
    givenUp: givenUpOnFailure(form.settings, previous),
  });
  return planRollout(factsOf(form, refusals.explain(nodes), { previous, now: deps.clock.now() }));
}

/** Writes the record, unless it says the same already; `stale` when the form is not the one that was read. */
async function record(
  deps: Deps,
  request: FormRef,
  { form, object }: RolloutForm,
  status: RolloutStatus,
): Promise<'written' | 'stale'> {
  const before = form.status?.rollout;
  if (canonicalJson((before ?? {}) as JsonObject) === canonicalJson(status as unknown as JsonObject)) return 'written';
  const { uid, resourceVersion } = form.metadata;
  const body = { metadata: { uid, resourceVersion }, status: { rollout: statusPatch(object, status) } };
  const result = await deps.cluster.patch(formRef(request), 'merge', body, {
    manager: managers.apply,
    subresource: 'status',
  });
  if (result.kind === 'ok') {
    tellOwner(deps, object, ...rolloutEvents(before, status));
    return 'written';
  }
  if (result.kind === 'stale' || result.kind === 'missing') return 'stale';
  throw recordRefused(`rollout of LynqForm ${request.namespace}/${request.form}`, result, { form: request.form });
}

/** Waiting times beyond this are left to a timer of the run. */
const shortWaitMilliseconds = 30_000;
/** How often it is looked whether a node that a person paused on its way goes on. */
const restSeconds = 30;

function outcomeOf(plan: RolloutPlan, now: Date): Step {
  const progress = progressOf(plan.status);
  if (plan.kind === 'resting')
    return { kind: 'return', outcome: { kind: 'waiting', progress, retryAfterSeconds: restSeconds } };
  if (plan.kind !== 'moving') return { kind: 'return', outcome: { kind: plan.kind, progress } };
  const idle = (plan.status.inFlight ?? []).length === 0;
  const left = plan.until === undefined ? 0 : plan.until.getTime() - now.getTime();
  const soaking = plan.status.soakingSince !== undefined;
  if (!idle || soaking || left < shortWaitMilliseconds) return { kind: 'follow', plan };
  return { kind: 'return', outcome: { kind: 'waiting', progress, retryAfterSeconds: Math.ceil(left / 1000) } };
}

function waitFor({ until }: RolloutPlan, now: Date): number {
  const left = until === undefined ? lookMilliseconds : until.getTime() - now.getTime();
  return Math.min(lookMilliseconds, Math.max(1, left));
}

function progressOf(status: RolloutStatus): RolloutProgress {
  return {
    phase: status.phase ?? 'Idle',
    message: (status.message ?? '').slice(0, 500),
    total: status.totalNodes ?? 0,
    updated: status.updatedNodes ?? 0,
    ready: status.readyUpdatedNodes ?? 0,
    inFlight: (status.inFlight ?? []).length,
    ...(status.wave === undefined ? {} : { wave: status.wave }),
  };
}
