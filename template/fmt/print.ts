import { fieldLimits } from '../limits.ts';
import { LimitError } from '../problems.ts';
import { type GoList, type GoMap, type GoNumber, type GoOpaque, type GoValue, plain } from '../values.ts';
import { compareText } from '../values/text.ts';
import { elementType, integerOf, kindOf, typeName } from '../values/types.ts';
import type { FloatVerb } from './float.ts';
import {
  type Budget,
  type Format,
  formatCharacter,
  formatFloating,
  formatHexText,
  formatInteger,
  formatQuoted,
  formatQuotedRune,
  formatString,
  formatUnicode,
  pad,
  take,
} from './format.ts';

/** One printing: the verb, its format, and what may still be printed. */
export interface Printing {
  readonly verb: string;
  readonly format: Format;
  readonly budget: Budget;
  /** Inside a list or map, where nil has no verb. */
  readonly depth: number;
}

const integerBases: ReadonlyMap<string, number> = new Map([
  ['v', 10],
  ['d', 10],
  ['b', 2],
  ['o', 8],
  ['O', 8],
  ['x', 16],
  ['X', 16],
]);

const floatVerbs: ReadonlyMap<string, readonly [FloatVerb, number]> = new Map([
  ['v', ['g', -1]],
  ['b', ['b', -1]],
  ['g', ['g', -1]],
  ['G', ['G', -1]],
  ['x', ['x', -1]],
  ['X', ['X', -1]],
  ['f', ['f', 6]],
  ['F', ['f', 6]],
  ['e', ['e', 6]],
  ['E', ['E', 6]],
]);

/** One operand with one verb, as Go's `fmt` prints it, `%!d(string=x)` included. */
export function printOperand(value: GoValue, printing: Printing): string {
  const bare = plain(value);
  if (bare === null) return printNil(printing);
  if (printing.verb === 'T' && printing.depth === 0)
    return leaf(formatString(typeName(bare), printing.format), printing);
  switch (typeof bare) {
    case 'boolean':
      return printing.verb === 't' || printing.verb === 'v'
        ? leaf(pad(String(bare), printing.format), printing)
        : badVerb(bare, printing);
    case 'string':
      return printText(bare, bare, printing);
    case 'bigint':
      return printInteger(bare, bare, printing);
    case 'number':
      return printFloat(bare, printing);
    default:
      return printObject(bare, printing);
  }
}

function leaf(text: string, printing: Printing): string {
  return take(printing.budget, text);
}

function printNil(printing: Printing): string {
  if (printing.depth > 0) return leaf(printing.format.sharpV ? 'interface {}(nil)' : '<nil>', printing);
  if (printing.verb === 'v' || printing.verb === 'T') return leaf(pad('<nil>', printing.format), printing);
  return leaf(`%!${printing.verb}(<nil>)`, printing);
}

