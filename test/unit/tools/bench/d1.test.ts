import { describe, expect, test } from 'vitest';
import { watchTrouble } from '../../../../tools/bench/d1-repair.ts';

const object = (resourceVersion: string, size: string) => ({ metadata: { resourceVersion }, data: { size } });
const before = object('1', 'one');
const watched = () => watchTrouble(({ data }) => JSON.stringify(data) !== '{"size":"one"}', before);
const state = (promise: Promise<unknown>) => Promise.race([promise.then(() => 'settled'), Promise.resolve('open')]);

describe('tools/bench/d1', () => {
  test('an object is right again when it was changed and is as before, whatever was listed', async () => {
    const { look, listed, repaired } = watched();
    look({ kind: 'restarted' });
    look({ kind: 'set', object: before });
    look({ kind: 'synced', version: '1' });
    await listed;
    look({ kind: 'set', object: object('2', 'one') });
    expect(await state(repaired)).toBe('open');
    look({ kind: 'set', object: object('3', 'edited') });
    look({ kind: 'set', object: object('4', 'edited too') });
    expect(await state(repaired)).toBe('open');
    look({ kind: 'set', object: object('5', 'one') });
    expect(await repaired).toBeGreaterThanOrEqual(0);
  });

  test('a deleted object is right again when another is there', async () => {
    const { look, repaired } = watched();
    look({ kind: 'set', object: before });
    look({ kind: 'removed', object: object('2', 'one') });
    expect(await state(repaired)).toBe('open');
    look({ kind: 'set', object: object('3', 'one') });
    expect(await repaired).toBeGreaterThanOrEqual(0);
  });
});
