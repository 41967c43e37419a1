import { Environment, ParseError } from '@marcbachmann/cel-js';
import { int64Key, isJsonObject, type Json, type JsonObject } from '../api/json.ts';
import { progressing, type Readiness, ready } from './types.ts';

/**
 * `readyWhen`: a CEL expression over the live object (`object`, also `self`) that takes the place of the rule of its kind.
 *
 * CEL always ends, but not always soon: what can grow is refused when the expression is compiled or, where it depends on the object's size, before
 * it is evaluated. Messages never hold a value of the object, since the library's own quote some.
 */

/** A compiled expression. Immutable and without a memory of objects, so one serves all rows of a form. */
export interface ReadyWhen {
  readonly expression: string;
  evaluate(object: JsonObject): Readiness;
}

export interface ReadyWhenProblem {
  /** Without the position; quotes the expression at most, never an object. */
  readonly message: string;
  /** Offset in the expression, in UTF-16 code units. */
  readonly offset: number;
  /** Both from 1. */
  readonly line: number;
  readonly column: number;
}

export type ReadyWhenResult =
  | { readonly ok: true; readonly rule: ReadyWhen }
  | { readonly ok: false; readonly problem: ReadyWhenProblem };

const limits = {
  maxAstNodes: 300,
  maxDepth: 40,
  maxListElements: 100,
  maxMapEntries: 50,
  maxCallArguments: 8,
} as const;

/** Loops within loops that are allowed, and the most steps that one evaluation may need: some tens of milliseconds. */
const deepestLoop = 2;
const mostSteps = 2_000_000;

const environment = new Environment({
  unlistedVariablesAreDyn: false,
  homogeneousAggregateLiterals: false,
  enableOptionalTypes: true,
  limits,
})
  .registerVariable('object', 'dyn')
  .registerVariable('self', 'dyn');

const loops: ReadonlySet<string> = new Set(['all', 'exists', 'exists_one', 'map', 'filter']);

/** Functions that could take unbounded time or space, with what to write instead. */
const refused: Readonly<Record<string, string>> = {
  matches: 'matches is not available; use startsWith, endsWith, contains or ==',
  bind: 'cel.bind is not available; write the value where it is used',
};

/** Functions that make lists out of texts or texts out of lists: then the length of texts counts too. */
const textLoops: ReadonlySet<string> = new Set(['split', 'join']);

interface Shape {
  nodes: number;
  loopDepth: number;
  concatenations: number;
  countsTexts: boolean;
  refusal: { readonly message: string; readonly offset: number } | undefined;
}

interface Node {
  readonly op: string;
  readonly args: unknown;
  readonly start: number;
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'op' in value && 'args' in value;
}

function nodesIn(value: unknown): readonly Node[] {
  if (isNode(value)) return [value];
  return Array.isArray(value) ? value.flatMap(nodesIn) : [];
}

/** Name of the function or method a node calls. */
function calledBy({ op, args }: Node): string {
  const name: unknown = (op === 'call' || op === 'rcall') && Array.isArray(args) ? args[0] : undefined;
  return typeof name === 'string' ? name : '';
}

function refusalOf(called: string, offset: number): Shape['refusal'] {
  const message = Object.hasOwn(refused, called) ? refused[called] : undefined;
  return message === undefined ? undefined : { message, offset };
}

function measure(node: Node, depth: number, shape: Shape): void {
  const called = calledBy(node);
  const isLoop = node.op === 'rcall' && loops.has(called);
  shape.nodes += 1;
  shape.concatenations += node.op === '+' ? 1 : 0;
  shape.countsTexts ||= textLoops.has(called);
  shape.loopDepth = Math.max(shape.loopDepth, depth + (isLoop ? 1 : 0));
  shape.refusal ??= refusalOf(called, node.start);
  const parts: readonly unknown[] = Array.isArray(node.args) ? node.args : [];
  const body: unknown = isLoop ? parts[2] : undefined;
  for (const part of nodesIn(isLoop ? parts.slice(0, 2) : parts)) measure(part, depth, shape);
  for (const part of nodesIn(body)) measure(part, depth + 1, shape);
}

