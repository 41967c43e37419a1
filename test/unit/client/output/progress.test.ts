import { describe, expect, it } from 'vitest';
import { startProgress } from '../../../../client/output/progress.ts';

function onTerminal(isTerminal: boolean, columns = 40) {
  let written = '';
  let now = 0;
  const progress = startProgress({
    err: { write: (text) => void (written += text), isTerminal, colours: false, columns },
    clock: { now: () => new Date(now) },
  });
  return { progress, written: () => written, pass: (milliseconds: number) => void (now += milliseconds) };
}

describe('client/output/progress', () => {
  it('prints a line for a log when something new is to be said, not more often than every three seconds', () => {
    const { progress, written, pass } = onTerminal(false);

    progress.say('1/4 ready');
    progress.say('2/4 ready');
    pass(3_000);
    progress.say('3/4 ready');
    pass(3_000);
    progress.say('3/4 ready');
    expect(written()).toBe('1/4 ready\n3/4 ready\n');
    progress.say('4/4 ready');
    progress.end();

    expect(written()).toBe('1/4 ready\n3/4 ready\n4/4 ready\n');
  });

  it('writes one line over on a terminal, cut to its width, and takes it off in the end', () => {
    const { progress, written } = onTerminal(true, 12);

    progress.say('1/4 nodes are ready');
    progress.end();

    expect(written()).toBe('\r\u001B[2K⠋ 1/4 nodes\r\u001B[2K');
  });
});
