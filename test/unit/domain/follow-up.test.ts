import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../domain/api/json.ts';
import { followUpFacts, nextFollowUp } from '../../../domain/follow-up.ts';

const start = Date.parse('2026-03-01T12:00:00Z');
const iso = (seconds: number): string => new Date(start + seconds * 1_000).toISOString();

/** Seconds at which further syncs are due, the first few, for a hub whose status was written at second 0. */
function times(status: JsonObject, interval: number, count = 4, from = 0): readonly number[] {
  const found: number[] = [];
  const facts = followUpFacts({ status }, interval);
  for (let after = new Date(start + from * 1_000); found.length < count; ) {
    const due = nextFollowUp(facts, after);
    if (due === undefined) break;
    found.push((due.getTime() - start) / 1_000);
    after = due;
  }
  return found;
}

const ready: JsonObject = { type: 'Ready', status: 'True', lastTransitionTime: iso(0) };
const unread: JsonObject = { conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: iso(0) }] };
const changed: JsonObject = {
  conditions: [ready, { type: 'SourceChanged', status: 'True', lastTransitionTime: iso(0) }],
  source: { candidate: 'b' },
};
const held: JsonObject = {
  conditions: [ready, { type: 'OtherOperator', status: 'True', lastTransitionTime: iso(0) }],
};
const waiting: JsonObject = {
  conditions: [ready, { type: 'RowsWaiting', status: 'True', lastTransitionTime: iso(0) }],
};
const absent = (confirmed: number, since = 0): JsonObject => ({
  conditions: [ready],
  absentForms: [{ name: 'web', since: iso(since), confirmed: iso(confirmed) }],
});

describe('domain/follow-up', () => {
  it('of a hub that is being deleted only nodes that cannot be deleted ask for further syncs, whatever else its status says', () => {
    const due = (status: JsonObject): Date | undefined => {
      const metadata = { deletionTimestamp: iso(0) };
      return nextFollowUp(followUpFacts({ metadata, status }, 0), new Date(start));
    };
    for (const status of [unread, changed, held, absent(0)]) expect(due(status)).toBeUndefined();
    const both = {
      conditions: [...(unread['conditions'] as JsonObject[]), ...(waiting['conditions'] as JsonObject[]).slice(1)],
    };
    for (const status of [waiting, both]) expect(due(status)).toEqual(new Date(start + 5_000));
  });

  it('of a paused hub only nodes that are still to be taken up again ask for further syncs, and of a released one none of that', () => {
    const due = (status: JsonObject, hub: JsonObject): Date | undefined =>
      nextFollowUp(followUpFacts({ ...hub, status }, 0), new Date(start));
    const paused = { spec: { paused: true } };
    const released = { metadata: { annotations: { 'lynq.sh/released': 'by hand' } } };
    const notTakenUp = {
      conditions: [{ type: 'RowsWaiting', status: 'True', reason: 'NotTakenUp', lastTransitionTime: iso(0) }],
    };
    for (const status of [unread, changed, held, waiting, absent(0)]) expect(due(status, paused)).toBeUndefined();
    expect(due(notTakenUp, paused)).toEqual(new Date(start + 5_000));
    for (const status of [unread, changed, held, waiting, notTakenUp]) expect(due(status, released)).toBeUndefined();
  });

  it('of a released hub a release that it does not say the outcome of asks for further syncs, also where the mark is no time', () => {
    const due = (mark: string, said: string): readonly number[] => {
      const annotations = { 'lynq.sh/released': mark };
      const conditions = said === '' ? [] : [{ type: 'Released', status: 'True', message: `as stored since ${said}` }];
      const facts = followUpFacts(
        { metadata: { annotations, creationTimestamp: iso(-60) }, status: { conditions } },
        0,
      );
      const first = nextFollowUp(facts, new Date(start));
      const second = first === undefined ? undefined : nextFollowUp(facts, first);
      return [first, second].flatMap((time) => (time === undefined ? [] : (time.getTime() - start) / 1_000));
    };
    expect(due(iso(0), '')).toEqual([30, 60]);
    expect(due(iso(0), iso(-3_600))).toEqual([30, 60]);
    expect(due('by hand', '')).toEqual([60, 180]);
    expect([due(iso(0), iso(0)), due('by hand', 'by hand')]).toEqual([[], []]);
  });

  it.each<readonly [string, JsonObject, number, readonly number[]]>([
    ['nothing is open', { conditions: [ready], lastSyncTime: iso(0), source: { candidate: '' } }, 0, []],
    ['there is no status yet', {}, 0, []],
    ['the table cannot be read and nothing else reads it', unread, 0, [5, 10, 20, 40]],
    ['the table cannot be read and the interval is long', unread, 3_600, [30, 60, 120, 240]],
    ['the table cannot be read and the interval comes as soon', unread, 30, []],
    ['another source answers', changed, 0, [30, 60, 120, 240]],
    ['another source answers and the interval is long', changed, 300, [30, 60, 120, 240]],
    ['another source answers and the interval comes as soon', changed, 10, []],
    ['another source answered before the table could not be read', { ...changed, ...unread }, 0, [5, 10, 20, 40]],
    ['another operator was at work', held, 0, [60, 120, 180, 240]],
    ['another operator was at work and the interval comes as soon', held, 30, []],
    ['rows are left to the next sync and nothing else makes one', waiting, 0, [5, 10, 20, 40]],
    ['rows are left to the next sync and the interval is long', waiting, 3_600, [30, 60, 120, 240]],
    ['rows are left to the next sync and the interval comes as soon', waiting, 30, []],
    ['a form is absent', absent(0), 0, [31, 91, 151, 211]],
    ['a form is absent, whatever the interval', absent(20), 30, [31, 91, 151, 211]],
    ['a form counts as deleted', absent(30), 0, []],
    ['a form is absent and the table cannot be read', { ...absent(0), ...unread }, 0, [5, 10, 20, 31]],
  ])('when %s, interval %#', (_, status, interval, expected) => {
    expect(times(status, interval)).toEqual(expected);
  });

  it('tries a table that cannot be read every five minutes in the end', () => {
    expect(times(unread, 0, 10).slice(-4)).toEqual([300, 600, 900, 1_200]);
    expect(times(unread, 3_600, 8).slice(-4)).toEqual([300, 600, 900, 1_200]);
  });

  it('says the same at any moment between two times, and after a restart', () => {
    for (const from of [10, 11, 15, 19.9]) expect(times(unread, 0, 1, from)).toEqual([20]);
    for (const from of [31, 60, 90.9]) expect(times(absent(0), 0, 1, from)).toEqual([91]);
  });
});