function measured(ast: unknown): Shape {
  const shape: Shape = { nodes: 0, loopDepth: 0, concatenations: 0, countsTexts: false, refusal: undefined };
  for (const node of nodesIn(ast)) measure(node, 0, shape);
  return shape;
}

function problemAt(expression: string, message: string, offset: number): ReadyWhenResult {
  const before = expression.slice(0, offset).split('\n');
  const column = (before.at(-1)?.length ?? 0) + 1;
  return { ok: false, problem: { message, offset, line: before.length, column } };
}

interface Located {
  readonly summary?: string;
  readonly message: string;
  readonly range?: { readonly start: number } | undefined;
}

const problemOf = (expression: string, error: Located): ReadyWhenResult =>
  problemAt(expression, error.summary ?? error.message.split('\n')[0] ?? '', error.range?.start ?? 0);

/** Compiles an expression; what is wrong with it has a position inside it. */
export function compileReadyWhen(expression: string): ReadyWhenResult {
  const checked = environment.check(expression);
  if (!checked.valid) return problemOf(expression, checked.error ?? new ParseError('cannot be read'));
  if (checked.type !== 'bool' && checked.type !== 'dyn') {
    return problemAt(expression, `must give true or false, not a value of type ${String(checked.type)}`, 0);
  }
  const parsed = environment.parse(expression);
  const shape = measured(parsed.ast);
  if (shape.refusal !== undefined) return problemAt(expression, shape.refusal.message, shape.refusal.offset);
  if (shape.loopDepth > deepestLoop) {
    return problemAt(expression, `loops are nested ${shape.loopDepth} deep; at most ${deepestLoop} are allowed`, 0);
  }
  return { ok: true, rule: { expression, evaluate: (object) => judge(parsed, shape, object) } };
}

const failing = (message: string): Readiness => progressing('ReadyWhenError', message);

function judge(parsed: ReturnType<typeof environment.parse>, shape: Shape, object: JsonObject): Readiness {
  const width: Width = { longest: 1, countsTexts: shape.countsTexts };
  const value = celValue(object, width);
  const rounds = width.longest * (1 + shape.concatenations);
  if (shape.loopDepth > 0 && shape.nodes * rounds ** shape.loopDepth > mostSteps) {
    return failing('readyWhen would take too long on an object of this size');
  }
  let result: unknown;
  try {
    result = parsed({ object: value, self: value });
  } catch {
    return failing('readyWhen cannot be evaluated: a field it names is absent or has another type; has() tells');
  }
  if (typeof result !== 'boolean') return failing('readyWhen gave neither true nor false');
  return result ? ready : progressing('ReadyWhenFalse', 'readyWhen is false');
}

interface Width {
  longest: number;
  readonly countsTexts: boolean;
}

/** The object as CEL sees it: whole numbers are ints, so that they can be counted with. Measures the longest list or map on its way. */
function celValue(value: Json | undefined, width: Width): unknown {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (typeof value === 'string') {
    if (width.countsTexts) width.longest = Math.max(width.longest, value.length);
    return value;
  }
  if (Array.isArray(value)) {
    width.longest = Math.max(width.longest, value.length);
    return value.map((item: Json) => celValue(item, width));
  }
  return isJsonObject(value) ? celMap(value, width) : value;
}

/** A Map, because the library looks at `constructor` of plain objects, which is a key like any other here. */
function celMap(value: JsonObject, width: Width): unknown {
  const entries = Object.entries(value);
  const digits = entries.length === 1 ? value[int64Key] : undefined;
  if (typeof digits === 'string' && /^-?\d{1,20}$/.test(digits)) return BigInt(digits);
  width.longest = Math.max(width.longest, entries.length);
  return new Map(entries.map(([key, item]) => [key, celValue(item, width)]));
}
