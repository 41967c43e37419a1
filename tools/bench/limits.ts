import type { HistorySize, TemporalReader } from './temporal.ts';

/** What Temporal ends or refuses a run at (server 1.32 with its default settings). We keep to a tenth of each. */
export const temporalLimits = {
  events: 51_200,
  bytes: 50 * 2 ** 20,
  largestPayload: 2 * 2 ** 20,
  mostPendingChildren: 2_000,
} as const;

const titles: Readonly<Record<keyof typeof temporalLimits, string>> = {
  events: 'Temporal: events of a history',
  bytes: 'Temporal: bytes of a history',
  largestPayload: 'Temporal: bytes of a payload',
  mostPendingChildren: 'Temporal: children of a run',
};

const lookedAtNodes = 20;

/** How near the runs came to Temporal's limits, as `largest of LIMIT (share)`. Part of the names is `OVER A TENTH` where that is so. */
export async function limitLines(temporal: TemporalReader): Promise<Readonly<Record<string, string>>> {
  return limitTexts(await temporal.histories(lookedAtNodes));
}

export function limitTexts(histories: readonly HistorySize[]): Readonly<Record<string, string>> {
  const names = Object.keys(titles) as (keyof typeof temporalLimits)[];
  return Object.fromEntries(
    names.map((name) => {
      const largest = Math.max(0, ...histories.map((history) => history[name]));
      const share = (100 * largest) / temporalLimits[name];
      return [titles[name], `${largest} (${share.toFixed(share < 1 ? 2 : 0)} %)${share > 10 ? ' OVER A TENTH' : ''}`];
    }),
  );
}
