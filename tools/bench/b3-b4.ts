import type { Session } from '../demo/session.ts';
import { b3, largeNoop, noopResult, smallNoop } from './b3.ts';
import { b4, changeResult, changeShare, latencies } from './b4.ts';
import { growFleet, openFleet } from './fleet.ts';
import { temporalChecks } from './limits.ts';
import type { BenchResult } from './report.ts';
import { withBench } from './setup.ts';

const smallShare = 10;
const repeats = 7;
const fewRepeats = 3;

/** B3 and B4 on one fleet: first with a tenth of the rows, then with all. */
export function runFleet(session: Session, rows: number, names: readonly string[]): Promise<readonly BenchResult[]> {
  return withBench(session, async (bench) => {
    const fleet = await openFleet(bench, rows < b3.rows ? fewRepeats : repeats);
    const few = Math.max(1, Math.round(rows / smallShare));
    await growFleet(fleet, 0, few);
    const small = await smallNoop(fleet, few);
    const latency = names.includes(b4.name) ? await latencies(fleet, few) : undefined;
    await growFleet(fleet, few, rows);
    const results: BenchResult[] = [];
    if (names.includes(b3.name)) results.push(noopResult({ rows, few }, small, await largeNoop(fleet, rows)));
    if (latency !== undefined) {
      const changed = changeResult(rows, latency, await changeShare(fleet, rows));
      results.push({ ...changed, checks: [...(changed.checks ?? []), ...(await temporalChecks(bench.temporal))] });
    }
    return results;
  });
}
