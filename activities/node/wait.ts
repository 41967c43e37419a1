import { refKey } from '../../domain/child.ts';
import { latestLooks, type OpenPause } from '../../domain/looking.ts';
import type { EntryVerdict } from '../../domain/node-plan.ts';
import { changeKeys, type Subscription } from '../../domain/watching.ts';
import type { Deps } from '../deps.ts';
import type { Wave } from './advance.ts';
import { siblingsOf, unknownNamespace } from './boundaries.ts';
import { hasOtherNeeds } from './row-needs.ts';
import { gateKeys } from './first-start.ts';
import { watchedObservation } from './observe.ts';
import type { PassState } from './pass-state.ts';

/** Why a wait ended. `changed`: the facts have been brought up to date, or a deadline passed. `quiet`: nothing happened for as long as was asked. */
export type Woken = 'changed' | 'superseded' | 'lookAgain' | 'quiet';

/** A wait is cut into slices, so that a sign of life is given and nothing hangs on one lost event. */
const sliceMilliseconds = 10_000;

/** Before anything is looked at or written, so that no change in between is lost. */
export function subscribeAll(deps: Deps, state: PassState, subscription: Subscription): void {
  for (const key of [...awaitedNodes(deps, state), ...gateKeys(state.pass)]) subscription.add(key);
  const { namespace, hub, uid } = state.pass.identity;
  subscription.add(changeKeys.needs(namespace, hub, uid));
  for (const { ref } of state.children) {
    subscription.add(changeKeys.child(refKey(ref)));
    if (ref.namespace !== undefined) subscription.add(changeKeys.namespace(ref.namespace));
  }
}

/** Keys of nodes that an entry waits for: what they report changes the plan itself, so that it is made anew. */
function awaitedNodes(deps: Deps, { pass }: PassState): readonly string[] {
  const waits = [...pass.entries.values()].some(
    (entry) => entry.kind === 'broken' && entry.reason === unknownNamespace,
  );
  return waits ? siblingsOf(deps, pass.identity).map(({ namespace, name }) => changeKeys.node(namespace, name)) : [];
}

/** Brings observations up to date with what the watches know now; what they do not know is looked at again. False when nothing moved. */
function refresh({ deps, state }: Wave, changed: ReadonlySet<string>, also: ReadonlySet<string> = new Set()): boolean {
  const gates = state.isUnstarted() ? gateKeys(state.pass) : [];
  let moved = [...gates, ...also].some((key) => changed.has(key));
  for (const child of state.children) {
    const space = child.ref.namespace;
    const freed = space !== undefined && changed.has(changeKeys.namespace(space)) && state.attempts.has(child.id);
    if (freed) {
      state.attempts.delete(child.id);
      state.observed.set(child.id, { kind: 'unread' });
    } else if (changed.has(changeKeys.child(refKey(child.ref)))) {
      state.observed.set(child.id, watchedObservation(deps, state.pass, { child, record: state.recordOf(child) }));
    }
    moved ||= freed || changed.has(changeKeys.child(refKey(child.ref)));
  }
  return moved;
}

/** Whether the node is another one by now, is going, or has other input than this pass, or is to keep other objects for its row. */
export function isSuperseded({ deps, state }: Wave): boolean {
  const { namespace, name, nodeUid } = state.pass.identity;
  const digest = deps.nodes.get(namespace, name);
  if (digest === undefined) return true;
  if (digest.nodeUid !== nodeUid || digest.deleting || digest.inputHash !== state.pass.inputHash) return true;
  return hasOtherNeeds(deps, state.pass);
}

function nextDeadline(verdicts: ReadonlyMap<string, EntryVerdict>): number | undefined {
  const deadlines = [...verdicts.values()].flatMap(({ deadline }) =>
    deadline === undefined ? [] : [deadline.getTime()],
  );
  return deadlines.length === 0 ? undefined : Math.min(...deadlines);
}

/** After `atMostMilliseconds` the wait ends as `quiet`. */
export interface WaitLimits extends OpenPause {
  /** Keys of the subscription, beside those of the node's own objects, whose change ends the wait. */
  readonly also?: ReadonlySet<string>;
}

/** Waits until a child, a namespace or the node itself changes, or a readiness timeout passes. */
export async function waitForChange(
  wave: Wave,
  verdicts: ReadonlyMap<string, EntryVerdict>,
  limits: WaitLimits,
): Promise<Woken> {
  const { deps, attempt, subscription } = wave;
  const started = deps.clock.now().getTime();
  const lookAgainAt = limits.outside ? started + latestLooks.outsideSeconds * 1_000 : Number.POSITIVE_INFINITY;
  const quietAt = started + (limits.atMostMilliseconds ?? Number.POSITIVE_INFINITY);
  const deadline = nextDeadline(verdicts) ?? Number.POSITIVE_INFINITY;
  const awaited = awaitedNodes(deps, wave.state);
  for (;;) {
    if (isSuperseded(wave)) return 'superseded';
    const now = deps.clock.now().getTime();
    if (now >= deadline) return 'changed';
    if (now >= lookAgainAt) return 'lookAgain';
    if (now >= quietAt) return 'quiet';
    const pause = Math.min(deadline - now, lookAgainAt - now, quietAt - now, sliceMilliseconds);
    const changed = await subscription.next(pause, attempt.signal);
    if (awaited.some((key) => changed.has(key))) return 'superseded';
    if (changed.size > 0 && refresh(wave, changed, limits.also)) return 'changed';
  }
}
