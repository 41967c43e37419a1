import { type DesiredChild, intendedRecord, refKey } from '../../domain/child.ts';
import type { Adoption, Look } from './observe.ts';
import type { PassState } from './pass-state.ts';

/** Takes in what a look showed. What replaces an object that was taken over, once that is gone, is made here like any other. */
export function takeLook(state: PassState, child: DesiredChild, looked: Look): void {
  if (looked.kind === 'adopt') return adopt(state, child, looked);
  const { observation } = looked;
  state.observed.set(child.id, observation);
  // Without a uid it claims nothing, and makes the node one that takes it when the other gives it up.
  if (observation.kind === 'held' || observation.kind === 'claimed')
    state.record.set(refKey(child.ref), intendedRecord(child));
  if (observation.kind === 'ours') state.recordFound(child, observation);
  if (observation.kind !== 'absent') return;
  if (child.adopted === true) state.record.delete(refKey(child.ref));
  else if (!leavesItsPlace(state, child)) return;
  state.observed.set(child.id, { kind: 'replan' });
}

/** What was to stay with an object that is not the node's (kept-places.ts) goes where its entry says once that is gone. */
function leavesItsPlace(state: PassState, child: DesiredChild): boolean {
  return child.ignoredNamespace !== undefined && state.recordOf(child)?.uid === undefined;
}

/** Puts on record that an object was not made here, before it is written (domain/policies/adoption.ts). */
function adopt(state: PassState, child: DesiredChild, { uid }: Adoption): void {
  const record = { ...intendedRecord(child), policy: 'Retain' as const, adopted: true };
  state.record.set(refKey(child.ref), { ...record, ...(uid === undefined ? {} : { uid }) });
  state.observed.set(child.id, { kind: 'replan' });
}

/** Whether the record changed in a way that the present plan does not know of. */
export function mustReplan({ observed }: PassState): boolean {
  return [...observed.values()].some(({ kind }) => kind === 'replan');
}
