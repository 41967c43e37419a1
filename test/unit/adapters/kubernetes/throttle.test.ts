import { describe, expect, it } from 'vitest';
import { createThrottle } from '../../../../adapters/kubernetes/throttle.ts';
import type { Timing } from '../../../../adapters/kubernetes/timing.ts';

/** A clock that stands until it is moved. */
function standing() {
  let now = 0;
  const sleepers: { readonly until: number; readonly wake: () => void }[] = [];
  const timing: Timing = {
    now: () => now,
    random: () => 0,
    sleep: (milliseconds) => new Promise((wake) => sleepers.push({ until: now + milliseconds, wake })),
  };
  const move = async (milliseconds: number): Promise<void> => {
    now += milliseconds;
    for (const { until, wake } of sleepers) if (until <= now) wake();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { timing, move };
}

describe('adapters/kubernetes/throttle', () => {
  it('lets requests about the held resource go when the time is over, in any namespace, and all others at once', async () => {
    const { timing, move } = standing();
    const throttle = createThrottle(timing);
    throttle.hold('/api/v1/namespaces/a/configmaps/x?fieldManager=m', 3_000);
    const passed: string[] = [];
    for (const path of [
      '/api/v1/namespaces/b/configmaps/y',
      '/api/v1/configmaps?limit=500',
      '/api/v1/namespaces/a/secrets/x',
      '/api/v1/namespaces/a',
      '/apis/apps/v1/namespaces/a/deployments/x',
    ])
      void throttle.pass(path, undefined).then(() => passed.push(path));
    await move(2_999);
    expect(passed).toEqual([
      '/api/v1/namespaces/a/secrets/x',
      '/api/v1/namespaces/a',
      '/apis/apps/v1/namespaces/a/deployments/x',
    ]);
    throttle.hold('/api/v1/namespaces/a/configmaps/z', 500);
    await move(1);
    expect(passed).toHaveLength(3);
    await move(500);
    expect(passed).toHaveLength(5);
  });
});
