import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { type Answer, askPerson } from '../../../client/asking.ts';

describe('client/asking', () => {
  async function answerTo(keys: string): Promise<{ readonly answer: Answer; readonly shown: string }> {
    const [input, output] = [new PassThrough(), new PassThrough()];
    const asked = askPerson('Delete it?', { input, output, terminal: true });
    input.write(keys);
    const answer = await asked;
    return { answer, shown: String(output.read()) };
  }

  it.each([
    ['y\r', true],
    ['YES\r', true],
    ['n\r', false],
    ['\r', false],
    ['yesterday\r', false],
  ] as const)('takes %j as %s', async (keys, answer) => {
    expect(await answerTo(keys)).toMatchObject({ answer, shown: expect.stringContaining('Delete it? [y/N] ') });
  });

  it('tells Ctrl-C from an answer, and leaves the line of the question', async () => {
    const { answer, shown } = await answerTo('y\u0003');

    expect(answer).toBe('interrupted');
    expect(shown.endsWith('\n')).toBe(true);
  });

  it('takes Ctrl-D as a no, and leaves the line of the question', async () => {
    const { answer, shown } = await answerTo('\u0004');

    expect(answer).toBe(false);
    expect(shown.endsWith('\n')).toBe(true);
  });
});
