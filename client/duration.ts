import { usageError } from './errors.ts';

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
const longest = 24 * 3_600_000;

/** `30s`, `2m`, `1m30s`, or plain seconds, in milliseconds. @throws CommandError for anything else, and for more than 24h. */
export function parseDuration(text: string, flag: string): number {
  const parts = [...text.matchAll(/(\d+)(ms|s|m|h)/g)];
  const complete = parts.map(([whole]) => whole).join('') === text && text !== '';
  const total = /^\d+$/.test(text)
    ? Number(text) * 1_000
    : parts.reduce((sum, [, count, unit]) => sum + Number(count) * (units[unit ?? ''] ?? 0), 0);
  if ((!complete && !/^\d+$/.test(text)) || total <= 0) {
    throw usageError(`--${flag} ${text} is not a duration`, 'write it as 30s, 2m or 1m30s; at most 24h');
  }
  if (total > longest) throw usageError(`--${flag} ${text} is too long`, 'it is 24h at most');
  return total;
}
