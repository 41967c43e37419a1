import { type JsonObject, numberAt, textAt } from '../api/json.ts';

/**
 * Who else may be at work on the same objects: the Go operator, whose leader holds a Lease, or another installation of ours, named on the hub
 * (decisions.md section 1). Two operators on one object would undo each other's writes for ever.
 */

/** Name of the Lease that the Go operator's leader holds, in whatever namespace it runs (parity 7.2). */
export const peerLease = 'f2130106.lynq.sh';

/** Name of the Lease that the leading worker of an installation holds. */
export function installationLease(id: string): string {
  return `lynqflow-${id}`;
}

/** What was last seen of a Lease. */
export interface LeaseSight {
  readonly version: string;
  /** When it was first seen like this, milliseconds. */
  readonly since: number;
}

export interface LeaseVerdict {
  readonly live: boolean;
  readonly sight: LeaseSight;
}

const defaultSeconds = 15;
/** Clocks of two machines never differ by this much. */
const longAgoMilliseconds = 24 * 3_600_000;

/**
 * Whether the holder of a Lease is alive: it counts as alive until the Lease has been seen unchanged for as long as it lasts, as other candidates
 * judge it too. Its time alone decides only when it is more than a day old, so that a clock that is wrong by hours ends nobody's lease.
 */
export function judgeLease(lease: JsonObject, seen: LeaseSight | undefined, now: Date): LeaseVerdict {
  const holder = textAt(lease, 'spec', 'holderIdentity') ?? '';
  const renewed = textAt(lease, 'spec', 'renewTime') ?? '';
  const version = `${holder}/${renewed}`;
  const sight = seen?.version === version ? seen : { version, since: now.getTime() };
  const age = now.getTime() - new Date(renewed === '' ? 0 : renewed).getTime();
  const seconds = numberAt(lease, 'spec', 'leaseDurationSeconds') ?? defaultSeconds;
  const live = holder !== '' && age < longAgoMilliseconds && now.getTime() - sight.since <= seconds * 1000;
  return { live, sight };
}
