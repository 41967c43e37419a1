import { describe, expect, it } from 'vitest';
import { type Look, waitUntil } from '../../../client/wait.ts';

function inTime(looks: readonly Look<string>[], secondsPerLook: number) {
  let err = '';
  let looked = 0;
  let now = 0;
  const context = {
    err: { write: (text: string) => void (err += text), isTerminal: false, colours: false, columns: 80 },
    clock: { now: () => new Date(now) },
  } as unknown as Parameters<typeof waitUntil>[0];
  const result = waitUntil(context, {
    what: 'the node to be Ready',
    timeout: '10s',
    look: async () => {
      now += secondsPerLook * 1_000;
      const look = looks[Math.min(looked, looks.length - 1)];
      looked += 1;
      return look!;
    },
  });
  return { result, err: () => err };
}

describe('client/wait', () => {
  it('looks until it is done, and says how far it is', async () => {
    const { result, err } = inTime(
      [
        { kind: 'notYet', text: '1/2 ready' },
        { kind: 'done', value: 'ready' },
      ],
      1,
    );

    expect(await result).toBe('ready');
    expect(err()).toBe('1/2 ready\n');
  });

  it('ends with exit code 4 when the time is over, saying what was seen last', async () => {
    const { result } = inTime([{ kind: 'notYet', text: '1/2 ready' }], 6);

    await expect(result).rejects.toMatchObject({
      message: 'waited 10s for the node to be Ready: 1/2 ready',
      exitCode: 4,
    });
  });

  it('looks less often where a look takes long', async () => {
    const began = performance.now();
    const { result } = inTime(
      [
        { kind: 'notYet', text: '1/2 ready' },
        { kind: 'done', value: 'ready' },
      ],
      1.5,
    );

    await result;
    expect(performance.now() - began).toBeGreaterThan(1_400);
  });
});
