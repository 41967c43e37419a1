import { describe, expect, it } from 'vitest';
import { openServerClock } from '../../../../adapters/kubernetes/server-clock.ts';

const date = (text: string): string => new Date(text).toUTCString();

function open() {
  const time = { monotonic: 1_000, own: new Date('2030-01-01T00:00:00Z') };
  const clock = openServerClock({ monotonic: () => time.monotonic, own: () => time.own });
  return { time, clock };
}

describe('adapters/kubernetes/server-clock', () => {
  it('is this machine until the server has answered, and the server from then on', () => {
    const { time, clock } = open();
    expect(clock.now()).toEqual(time.own);

    clock.observe(date('2026-03-01T12:00:00Z'));
    expect(Math.abs(clock.now().getTime() - Date.parse('2026-03-01T12:00:00Z'))).toBeLessThanOrEqual(1_000);
  });

  it('goes on with the monotonic clock, whatever becomes of the own one', () => {
    const { time, clock } = open();
    clock.observe(date('2026-03-01T12:00:00Z'));
    const before = clock.now().getTime();

    time.own = new Date('2031-01-01T00:00:00Z');
    time.monotonic += 60_000;
    expect(clock.now().getTime() - before).toBe(60_000);
  });

  it('does not jump by whole seconds with every answer, and follows a server that was set', () => {
    const { time, clock } = open();
    clock.observe(date('2026-03-01T12:00:00Z'));
    const before = clock.now().getTime();

    time.monotonic += 900;
    clock.observe(date('2026-03-01T12:00:01Z'));
    expect(clock.now().getTime() - before).toBe(900);

    clock.observe(date('2026-03-01T11:00:00Z'));
    expect(clock.now().toISOString()).toMatch(/^2026-03-01T11:00:00/);
  });

  it('takes no notice of an answer without a date or with nonsense', () => {
    const { time, clock } = open();
    for (const nonsense of [undefined, 'soon', ['a', 'b']]) clock.observe(nonsense);

    expect(clock.now()).toEqual(time.own);
  });
});
