import type { FreezeWindow, LynqFormSpec, RolloutWave } from '../api/form.ts';

/** How edits of a form reach its nodes. */
export interface RolloutSettings {
  /** Nodes that may change at once. */
  readonly maxSkew: number;
  readonly deadlineSeconds: number;
  readonly paused: boolean;
  readonly waves: readonly RolloutWave[];
  readonly freezeWindows: readonly FreezeWindow[];
}

/** `open`: a sync changes all nodes at once (parity 3.8, no rollout block or maxSkew 0). `gated`: only the form's rollout changes a node. */
export type RolloutGate = { readonly kind: 'open' } | { readonly kind: 'gated'; readonly settings: RolloutSettings };

/** Every node in flight is named in the form's status, which the API server holds up to about 1.5 MB: beyond this number none is let go, whatever the form says. */
export const mostInFlight = 2_000;

/** Reads the rollout block of a form. */
export function rolloutGate(rollout: LynqFormSpec['rollout']): RolloutGate {
  if (rollout === undefined) return { kind: 'open' };
  const { maxSkew, progressDeadlineSeconds: deadlineSeconds, paused = false, waves = [], freezeWindows = [] } = rollout;
  const limited = maxSkew > 0 || paused || waves.length > 0 || freezeWindows.length > 0;
  if (!limited) return { kind: 'open' };
  const places = maxSkew === 0 ? mostInFlight : Math.min(maxSkew, mostInFlight);
  return { kind: 'gated', settings: { maxSkew: places, deadlineSeconds, paused, waves, freezeWindows } };
}
