import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { NodeDigest } from '../../../../domain/watching.ts';
import { CountKeeper } from '../../../../worker/watch/count-keeper.ts';

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

function open(refreshTakes: number) {
  const counted: number[] = [];
  const keeper = new CountKeeper(async () => {
    counted.push(performance.now());
    await new Promise((resolve) => setTimeout(resolve, refreshTakes));
  }, quiet);
  const node = (ready: boolean) =>
    ({ namespace: 'ns', hub: 'hub', ready, failed: false, deleting: false }) as NodeDigest;
  const change = () => keeper.onNode({ key: 'ns/a', before: node(false), after: node(true) });
  return { counted, keeper, change, node };
}

describe('worker/watch/count-keeper', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('counts changes that come together once', async () => {
    const { counted, change } = open(0);
    for (let times = 0; times < 100; times += 1) change();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(counted).toHaveLength(1);
  });

  it('does not count for what changes no number', async () => {
    const { counted, keeper, node } = open(0);
    keeper.onNode({ key: 'ns/a', before: node(true), after: node(true) });
    await vi.advanceTimersByTimeAsync(2_000);
    expect(counted).toEqual([]);
  });

  it('leaves a hub alone for ten times as long as counting it took', async () => {
    const { counted, change } = open(1_000);
    change();
    await vi.advanceTimersByTimeAsync(2_600);
    change();
    await vi.advanceTimersByTimeAsync(9_900);
    expect(counted).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(200);
    expect(counted).toHaveLength(2);
  });
});
