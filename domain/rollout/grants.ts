import type { LynqForm } from '../api/form.ts';

function isHalted({ metadata, spec, status }: LynqForm): boolean {
  const { aborted, phase } = status?.rollout ?? {};
  const isGone = metadata.deletionTimestamp !== undefined || spec.rollout === undefined;
  return isGone || spec.rollout?.paused === true || aborted === true || phase === 'Failed';
}

/** Nodes that a form lets go to a target right now; undefined when it is about another target, paused, halted, or being deleted. */
export function grantedBy(form: LynqForm, target: string): ReadonlySet<string> | undefined {
  const { revision, targetGeneration, inFlight = [] } = form.status?.rollout ?? {};
  if (isHalted(form) || revision !== target || targetGeneration !== form.metadata.generation) return undefined;
  return new Set(inFlight.map(({ node }) => node));
}
