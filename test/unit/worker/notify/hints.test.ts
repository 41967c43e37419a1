import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Hints } from '../../../../worker/notify/hints.ts';
import { silentLogger } from '../../../contract/row-source.server.ts';

const hub = { namespace: 'ns', hub: 'tenants' };

function aGate(answer: () => Promise<'triggered' | 'missing'> = async () => 'triggered', mostHubs = 2_000) {
  const triggered: string[] = [];
  const hints = new Hints(
    {
      trigger: (asked) => {
        triggered.push(`${asked.namespace}/${asked.hub} at ${Date.now()}`);
        return answer();
      },
      logger: silentLogger,
    },
    mostHubs,
  );
  return { hints, triggered };
}

describe('worker/notify/hints', () => {
  beforeEach(() => vi.useFakeTimers({ now: 0 }));
  afterEach(() => vi.useRealTimers());

  it('starts a sync at once for a lone hint, and none afterwards', async () => {
    const { hints, triggered } = aGate();

    expect(await hints.hint(hub)).toEqual({ kind: 'accepted' });
    await vi.advanceTimersByTimeAsync(200_000);

    expect(triggered).toEqual(['ns/tenants at 0']);
  });

  it('turns 12,000 hints within a minute into two syncs, of which the second begins after the last hint', async () => {
    const { hints, triggered } = aGate();
    for (let sent = 0; sent < 12_000; sent += 1) {
      await hints.hint(hub);
      await vi.advanceTimersByTimeAsync(5);
    }
    await vi.advanceTimersByTimeAsync(20_000);

    expect(triggered).toHaveLength(2);
    expect(Number(triggered[1]?.split(' ').at(-1))).toBeGreaterThanOrEqual(11_999 * 5);
  });

  it('does not take a stall within a flood for its end', async () => {
    const { hints, triggered } = aGate();
    for (let sent = 0; sent < 4_000; sent += 1) {
      await hints.hint(hub);
      await vi.advanceTimersByTimeAsync(sent > 2_000 && sent % 1_000 === 0 ? 2_000 : 5);
    }
    await vi.advanceTimersByTimeAsync(20_000);

    expect(triggered).toHaveLength(2);
  });

  it('answers a flood without end by a sync a minute', async () => {
    const { hints, triggered } = aGate();
    for (let second = 0; second < 300; second += 1) {
      await hints.hint(hub);
      await vi.advanceTimersByTimeAsync(500);
    }

    expect(triggered.map((text) => Math.round(Number(text.split(' ').at(-1)) / 1_000))).toEqual([0, 61, 121]);
  });

  it('treats hints that come one at a time as bursts of their own', async () => {
    const { hints, triggered } = aGate();
    for (let count = 0; count < 3; count += 1) {
      await hints.hint(hub);
      await vi.advanceTimersByTimeAsync(5_000);
    }

    expect(triggered).toEqual(['ns/tenants at 0', 'ns/tenants at 5000', 'ns/tenants at 10000']);
  });

  it('starts one more sync for a hint that came while the last one was being asked for', async () => {
    let release = (): void => undefined;
    const { hints, triggered } = aGate(
      () =>
        new Promise((resolve) => {
          release = () => resolve('triggered');
        }),
    );
    const first = hints.hint(hub);
    const second = hints.hint(hub);
    release();
    await Promise.all([first, second]);
    expect(triggered).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1_000);

    expect(triggered).toHaveLength(2);
  });

  it('keeps hubs apart', async () => {
    const { hints, triggered } = aGate();
    await hints.hint(hub);
    await hints.hint({ namespace: 'ns', hub: 'others' });

    expect(triggered).toEqual(['ns/tenants at 0', 'ns/others at 0']);
  });

  it('knows no hub without a schedule, and asks again for the next hint', async () => {
    const { hints, triggered } = aGate(async () => 'missing');

    expect(await hints.hint(hub)).toEqual({ kind: 'unknown' });
    expect(await hints.hint(hub)).toEqual({ kind: 'unknown' });
    expect(triggered).toHaveLength(2);
  });

  it('says so when Temporal cannot be asked, and takes the next hint', async () => {
    let isDown = true;
    const { hints } = aGate(async () => {
      if (isDown) throw new Error('unreachable');
      return 'triggered';
    });

    await expect(hints.hint(hub)).rejects.toThrow('unreachable');
    isDown = false;
    expect(await hints.hint(hub)).toEqual({ kind: 'accepted' });
  });

  it('does not lose an accepted hint while Temporal cannot be asked', async () => {
    let isDown = false;
    const { hints, triggered } = aGate(async () => {
      if (isDown) throw new Error('unreachable');
      return 'triggered';
    });
    await hints.hint(hub);
    await hints.hint(hub);
    isDown = true;
    await vi.advanceTimersByTimeAsync(20_000);
    isDown = false;
    const before = triggered.length;
    await vi.advanceTimersByTimeAsync(60_000);

    expect(before).toBeGreaterThan(2);
    expect(triggered).toHaveLength(before + 1);
  });

  it('remembers a bounded number of hubs', async () => {
    const { hints } = aGate(undefined, 20);
    for (let index = 0; index < 20; index += 1) await hints.hint({ namespace: 'ns', hub: `hub-${index}` });

    expect(await hints.hint(hub)).toEqual({ kind: 'full' });
    await vi.advanceTimersByTimeAsync(2_000);
    expect(await hints.hint(hub)).toEqual({ kind: 'accepted' });
  });
});
