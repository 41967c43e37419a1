import type { Flags } from './command.ts';

/**
 * `-n=foo` and `-An=foo` as kubectl's parser takes them: the sign of equality belongs to the flag, not to its value. commander would take `=foo` for
 * the namespace.
 */

interface TakesValue {
  readonly shorts: ReadonlySet<string>;
  readonly longs: ReadonlySet<string>;
}

/** The command line with each short flag and its value apart. What stands behind `--`, or is itself the value of a flag, stays as it is. */
export function splitShortFlags(argv: readonly string[], flags: readonly Flags[]): readonly string[] {
  const known = takingValues(flags);
  const end = argv.indexOf('--');
  const until = end === -1 ? argv.length : end;
  let isValue = false;
  return argv.flatMap((word, index) => {
    if (index >= until) return [word];
    const parts = isValue ? [word] : splitWord(word, known);
    isValue = !isValue && parts.length === 1 && wantsValue(word, known);
    return parts;
  });
}

/** Flags that take a value in every command that has them. */
function takingValues(flags: readonly Flags[]): TakesValue {
  const all = flags.flatMap((some) => Object.entries(some));
  const switches = all.filter(([, flag]) => flag.kind === 'boolean').flatMap(([, { short }]) => short ?? []);
  const valued = all.filter(([, flag]) => flag.kind !== 'boolean');
  const shorts = valued.flatMap(([, { short }]) => short ?? []);
  return {
    shorts: new Set(shorts.filter((short) => !switches.includes(short))),
    longs: new Set(valued.map(([long]) => `--${long}`)),
  };
}

/** Letters up to the first that takes a value, and what follows it. */
function valueOfShorts(word: string, { shorts }: TakesValue): readonly [letters: string, rest: string] | undefined {
  if (!/^-[A-Za-z]/.test(word)) return undefined;
  const at = Array.from(word).findIndex(
    (letter, index) => index > 0 && (shorts.has(letter) || !/[A-Za-z]/.test(letter)),
  );
  return at > 0 && shorts.has(word[at] ?? '') ? [word.slice(0, at + 1), word.slice(at + 1)] : undefined;
}

function splitWord(word: string, known: TakesValue): readonly string[] {
  const [letters, rest] = valueOfShorts(word, known) ?? ['', ''];
  return rest.startsWith('=') ? [letters, rest.slice(1)] : [word];
}

function wantsValue(word: string, known: TakesValue): boolean {
  return known.longs.has(word) || valueOfShorts(word, known)?.[1] === '';
}
