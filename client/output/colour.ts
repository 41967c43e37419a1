import type { Output } from '../context.ts';

/** Colours for the words that say how things are. Applied to finished text, so that columns stay aligned; never on pipes or with NO_COLOR. */

const codes = { good: 32, moving: 33, bad: 31, faint: 2 } as const;

const words: Readonly<Record<string, keyof typeof codes>> = {
  Ready: 'good',
  Progressing: 'moving',
  Waiting: 'moving',
  Pending: 'moving',
  Deleting: 'moving',
  Paused: 'moving',
  Skipped: 'moving',
  Failed: 'bad',
  Conflicted: 'bad',
  Degraded: 'bad',
  NotReady: 'bad',
};

const anyWord = new RegExp(`(?<![\\w-])(?:${Object.keys(words).join('|')})(?![\\w-])`, 'g');

/** Text as it is, or with its state words in colour. */
export function withColours(out: Pick<Output, 'colours'>, text: string): string {
  if (!out.colours) return text;
  return text.replaceAll(anyWord, (word) => `\u001B[${codes[words[word] ?? 'faint']}m${word}\u001B[0m`);
}
