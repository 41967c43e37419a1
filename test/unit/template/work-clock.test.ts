import { describe, expect, it } from 'vitest';
import { workClock } from '../../../template/runtime/work-clock.ts';

function readings() {
  const at = { wall: 1_000, processor: 300, asked: 0 };
  const clock = workClock({
    wall: () => at.wall,
    processor: () => {
      at.asked += 1;
      return at.processor;
    },
  });
  const pass = (wall: number, processor: number) => {
    at.wall += wall;
    at.processor += processor;
    return clock();
  };
  return { at, pass };
}

describe('template/runtime/work-clock', () => {
  it('stands still while other processes have the processor', () => {
    const { pass } = readings();
    expect(pass(500, 0)).toBe(0);
    expect(pass(500, 2)).toBe(2);
  });

  it('goes with the wall clock while the process works', () => {
    const { pass } = readings();
    expect(pass(20, 20)).toBe(20);
    expect(pass(30, 30)).toBe(50);
  });

  it('never goes faster than the wall clock, however many threads work', () => {
    const { pass } = readings();
    expect(pass(20, 80)).toBe(20);
  });

  it('does not count a short step twice when a long one follows', () => {
    const { pass } = readings();
    expect(pass(0.5, 0.5)).toBe(0.5);
    expect(pass(100, 3)).toBe(3.5);
  });

  it('asks for the processor time only after a long step', () => {
    const { at, pass } = readings();
    for (let step = 0; step < 100; step += 1) pass(0.9, 0.9);
    expect(at.asked).toBe(1);
    pass(5, 5);
    expect(at.asked).toBe(2);
  });

  it('of this process goes on while it works', () => {
    const clock = workClock();
    const started = performance.now();
    while (performance.now() - started < 50) Math.sqrt(started);
    expect(clock()).toBeGreaterThan(0);
  });
});
