import type { RolloutStatus } from '../api/form.ts';
import type { NodeDigest } from '../watching.ts';
import { readLetGo } from './let-go.ts';
import type { RolloutNode } from './model.ts';
import type { RolloutSettings } from './settings.ts';

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
    letGo: readLetGo(digest.letGo, target),
    paused: digest.paused,
    reason: digest.failure,
  };
}

/** Whether a node in flight seems to be what its rollout wants it to be, or to have failed where it is given up then. */
export const seemsOver = (digest: NodeDigest, target: string, isGivenUp: boolean): boolean => {
  const { onTarget, state, paused } = rolloutNode(digest, target);
  return onTarget && paused !== true && (state === 'ready' || (isGivenUp && state === 'failed'));
};

/** Nodes in flight that may give their place back when they fail. */
export function givenUpOnFailure(
  { waves }: Pick<RolloutSettings, 'waves'>,
  status: RolloutStatus | undefined,
): ReadonlySet<string> {
  const hasBudget = waves.some(({ maxFailures }) => maxFailures !== undefined);
  return new Set((status?.inFlight ?? []).flatMap(({ node, broken }) => (hasBudget || broken === true ? [node] : [])));
}

/** What a rollout covers: a node that a person paused is left out, unless it was let go before and still has its place. */
export function isCovered(
  form: string,
  node: Pick<NodeDigest, 'form' | 'deleting' | 'paused' | 'name'>,
  inFlight: ReadonlySet<string>,
): boolean {
  return node.form === form && !node.deleting && (!node.paused || inFlight.has(node.name));
}

/** Names of the nodes in flight. */
export const namesInFlight = (status: RolloutStatus | undefined): ReadonlySet<string> =>
  new Set((status?.inFlight ?? []).map(({ node }) => node));
