import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { eventually, notYet, there } from '../../support/e2e/eventually.ts';
import { expectInvariants } from '../../support/faults/invariants.ts';
import { type Failpoint, hubFailpoints } from '../../support/faults/failpoints.ts';
import { bringInFleet, expectCounts, type Fleet, mapWrites, nodeWrites } from '../../support/faults/row-fleet.ts';
import { chosen } from '../../support/faults/seed.ts';
import { type Armed, openStage, type Stage } from '../../support/faults/stage.ts';

const selected = chosen(hubFailpoints);
const reached = new Set<string>();
const untouched = ['P1', 'P2', 'P3'];

/**
 * A sync that changes, adds and removes rows is ended with -9 at each of its points. Each worker recovers from the end of the one before and carries
 * the failpoint of the next test.
 */
describe('faults/hub/failpoints', () => {
  let stage: Stage;
  let fleet: Fleet;
  let begun = 0;
  /** uid to size; twelve rows at all times. */
  let rows: Record<string, number> = Object.fromEntries(
    Array.from({ length: 12 }, (_, index) => [`row-0-${index}`, 1]),
  );

  const armedFor = (point: Failpoint | undefined): Armed | undefined =>
    point && { failpoint: point.name, action: 'kill', scope: 'fp-fleet/', gated: true };

  beforeAll(async () => {
    stage = await openStage(inject('stack'), 'hub-failpoints');
    begun = stage.audit.now();
    await stage.kill();
    stage.start(armedFor(selected[0]));
    fleet = await bringInFleet(stage, { name: 'fleet', rows, spec: { deletionGuard: { maxRows: 1_000 } } });
  }, 240_000);
  afterAll(() => stage?.close());

  /** Four rows go, four come, four change. */
  async function changeRows(round: number): Promise<{ gone: readonly string[]; kept: readonly string[] }> {
    const names = Object.keys(rows);
    const [gone, changed, kept] = [names.slice(0, 4), names.slice(4, 8), names.slice(4)];
    const fresh = Array.from({ length: 4 }, (_, index) => `row-${round}-${index}`);
    const list = (uids: readonly string[]): string => uids.map((uid) => `'${uid}'`).join(', ');
    await fleet.sql(
      `START TRANSACTION; DELETE FROM fleet WHERE id IN (${list(gone)}); UPDATE fleet SET size = size + 1 WHERE id IN (${list(changed)});` +
        `INSERT INTO fleet (id, size) VALUES ${fresh.map((uid) => `('${uid}', 1)`).join(', ')}; COMMIT`,
    );
    rows = Object.fromEntries([
      ...kept.map((uid) => [uid, (rows[uid] ?? 0) + (changed.includes(uid) ? 1 : 0)] as const),
      ...fresh.map((uid) => [uid, 1] as const),
    ]);
    return { gone, kept };
  }

  /** How often the write that was done most often was done. */
  const mostOf = (writes: readonly string[]): number =>
    Math.max(0, ...writes.map((write) => writes.filter((other) => other === write).length));

  const settled = async (): Promise<void> => {
    await fleet.untilSettled(rows);
    await eventually('the hub has counted', async () => {
      const { status } = await fleet.hub();
      return status?.ready === 12 ? there(true) : notYet(status);
    });
  };

  test.each(selected.map((point) => [point.name, point.title, point.side] as const))(
    '%s: %s; a worker that ends with -9 right %s it leaves nothing that a new worker does not finish',
    async (name) => {
      const index = selected.findIndex((point) => point.name === name);
      try {
        await settled();
        const before = await fleet.nodes();
        const place = stage.audit.now();
        const { gone, kept } = await changeRows(index + 1);
        stage.openGate();
        await fleet.sync();
        expect(await stage.ended()).toEqual({ code: null, signal: 'SIGKILL' });
        expect(stage.hits().at(-1)).toBe(name);
        reached.add(name);
        const early = nodeWrites(fleet, place);
        if (untouched.some((point) => name.startsWith(point)) || name.startsWith('P4')) expect(early).toEqual([]);
        stage.start(armedFor(selected[index + 1]));

        await settled();
        const after = await fleet.nodes();
        for (const uid of kept) expect(after.get(uid)?.metadata.uid).toBe(before.get(uid)?.metadata.uid);
        const writes = nodeWrites(fleet, place);
        const made = writes.filter((write) => write.startsWith('create'));
        expect(made.toSorted()).toEqual([0, 1, 2, 3].map((nth) => `create row-${index + 1}-${nth}-form`));
        const removed = new Set(writes.filter((write) => write.startsWith('delete')));
        expect([...removed].toSorted()).toEqual(gone.map((uid) => `delete ${uid}-form`).toSorted());
        // Of each object that came, went or changed one write, and one of each LynqNode but for what the end of the worker cut off: one activity's, once more.
        const children = mapWrites(fleet, place).map(({ what }) => what);
        expect(children.filter((what) => what.startsWith('create')).toSorted()).toEqual(
          [0, 1, 2, 3].map((nth) => `create row-${index + 1}-${nth}`),
        );
        expect([...new Set(children.filter((what) => what.startsWith('delete')))].toSorted()).toEqual(
          gone.map((uid) => `delete ${uid}`).toSorted(),
        );
        expect(mostOf(children)).toBeLessThanOrEqual(2);
        expect(mostOf(writes.filter((write) => !write.startsWith('patch')))).toBeLessThanOrEqual(2);
        // What an interrupted sync has put on record is paid for once.
        const { status } = await fleet.hub();
        const spent = (status.deletionGuard.window as readonly { rows: number }[]).reduce(
          (sum, one) => sum + one.rows,
          0,
        );
        expect(spent).toBe(4 * (index + 1));
        expectCounts(await fleet.hub(), 12);
      } catch (error) {
        await stage.kill();
        stage.start(armedFor(selected[index + 1]));
        await fleet.sync();
        throw error;
      }
    },
    180_000,
  );

  test('afterwards all is at rest, nothing shows a secret, and nothing in the log of the API server breaks a rule', async () => {
    await expectInvariants(stage, begun);
  }, 300_000);

  test('every registered point of this run was reached', () => {
    expect([...reached].toSorted()).toEqual(selected.map(({ name }) => name).toSorted());
  });
});
