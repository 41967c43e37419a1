import type { NodeDigest } from '../watching.ts';
import type { RolloutNode } from './model.ts';

/** A LynqNode in the eyes of a rollout. */
export function rolloutNode(digest: NodeDigest, target: string): RolloutNode {
  const there = digest.revision === target;
  const waits = digest.pendingHash !== undefined;
  const current = digest.inputHash === digest.observedInput;
  const settled = digest.failed ? 'failed' : 'busy';
  return {
    name: digest.name,
    uid: digest.rowUid,
    labels: digest.labels,
    onTarget: there && !waits,
    valuesOnly: there && waits,
    state: !current ? 'busy' : digest.ready ? 'ready' : settled,
    reason: digest.failure,
  };
}

/** Whether a node is what a rollout wants it to be. */
export const hasArrived = (digest: NodeDigest, target: string): boolean => {
  const { onTarget, state } = rolloutNode(digest, target);
  return onTarget && state === 'ready';
};
