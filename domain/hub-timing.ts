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

/** Seconds of a `syncInterval` (parity 1.2); 0 means no timer. */
export function intervalSeconds(syncInterval: string): number {
  const factors = { s: 1, m: 60, h: 3600 } as const;
  const unit = syncInterval.at(-1) as keyof typeof factors;
  return Number(syncInterval.slice(0, -1)) * factors[unit];
}

/** Seconds between two reads that are to be; 0 where nobody is to read: no timer, paused or released, or on its way out, where rows no longer matter. */
export function expectedInterval(hub: JsonObject): number {
  const { syncInterval, paused } = hubTiming(hub);
  const isLeaving = textAt(hub, 'metadata', 'deletionTimestamp') !== undefined;
  return paused || isLeaving ? 0 : intervalSeconds(syncInterval);
}
