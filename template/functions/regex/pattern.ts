import { LRUCache } from 'lru-cache';
import { type Matcher, RE2JS, RE2JSException } from 're2js';
import type { FieldLimits } from '../../limits.ts';
import { GoError, LimitError } from '../../problems.ts';
import { byteLength, isValidText } from '../../values/text.ts';
import { estimatedSize, readPattern } from './pattern-text.ts';

/** What a search may use and has to charge. */
export interface SearchContext {
  readonly limits: FieldLimits;
  spend(units: number): void;
}

/** A compiled pattern. The engine is re2js: linear in the text, leftmost-first, like Go's. */
export interface Pattern {
  readonly regex: RE2JS;
  /** Names of the groups by number; several may have the same. */
  readonly names: readonly (string | undefined)[];
  readonly size: number;
}

/** Instructions of one program: more take longer to compile than a field may render. */
const MAX_SIZE = 5_000;
const KEPT_PATTERNS = 200;

const kept = new LRUCache<string, Pattern>({ max: KEPT_PATTERNS });

/** Throws `GoError` for what is no pattern, `LimitError` for one that is too large. */
export function compilePattern(source: string, context: SearchContext): Pattern {
  if (source.length > context.limits.regex || byteLength(source) > context.limits.regex) {
    throw new LimitError(`the regular expression is longer than ${context.limits.regex} bytes`);
  }
  const known = kept.get(source);
  if (known !== undefined) return known;
  if (!isValidText(source)) throw new GoError('error parsing regexp: invalid UTF-8');
  if (estimatedSize(source) > MAX_SIZE) throw new LimitError('the regular expression is too large');
  const read = readPattern(source);
  const regex = compiled(read.source);
  const pattern = { regex, names: read.names, size: regex.programSize() };
  kept.set(source, pattern);
  return pattern;
}

function compiled(source: string): RE2JS {
  try {
    return RE2JS.compile(source);
  } catch (error) {
    // The message of re2js quotes the pattern, which may be of a row.
    if (error instanceof RE2JSException) throw new GoError('error parsing regexp');
    throw error;
  }
}

/** A text that charges for every character the engine looks at, so that a search can be stopped. */
class MeteredText extends String {
  readonly #spend: () => void;

  constructor(text: string, spend: () => void) {
    super(text);
    this.#spend = spend;
  }

  override charCodeAt(index: number): number {
    this.#spend();
    return super.charCodeAt(index);
  }
}

const LONE_BYTES = /[\udc80-\udcff]/gu;
/** Setting up one match makes the engine clear memory that grows with the text. */
const UNITS_PER_MATCH = 4;
const CHARACTERS_PER_UNIT = 1_024;
/** Instructions the engine runs for one character are cheap next to our own steps. */
const INSTRUCTIONS_PER_UNIT = 64;

/** Where a match is, in UTF-16 units of the text. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Searches of one pattern in one text, at growing positions. */
export interface Search {
  /** The first match from a position on. */
  at(position: number): Span | undefined;
  /** The text of a group of the match found last, empty where it took no part; by number or name. */
  group(key: number | string): string;
  /** Units of the character at a position, 0 at the end. */
  width(position: number): number;
}

export function searchIn(text: string, pattern: Pattern, context: SearchContext): Search {
  const perCharacter = 1 + Math.floor(pattern.size / INSTRUCTIONS_PER_UNIT);
  const perMatch = UNITS_PER_MATCH + Math.floor(text.length / CHARACTERS_PER_UNIT);
  // A byte that is no character is U+FFFD for Go's engine, and one unit long for both.
  const subject = isValidText(text) ? text : text.replace(LONE_BYTES, '\ufffd');
  const metered = new MeteredText(subject, () => context.spend(perCharacter));
  const matcher = pattern.regex.matcher(metered as unknown as string);
  return {
    at(position) {
      context.spend(perMatch);
      return matcher.find(position) ? { from: matcher.start(0), to: matcher.end(0) } : undefined;
    },
    group: (key) => groupOf(matcher, groupsNamed(pattern, key), text),
    width: (position) => ((subject.codePointAt(position) ?? 0) > 0xffff ? 2 : Math.min(1, text.length - position)),
  };
}

function groupsNamed(pattern: Pattern, key: number | string): readonly number[] {
  if (typeof key === 'number') return key < pattern.names.length ? [key] : [];
  return pattern.names.flatMap((name, index) => (name === key ? [index] : []));
}

/** The text of the first of the groups that took part in the match. */
function groupOf(matcher: Matcher, groups: readonly number[], text: string): string {
  const index = groups.find((group) => matcher.start(group) >= 0);
  return index === undefined ? '' : text.slice(matcher.start(index), matcher.end(index));
}
