import type { LynqHub } from '../api/hub.ts';
import { annotations } from '../keys.ts';

/** Why no sync acts on a hub, in the order in which a sync asks. `by`: what the hub says of the other operator. */
export type Standstill =
  | { readonly kind: 'held'; readonly by: string }
  | { readonly kind: 'released' | 'deleting' | 'paused' };

/** As far as the hub itself says so; undefined for one that is acted on. */
export function hubStandstill({ metadata, spec, status }: LynqHub): Standstill | undefined {
  const other = status?.conditions?.find(({ type, status: state }) => type === 'OtherOperator' && state === 'True');
  if (other !== undefined) return { kind: 'held', by: other.message };
  if (metadata.annotations?.[annotations.released] !== undefined) return { kind: 'released' };
  if (metadata.deletionTimestamp !== undefined) return { kind: 'deleting' };
  return spec.paused === true ? { kind: 'paused' } : undefined;
}
