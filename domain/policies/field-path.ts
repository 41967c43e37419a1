import { reservedPrefix } from '../keys.ts';

/**
 * Paths of `ignoreFields` (parity 5.9): the part of JSONPath that names fields. `$` in front is optional; names, `['names']`, `[n]`, `[*]`, `.*`
 * and filters such as `[?(@.name=="web" && @.port==80)]`. Descent, slices and unions are refused: what they name cannot be told from a form.
 */

export type Scalar = string | number | boolean | null;

/** One comparison of a filter with a member of the list's item; an empty path is the item itself. */
export interface FilterTest {
  readonly path: readonly string[];
  readonly equal: boolean;
  readonly value: Scalar;
}

export type FieldStep =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'index'; readonly index: number }
  /** Every member of a map or list. */
  | { readonly kind: 'any' }
  /** The items of a list for which every test holds. */
  | { readonly kind: 'filter'; readonly tests: readonly FilterTest[] };

/** Never empty; begins with a name. */
export type FieldPath = readonly FieldStep[];

export type ParsedFieldPath =
  | { readonly ok: true; readonly path: FieldPath }
  | { readonly ok: false; readonly problem: string };

export const fieldPathLimits = { paths: 64, characters: 512, steps: 32, tests: 8 } as const;

/** Position in a path's text. Reads with sticky patterns that cannot backtrack over more than one token. */
class Reader {
  readonly text: string;
  place = 0;

  constructor(text: string) {
    this.text = text;
  }

  get done(): boolean {
    return this.place >= this.text.length;
  }

  take(pattern: RegExp): string | undefined {
    const sticky = new RegExp(pattern.source, 'uy');
    sticky.lastIndex = this.place;
    const found = sticky.exec(this.text)?.[0];
    if (found !== undefined) this.place += found.length;
    return found;
  }

  expect(pattern: RegExp, what: string): string {
    const found = this.take(pattern);
    if (found === undefined) throw new PathProblem(`${what} expected at character ${this.place + 1}`);
    return found;
  }
}

class PathProblem extends Error {}

const bareName = /[^.[\]()'"*?@$,:=!<>&|\s]+/;
const quotedText = /'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/;
const space = /\s*/;
const wholeNumber = /(?:0|[1-9][0-9]{0,8})(?=\s*\])/;
const scalarWord = /true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?/;

/** One token as JSON writes it inside of double quotes; taken one by one, so that the second half of `\\` begins no escape. */
function jsonToken(token: string): string {
  if (token === '"') return String.raw`\"`;
  return token === String.raw`\'` ? "'" : token;
}

