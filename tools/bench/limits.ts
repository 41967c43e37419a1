import type { Check } from './report.ts';
import type { HistorySize, TemporalReader } from './temporal.ts';

/** What Temporal ends or refuses a run at (server 1.32 with its default settings). We keep to a tenth of each. */
export const temporalLimits = {
  events: 51_200,
  bytes: 50 * 2 ** 20,
  largestPayload: 2 * 2 ** 20,
  mostPendingChildren: 2_000,
} as const;

const titles: Readonly<Record<keyof typeof temporalLimits, readonly [label: string, unit: string]>> = {
  events: ['Temporal: events of a history', ''],
  bytes: ['Temporal: a history', 'bytes'],
  largestPayload: ['Temporal: a payload', 'bytes'],
  mostPendingChildren: ['Temporal: children of a run', ''],
};

const lookedAtNodes = 20;

/** How near the runs came to Temporal's limits, each held against a tenth of it. */
export async function temporalChecks(temporal: TemporalReader): Promise<readonly Check[]> {
  return limitChecks(await temporal.histories(lookedAtNodes));
}

export function limitChecks(histories: readonly HistorySize[]): readonly Check[] {
  if (histories.length === 0) throw new RangeError('no history');
  const names = Object.keys(titles) as (keyof typeof temporalLimits)[];
  return names.map((name) => {
    const [label, unit] = titles[name];
    const value = Math.max(...histories.map((history) => history[name]));
    return { label, value, atMost: Math.floor(temporalLimits[name] / 10), unit };
  });
}
