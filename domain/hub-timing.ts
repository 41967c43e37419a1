import { at, type JsonObject, textAt } from './api/json.ts';
import { annotations } from './keys.ts';

/** When the table of a hub is read, as its object says it. */
export interface HubTiming {
  readonly syncInterval: string;
  /** By its spec, or because it is released. */
  readonly paused: boolean;
}

export function hubTiming(hub: JsonObject): HubTiming {
  return {
    syncInterval: textAt(hub, 'spec', 'source', 'syncInterval') ?? '30s',
    paused:
      at(hub, 'spec', 'paused') === true || textAt(hub, 'metadata', 'annotations', annotations.released) !== undefined,
  };
}

/** Ten years; no schedule takes an interval without any bound. */
const maxIntervalHours = 87_600;

/** Seconds of a `syncInterval` (parity 1.2); 0 means no timer. What is beyond all bounds is cut to ten years. */
export function intervalSeconds(syncInterval: string): number {
  return Math.min(secondsOf(syncInterval), maxIntervalHours * 3600);
}

/** What a hub is told that wants to be read more seldom than is possible. */
export function intervalProblem(syncInterval: string): string | undefined {
  if (secondsOf(syncInterval) <= maxIntervalHours * 3600) return undefined;
  return `spec.source.syncInterval is longer than ${maxIntervalHours}h`;
}

function secondsOf(syncInterval: string): number {
  const factors = { s: 1, m: 60, h: 3600 } as const;
  const unit = syncInterval.at(-1) as keyof typeof factors;
  return Number(syncInterval.slice(0, -1)) * factors[unit];
}

/** Whether nobody is to read the hub, whenever that would be due: paused or released, or on its way out, where rows no longer matter. */
export function isResting(hub: JsonObject): boolean {
  return hubTiming(hub).paused || textAt(hub, 'metadata', 'deletionTimestamp') !== undefined;
}

/** Seconds between two reads that are to be; 0 where there is no timer and where nobody is to read. */
export function expectedInterval(hub: JsonObject): number {
  return isResting(hub) ? 0 : intervalSeconds(hubTiming(hub).syncInterval);
}
