import type { RolloutOutlook } from '../change-plan/types.ts';
import { isoSeconds } from '../status.ts';
import { frozenUntil } from './freeze.ts';
import type { RolloutGate } from './settings.ts';
import { assignWaves, type WaveMember } from './waves.ts';

/**
 * What a rollout that would begin now is going to do: its waves with the nodes that change in each. Undefined for a form without limits.
 * `nodes` are all that the rollout covers, since shares of waves are of them; `changing` are the names of those that have something to change.
 */
export function rolloutOutlook(
  gate: RolloutGate,
  nodes: readonly WaveMember[],
  changing: ReadonlySet<string>,
  now: Date,
): RolloutOutlook | undefined {
  if (gate.kind === 'open') return undefined;
  const { maxSkew, paused, waves, freezeWindows } = gate.settings;
  const frozen = frozenUntil(freezeWindows, now);
  const assigned = assignWaves(nodes, waves).map(({ name, soakSeconds, nodes: members, maxFailures }) => ({
    name,
    soakSeconds,
    ...(maxFailures === undefined ? {} : { maxFailures }),
    nodes: members.flatMap((member) => (changing.has(member.name) ? [member.name] : [])),
  }));
  return {
    maxSkew,
    paused,
    ...(frozen === undefined ? {} : { frozenUntil: isoSeconds(frozen) }),
    waves: assigned.filter((wave) => wave.nodes.length > 0),
  };
}
