import { LRUCache } from 'lru-cache';
import type { GoFunction } from '../functions/define.ts';
import { functionOf } from '../functions/registry.ts';
import type { ListNode } from '../language/nodes.ts';
import { parseTemplate, ROOT_NAME } from '../language/parser.ts';
import { positionOf } from '../language/position.ts';
import { cacheLimits } from '../limits.ts';
import { failureAt, TemplateFailure } from '../problems.ts';
import type { Argument } from '../runtime/coerce.ts';
import { compileProgram, type Program } from '../runtime/environment.ts';
import {
  type CalledFunction,
  type ConstantCall,
  type Emission,
  type DoomedPlace,
  newFrame,
  type RootField,
} from './emitter.ts';
import { program } from './factory.ts';
import { assignedIn } from './statics.ts';
import { emitList } from './statements.ts';

/** One template of a scalar, ready to run; `slots` is the size of its variable frame. */
export interface Runnable {
  readonly run: Program;
  readonly slots: number;
}

/** A compiled scalar. It holds programs and values, and neither the source nor the tree. */
export interface Unit {
  readonly main: Runnable;
  readonly templates: ReadonlyMap<string, Runnable>;
  readonly constants: readonly Argument[];
  readonly called: readonly CalledFunction[];
  readonly rootFields: readonly RootField[];
  /** What Go finds only when it gets there. */
  readonly doomed: readonly DoomedPlace[];
  /** Calls that are the same for every row, ready to be run: see form/constant-failures.ts. */
  readonly constantCalls: readonly Program[];
  readonly guarded: ReadonlySet<string>;
  /** Names that `get` or `index` ask for and nothing tests. */
  readonly lookups: readonly RootField[];
  /** The row as a whole may reach functions, and so be changed; otherwise fields may share it. */
  readonly exposesRow: boolean;
}

export type UnitResult =
  | { readonly ok: true; readonly unit: Unit }
  /** The first failure is the one Go finds. After unknown functions only, there is a unit to look at, but none to run. */
  | { readonly ok: false; readonly failures: readonly [TemplateFailure, ...TemplateFailure[]]; readonly unit?: Unit };

const units = new LRUCache<string, UnitResult>({ max: cacheLimits.fields });

/** Compiles a scalar that contains `{{`. Results are kept by text, as a form repeats the same few scalars. */
export function compileUnit(source: string): UnitResult {
  const known = units.get(source);
  if (known !== undefined) return known;
  const result = compile(source);
  units.set(source, result);
  return result;
}

/** More unknown functions than this are not looked for in one scalar. */
const namedFunctions = 20;

/** What is wrong behind an unknown function is found by taking it for a known one. */
function compile(source: string): UnitResult {
  const failures: TemplateFailure[] = [];
  const unknown = new Set<string>();
  for (;;) {
    const result = attempt(source, unknown);
    const isUnit = !(result instanceof TemplateFailure);
    const [first, ...others] = isUnit ? failures : [...failures, result];
    if (first === undefined) return { ok: true, unit: result as Unit };
    if (isUnit) return { ok: false, failures: [first, ...others], unit: result };
    if (!result.unknownFunction || unknown.size === namedFunctions) return { ok: false, failures: [first, ...others] };
    failures.push(result);
    unknown.add(result.culprit ?? '');
  }
}

function attempt(source: string, unknown: ReadonlySet<string>): Unit | TemplateFailure {
  try {
    return emitUnit(source, unknown);
  } catch (error) {
    return failureAt(error, { line: 1, column: 1 });
  }
}

const builtinLazy: ReadonlySet<string> = new Set(['and', 'or']);

function isFunction(name: string): boolean {
  return builtinLazy.has(name) || functionOf(name) !== undefined;
}

function emitUnit(source: string, alsoFunctions: ReadonlySet<string>): Unit {
  const template = parseTemplate(source, (name) => alsoFunctions.has(name) || isFunction(name));
  const emission: Emission = {
    source,
    constants: [],
    called: [],
    rootFields: [],
    doomed: [],
    constantCalls: [],
    lookups: [],
    tested: new Set(),
    asked: new Set(),
    guarded: new Set(),
    exposesRow: false,
    assigned: assignedIn(source),
    functionOf: (name: string): GoFunction | undefined => functionOf(name),
    isDefined: (name) => template.defined.has(name),
  };
  const templates = new Map<string, Runnable>();
  for (const [name, list] of template.defined) templates.set(name, emitRunnable(emission, list, name === ROOT_NAME));
  const main = templates.get(ROOT_NAME) ?? emitRunnable(emission, template.body, true);
  const { constants, called, guarded, exposesRow } = emission;
  const isChanged = exposesRow && called.some(({ name }) => changing.has(name));
  const doomed = emission.doomed.filter(({ ofRow }) => !(ofRow && isChanged));
  const rootFields = emission.rootFields.filter(({ indirect }) => !(indirect && isChanged));
  const constantCalls = emission.constantCalls.map((one) => programOf(emission, one));
  const lookups = isChanged ? [] : emission.lookups.filter((one) => !(one.conditional && emission.asked.has(one.name)));
  return { main, templates, constants, called, rootFields, doomed, constantCalls, lookups, guarded, exposesRow };
}

function programOf({ source }: Emission, { at, statement }: ConstantCall): Program {
  return compileProgram(program([statement], positionOf(source, at)));
}

/** Functions that change a map they are given. */
const changing: ReadonlySet<string> = new Set([
  'set',
  'unset',
  'merge',
  'mergeOverwrite',
  'mustMerge',
  'mustMergeOverwrite',
]);

function emitRunnable(emission: Emission, list: ListNode, isRoot: boolean): Runnable {
  const frame = newFrame(emission, isRoot);
  return { run: compileProgram(emitList(frame, list)), slots: frame.slots };
}