/** The error text of `fmt`: `%!verb(type=value)`. */
function badVerb(value: GoValue, printing: Printing): string {
  const shown = printOperand(value, { ...printing, verb: 'v', depth: 0 });
  return `${leaf(`%!${printing.verb}(${typeName(value)}=`, printing)}${shown})`;
}

function printText(text: string, value: GoValue, printing: Printing): string {
  const { verb, format } = printing;
  switch (verb) {
    case 'v':
      return leaf(format.sharpV ? formatQuoted(text, format) : formatString(text, format), printing);
    case 's':
      return leaf(formatString(text, format), printing);
    case 'x':
    case 'X':
      return leaf(formatHexText(text, verb, format), printing);
    case 'q':
      return leaf(formatQuoted(text, format), printing);
    default:
      return badVerb(value, printing);
  }
}

function printInteger(integer: bigint, value: GoValue, printing: Printing): string {
  const { verb, format } = printing;
  const base = integerBases.get(verb);
  if (base !== undefined) {
    const hexadecimal = verb === 'v' && format.sharpV && kindOf(value).startsWith('uint');
    const shown = hexadecimal
      ? formatInteger(integer, 16, 'x', { ...format, sharp: true })
      : formatInteger(integer, base, verb, format);
    return leaf(shown, printing);
  }
  if (verb === 'c') return leaf(formatCharacter(integer, format), printing);
  if (verb === 'q') return leaf(formatQuotedRune(integer, format), printing);
  return verb === 'U' ? leaf(formatUnicode(integer, format), printing) : badVerb(value, printing);
}

function printFloat(value: number, printing: Printing): string {
  const verb = floatVerbs.get(printing.verb);
  return verb === undefined
    ? badVerb(value, printing)
    : leaf(formatFloating(value, verb[0], verb[1], printing.format), printing);
}

function printObject(
  value: GoList | GoMap | GoNumber | GoOpaque | Extract<GoValue, { go: 'complex' }>,
  printing: Printing,
): string {
  if (printing.depth > fieldLimits.valueDepth) throw new LimitError('the printed value is too deeply nested');
  switch (value.go) {
    case 'number':
      return printInteger(value.value, value, printing);
    case 'complex':
      return printComplex(value, printing);
    case 'list':
      return printList(value, printing);
    case 'map':
      return printMap(value, printing);
    default:
      return printOpaque(value, printing);
  }
}

function printComplex(value: Extract<GoValue, { go: 'complex' }>, printing: Printing): string {
  const verb = floatVerbs.get(printing.verb);
  if (verb === undefined) return badVerb(value, printing);
  const re = formatFloating(value.re, verb[0], verb[1], printing.format);
  const im = formatFloating(value.im, verb[0], verb[1], { ...printing.format, plus: true });
  return leaf(`(${re}${im}i)`, printing);
}

function printList(list: GoList, printing: Printing): string {
  const inner = { ...printing, depth: printing.depth + 1 };
  const items = (): string[] => list.items.map((item) => printOperand(item, inner));
  return printComposite(list, items, printing);
}

function printMap(map: GoMap, printing: Printing): string {
  const inner = { ...printing, depth: printing.depth + 1 };
  const pairs = (): string[] =>
    sortedEntries(map).map(([key, item]) => `${printOperand(key, inner)}:${printOperand(item, inner)}`);
  return printComposite(map, pairs, printing);
}

/** A fixed stand-in for the address Go prints with `%p`: a render must not change by itself. */
const ADDRESS = 0xc000010000n;

function printComposite(value: GoList | GoMap, members: () => string[], printing: Printing): string {
  const { format, verb } = printing;
  if (verb === 'w') return badVerb(value, printing);
  if (verb === 'p') return leaf(formatInteger(ADDRESS, 16, 'x', { ...format, sharp: !format.sharp }), printing);
  if (format.sharpV && value.isNil) return leaf(`${value.type}(nil)`, printing);
  const shown = members();
  // The members have been charged; this is for what stands between and around them.
  leaf(' '.repeat(Math.min(shown.length, 1_000) + 2), printing);
  if (format.sharpV) return `${value.type}{${shown.join(', ')}}`;
  return `${value.go === 'map' ? 'map' : ''}[${shown.join(' ')}]`;
}

/** Entries in the order Go prints and ranges over them. */
export function sortedEntries(map: GoMap): [string, GoValue][] {
  return [...map.entries].sort(([left], [right]) => compareText(left, right));
}

/** Types with methods print themselves for the verbs that take text, and as their kind for the others. */
function printOpaque(value: GoOpaque, printing: Printing): string {
  if ('vsxXq'.includes(printing.verb)) return printText(value.type.print(value.value), value, printing);
  const integer = integerOf(value);
  return integer === undefined ? badVerb(value, printing) : printInteger(integer, value, printing);
}

/** Name of the type of the elements, for functions that build lists of the same type. */
export function listElementType(list: GoList): string {
  return elementType(list.type);
}