/** Escapes are those of JSON, and the quote itself. */
function unquote(quoted: string): string {
  const json = quoted.slice(1, -1).replaceAll(/\\.|"/gsu, jsonToken);
  try {
    return JSON.parse(`"${json}"`) as string;
  } catch {
    throw new PathProblem('a quoted text has an escape that JSON does not know');
  }
}

function readName(reader: Reader): FieldStep {
  if (reader.take(/\*/) !== undefined) return { kind: 'any' };
  return { kind: 'name', name: reader.expect(bareName, 'a field name') };
}

function readMemberNames(reader: Reader): readonly string[] {
  const names: string[] = [];
  for (;;) {
    if (reader.take(/\./) !== undefined) names.push(reader.expect(bareName, 'a field name'));
    else if (reader.take(/\[(?=['"])/) !== undefined) {
      names.push(unquote(reader.expect(quotedText, 'a quoted name')));
      reader.expect(/\]/, "']'");
    } else return names;
  }
}

function readScalar(reader: Reader): Scalar {
  const quoted = reader.take(quotedText);
  if (quoted !== undefined) return unquote(quoted);
  return JSON.parse(reader.expect(scalarWord, 'a quoted text, number, true, false or null')) as Scalar;
}

function readTest(reader: Reader): FilterTest {
  reader.expect(/@/, "'@'");
  const path = readMemberNames(reader);
  reader.take(space);
  const operator = reader.expect(/==|!=/, "'==' or '!='");
  reader.take(space);
  const value = readScalar(reader);
  reader.take(space);
  return { path, equal: operator === '==', value };
}

function readFilter(reader: Reader): FieldStep {
  reader.take(space);
  const open = reader.take(/\(/) !== undefined;
  const tests: FilterTest[] = [];
  do {
    reader.take(space);
    if (tests.length >= fieldPathLimits.tests) throw new PathProblem(`more than ${fieldPathLimits.tests} comparisons`);
    tests.push(readTest(reader));
  } while (reader.take(/&&/) !== undefined);
  if (open) reader.expect(/\)/, "')'");
  return { kind: 'filter', tests };
}

function readBracket(reader: Reader): FieldStep {
  const quoted = reader.take(quotedText);
  if (quoted !== undefined) return { kind: 'name', name: unquote(quoted) };
  if (reader.take(/\*/) !== undefined) return { kind: 'any' };
  if (reader.take(/\?/) !== undefined) return readFilter(reader);
  const index = reader.take(wholeNumber);
  if (index !== undefined) return { kind: 'index', index: Number(index) };
  throw new PathProblem(
    `a number, '*', a quoted name or a filter expected at character ${reader.place + 1}; slices and unions are not supported`,
  );
}

function readStep(reader: Reader): FieldStep {
  if (reader.take(/\.\./) !== undefined) throw new PathProblem("'..' is not supported; name the whole path");
  if (reader.take(/\./) !== undefined) return readName(reader);
  reader.expect(/\[/, "'.' or '['");
  reader.take(space);
  const step = readBracket(reader);
  reader.take(space);
  reader.expect(/\]/, "']'");
  return step;
}

function readPath(text: string): FieldPath {
  const reader = new Reader(text);
  const steps: FieldStep[] = [];
  const rooted = reader.take(/\$/) !== undefined;
  if (!rooted && !/^[.[]/.test(text)) steps.push(readName(reader));
  while (!reader.done) {
    if (steps.length >= fieldPathLimits.steps) throw new PathProblem(`more than ${fieldPathLimits.steps} steps`);
    steps.push(readStep(reader));
  }
  return steps;
}

const freeMetadata: ReadonlySet<string> = new Set(['labels', 'annotations', 'finalizers']);

/** What makes an object the one it is, and ours, cannot be left to others. */
function reservedProblem(path: FieldPath): string | undefined {
  const [first, second, third] = path.map((step) => (step.kind === 'name' ? step.name : undefined));
  if (path.length === 0) return 'it names the whole object';
  if (first === undefined) return 'it must begin with the name of a field';
  if (first === 'apiVersion' || first === 'kind') return `${first} cannot be ignored`;
  if (first !== 'metadata') return undefined;
  if (second === undefined || !freeMetadata.has(second)) {
    return 'of metadata only labels, annotations and finalizers can be ignored';
  }
  return third?.startsWith(reservedPrefix) ? `keys that begin with ${reservedPrefix} cannot be ignored` : undefined;
}

/** All labels or annotations are meant one by one: the map also holds ours. */
function memberwise(path: FieldPath): FieldPath {
  const [first, second] = path.map((step) => (step.kind === 'name' ? step.name : ''));
  const isMap = path.length === 2 && first === 'metadata' && (second === 'labels' || second === 'annotations');
  return isMap ? [...path, { kind: 'any' }] : path;
}

/** Parses one path; `problem` says what is wrong with it, without the path itself. */
export function parseFieldPath(text: string): ParsedFieldPath {
  if (text.length > fieldPathLimits.characters) {
    return { ok: false, problem: `longer than ${fieldPathLimits.characters} characters` };
  }
  try {
    const path = readPath(text.trim());
    const problem = reservedProblem(path);
    return problem === undefined ? { ok: true, path: memberwise(path) } : { ok: false, problem };
  } catch (error) {
    if (error instanceof PathProblem) return { ok: false, problem: error.message };
    throw error;
  }
}

const quote = (text: string): string => JSON.stringify(text);

function testText({ path, equal, value }: FilterTest): string {
  const members = path.map((name) => `[${quote(name)}]`).join('');
  return `@${members}${equal ? '==' : '!='}${JSON.stringify(value)}`;
}

function stepText(step: FieldStep): string {
  switch (step.kind) {
    case 'name':
      return `[${quote(step.name)}]`;
    case 'index':
      return `[${step.index}]`;
    case 'any':
      return '[*]';
    case 'filter':
      return `[?(${step.tests.map(testText).join(' && ')})]`;
  }
}

/** The one text of a path: equal paths give equal texts, and parsing it gives the path. */
export function fieldPathText(path: FieldPath): string {
  return `$${path.map(stepText).join('')}`;
}

/** The paths of an entry that can be parsed, and what is wrong with the others (the texts of parity 8). */
export function parseIgnoreFields(
  id: string,
  texts: readonly string[],
): { readonly paths: readonly FieldPath[]; readonly problems: readonly string[] } {
  if (texts.length > fieldPathLimits.paths) {
    const problem = `invalid ignoreFields in resource '${id}': more than ${fieldPathLimits.paths} paths`;
    return { paths: [], problems: [problem] };
  }
  const parsed = texts.map((text) => ({ text, result: parseFieldPath(text) }));
  return {
    paths: parsed.flatMap(({ result }) => (result.ok ? [result.path] : [])),
    problems: parsed.flatMap(({ text, result }) =>
      result.ok
        ? []
        : [`invalid ignoreFields in resource '${id}': invalid JSONPath ${quote(text.slice(0, 80))}: ${result.problem}`],
    ),
  };
}
