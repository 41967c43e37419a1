import type { Command, Completion, Flag, Flags } from '../command.ts';
import { globalFlags } from '../global-flags.ts';
import type { Candidate } from './protocol.ts';

/** Decides, from the command table alone, what could stand where the cursor is. */

export type Offer =
  | { readonly kind: 'values'; readonly values: readonly Candidate[] }
  /** Live names. `args` are the arguments before, for what depends on them. */
  | { readonly kind: 'live'; readonly of: Exclude<Completion, 'files'>; readonly args: readonly string[] }
  | { readonly kind: 'files' };

export interface Place {
  readonly offer: Offer;
  /** Start of what is looked for: the unfinished word, without `--flag=`. */
  readonly partial: string;
  /** Values of global flags that the line has so far, by long name. */
  readonly globals: Readonly<Record<string, string | boolean>>;
}

export interface Table {
  readonly commands: readonly Command[];
  readonly groups: Readonly<Record<string, string>>;
}

/** `words`: the line after the program's name, the last one unfinished and perhaps empty. */
export function completionAt(words: readonly string[], table: Table): Place {
  const partial = words.at(-1) ?? '';
  const line = readLine(words.slice(0, -1), table);
  const base = { globals: line.globals, partial };
  if (line.awaiting !== undefined) return { ...base, offer: ofFlag(line.awaiting.flag, line.args) };
  if (!line.onlyArgs && partial.startsWith('-')) {
    const [name, value] = splitFlag(partial);
    const flag = value === undefined ? undefined : findFlag(flagsOf(line.command), name)?.flag;
    if (flag !== undefined) return { ...base, partial: value ?? '', offer: ofFlag(flag, line.args) };
    return { ...base, offer: { kind: 'values', values: flagNames(line) } };
  }
  if (line.several !== undefined) return { ...base, offer: ofFlag(line.several, line.args) };
  if (line.command === undefined) return { ...base, offer: { kind: 'values', values: nextWords(line.words, table) } };
  return { ...base, offer: ofArgument(line.command, line.args) };
}

interface Line {
  /** Words of the command so far, while it is not complete. */
  readonly words: readonly string[];
  readonly command: Command | undefined;
  readonly args: readonly string[];
  /** The flag whose value is due. */
  readonly awaiting: FoundFlag | undefined;
  /** The flag that takes further values. */
  readonly several: Flag | undefined;
  readonly given: ReadonlySet<string>;
  readonly globals: Readonly<Record<string, string | boolean>>;
  /** After `--`. */
  readonly onlyArgs: boolean;
}

function readLine(words: readonly string[], table: Table): Line {
  let line: Line = {
    words: [],
    command: undefined,
    args: [],
    awaiting: undefined,
    several: undefined,
    given: new Set(),
    globals: {},
    onlyArgs: false,
  };
  for (const word of words) {
    const isFlag = word.startsWith('-') && word !== '-' && !line.onlyArgs;
    const due = line.awaiting;
    if (due !== undefined) line = { ...withValue(line, due.long, word), awaiting: undefined };
    else if (isFlag) line = word === '--' ? { ...line, several: undefined, onlyArgs: true } : withFlag(line, word);
    else if (line.several === undefined) line = withWord(line, word, table);
  }
  return line;
}

function withFlag(line: Line, word: string): Line {
  const [name, value] = splitFlag(word);
  const found = findFlag(flagsOf(line.command), name);
  if (found === undefined) return line;
  const { long, flag } = found;
  const several = flag.kind === 'list' && flag.several === true ? flag : undefined;
  const given = { ...line, several, given: new Set([...line.given, long]) };
  const isDone = flag.kind === 'boolean' || value !== undefined;
  return isDone ? withValue(given, long, value ?? true) : { ...given, awaiting: found };
}

function withValue(line: Line, long: string, value: string | boolean): Line {
  return long in globalFlags ? { ...line, globals: { ...line.globals, [long]: value } } : line;
}

function withWord(line: Line, word: string, { commands }: Table): Line {
  if (line.command !== undefined) return { ...line, args: [...line.args, word] };
  const words = [...line.words, word];
  const command = commands.find((candidate) => spellings(candidate).includes(words.join(' ')));
  return { ...line, words, command };
}

/** All ways to write a command: its last word has other names. */
function spellings({ name, aliases = [] }: Command): readonly string[] {
  const first = name.split(' ').slice(0, -1);
  return [name, ...aliases.map((alias) => [...first, alias].join(' '))];
}

function nextWords(words: readonly string[], { commands, groups }: Table): readonly Candidate[] {
  const found = new Map<string, string>();
  for (const { name, summary } of commands) {
    const parts = name.split(' ');
    const next = parts[words.length];
    if (next === undefined || words.some((word, index) => parts[index] !== word)) continue;
    found.set(next, parts.length > words.length + 1 ? (groups[next] ?? '') : summary);
  }
  return [...found].map(([value, description]) => ({ value, description }));
}

function flagsOf(command: Command | undefined): Flags {
  return { ...command?.flags, ...globalFlags };
}

function flagNames({ command, given }: Line): readonly Candidate[] {
  const all = Object.entries(flagsOf(command)).filter(([long, { kind }]) => kind === 'list' || !given.has(long));
  const help = { value: '--help', description: 'show help' };
  return [...all.map(([long, { summary }]) => ({ value: `--${long}`, description: summary })), help];
}

/** `--output=json`, `-o`, `-ojson`: the flag and its value, if it is in the same word. */
function splitFlag(word: string): readonly [string, string | undefined] {
  const at = word.indexOf('=');
  if (at !== -1) return [word.slice(0, at), word.slice(at + 1)];
  return word.startsWith('--') || word.length <= 2 ? [word, undefined] : [word.slice(0, 2), word.slice(2)];
}

interface FoundFlag {
  readonly long: string;
  readonly flag: Flag;
}

function findFlag(flags: Flags, name: string): FoundFlag | undefined {
  const found = Object.entries(flags).find(([long, { short }]) => name === `--${long}` || name === `-${short}`);
  return found === undefined ? undefined : { long: found[0], flag: found[1] };
}

function ofFlag(flag: Flag, args: readonly string[]): Offer {
  if (flag.kind === 'text' && flag.choices !== undefined) return choices(flag.choices);
  if (flag.kind === 'text' && flag.suggests !== undefined) return choices(flag.suggests);
  return flag.kind === 'boolean' ? { kind: 'values', values: [] } : offerOf(flag.completes, args);
}

function ofArgument(command: Command, args: readonly string[]): Offer {
  const last = command.args.at(-1);
  const argument = command.args[args.length] ?? (last?.kind === 'variadic' ? last : undefined);
  if (argument?.choices !== undefined) return choices(argument.choices);
  return offerOf(argument?.completes, args);
}

function choices(values: readonly string[]): Offer {
  return { kind: 'values', values: values.map((value) => ({ value })) };
}

function offerOf(completes: Completion | undefined, args: readonly string[]): Offer {
  if (completes === undefined) return { kind: 'values', values: [] };
  return completes === 'files' ? { kind: 'files' } : { kind: 'live', of: completes, args };
}
