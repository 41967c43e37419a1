import type { LynqForm, RolloutGrant } from '../api/form.ts';

function isHalted({ metadata, spec, status }: LynqForm): boolean {
  const { aborted, phase } = status?.rollout ?? {};
  const isGone = metadata.deletionTimestamp !== undefined || spec.rollout === undefined;
  return isGone || spec.rollout?.paused === true || aborted === true || phase === 'Failed';
}

/** Nodes that a form lets go to a target right now; undefined when it is about another target, paused, halted, or being deleted. */
export function grantedBy(form: LynqForm, target: string): ReadonlyMap<string, RolloutGrant> | undefined {
  const { revision, targetGeneration, inFlight = [] } = form.status?.rollout ?? {};
  if (isHalted(form) || revision !== target || targetGeneration !== form.metadata.generation) return undefined;
  return new Map(inFlight.map((grant) => [grant.node, grant]));
}
