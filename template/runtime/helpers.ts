import type { HelperName } from '../compile/ast.ts';
import { failureAt, GoError, LimitError, type Position, TemplateFailure } from '../problems.ts';
import { type GoValue, plain } from '../values.ts';
import { isTrue } from '../values/truth.ts';
import { printValue } from '../fmt/printf.ts';
import { type Argument, idealValue, isLiteral } from './coerce.ts';
import { callFunction, callMethod } from './call.ts';
import { fieldOf, methodNamed } from './fields.ts';
import { rangeOver } from './range.ts';
import { type RenderState, UNSET, unsetSlots } from './state.ts';

/** What Handlebars passes last: the place of the node, and the programs of a block. */
export interface HelperOptions {
  readonly loc: { readonly start: Position };
  readonly fn: (state: RenderState) => string;
  readonly inverse: (state: RenderState) => string;
}

type Helper = (...args: never) => unknown;

export type HelperTable = Readonly<Record<HelperName, Helper>>;

/**
 * The helpers templates are compiled to. Their arguments are values, literals and numbers of slots and tables: never template text, never
 * our own tree. While `skip` is set (see `lazy`) they do nothing.
 */
export const helpers: HelperTable = {
  out,
  do: (): string => '',
  get,
  method,
  call,
  num: function num(this: RenderState, index: number): Argument {
    return this.unit.constants[index];
  },
  var: readVariable,
  set: function set(this: RenderState, slot: number, value: Argument): Argument {
    if (!this.skip) this.slots[slot] = valueOf(value) ?? null;
    return value;
  },
  value: (value: Argument): GoValue => valueOf(value) ?? null,
  lazy,
  if: function branch(this: RenderState, condition: Argument, options: HelperOptions): string {
    return isTrue(valueOf(condition)) ? options.fn(this) : options.inverse(this);
  },
  with: withValue,
  range: function range(this: RenderState, ...args: [Argument, number, number, HelperOptions]): string {
    const [value, index, element, options] = args;
    return located(options, undefined, () => rangeOver(this, valueOf(value), { index, element }, options));
  },
  live: function live(this: RenderState, options: HelperOptions): string {
    return this.jump === undefined ? options.fn(this) : '';
  },
  jump: function jump(this: RenderState, kind: 'break' | 'continue'): string {
    this.jump = kind;
    return '';
  },
  tpl,
  fail,
};

/** Literals only reach functions; everywhere else a number has been given its value by the compiler. */
function valueOf(argument: Argument): GoValue | undefined {
  return argument as GoValue | undefined;
}

/** Runs a step of a template; an error gets the place of its node. */
function located<Result>(options: HelperOptions, culprit: string | undefined, run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    throw failureAt(error, options.loc.start, culprit);
  }
}

function out(this: RenderState, argument: Argument, options: HelperOptions): string {
  const value = valueOf(argument);
  const bare = plain(value);
  if (typeof bare === 'string') {
    if (bare !== '') this.prints += 1;
    return bare;
  }
  this.prints += 1;
  this.typed = typeof value === 'object' && value !== null && value.go === 'typed' ? value : undefined;
  if (bare === null) return '<no value>';
  return located(options, undefined, () => printValue(bare, this.context.limits.output));
}

function get(this: RenderState, ...args: [Argument, ...string[], HelperOptions]): GoValue | undefined {
  if (this.skip) return undefined;
  let value = valueOf(args[0]);
  let index = 1;
  try {
    for (; index < args.length - 1; index += 1) value = readField(this, value, args[index] as string);
  } catch (error) {
    throw failureAt(error, (args.at(-1) as HelperOptions).loc.start, args[index] as string);
  }
  return value;
}

function readField(state: RenderState, receiver: GoValue | undefined, name: string): GoValue | undefined {
  const bound = methodNamed(receiver, name);
  return bound === undefined ? fieldOf(receiver, name) : callMethod(state, bound, []);
}

function method(this: RenderState, ...args: [Argument, string, ...Argument[], HelperOptions]): GoValue | undefined {
  if (this.skip) return undefined;
  const options = args.at(-1) as HelperOptions;
  const name = args[1];
  return located(options, name, () => {
    const bound = methodNamed(valueOf(args[0]), name);
    if (bound !== undefined) return callMethod(this, bound, args.slice(2, -1) as Argument[]);
    fieldOf(valueOf(args[0]), name);
    throw new GoError('is not a method but has arguments');
  });
}

function call(this: RenderState, index: number, ...rest: [...Argument[], HelperOptions]): GoValue | undefined {
  if (this.skip) return undefined;
  const options = rest.pop() as HelperOptions;
  const called = this.unit.called[index];
  if (called === undefined) throw failureAt(new GoError('function not defined'), options.loc.start);
  try {
    return callFunction(this, called, rest as Argument[]);
  } catch (error) {
    throw failureAt(error, options.loc.start, called.name);
  }
}

function readVariable(this: RenderState, slot: number, options: HelperOptions): GoValue | undefined {
  const value = this.slots[slot];
  if (value !== UNSET) return value;
  if (this.skip) return undefined;
  throw new TemplateFailure('exec', 'undefined variable', options.loc.start);
}

function withValue(this: RenderState, condition: Argument, options: HelperOptions): string {
  const value = valueOf(condition);
  if (!isTrue(value)) return options.inverse(this);
  const { dot } = this;
  this.dot = value;
  const printed = options.fn(this);
  this.dot = dot;
  return printed;
}

/** See `emitLazy`: `begin` opens, every argument is tested, `end` gives the answer. */
function lazy(
  this: RenderState,
  step: 'begin' | 'and' | 'or' | 'end' | 'endPiped',
  argument: Argument,
): GoValue | undefined {
  if (step === 'begin') {
    this.lazy.push({ skipBefore: this.skip, result: null, decided: false });
    return undefined;
  }
  const frame = this.lazy.at(-1);
  if (frame === undefined) return undefined;
  if (step === 'end' || step === 'endPiped') {
    this.lazy.pop();
    this.skip = frame.skipBefore;
    return step === 'endPiped' && !frame.decided ? (valueOf(argument) ?? null) : frame.result;
  }
  if (this.skip) return undefined;
  frame.result = isLiteral(argument) ? idealValue(argument.constant) : (argument ?? null);
  frame.decided = isTrue(frame.result) === (step === 'or');
  this.skip = frame.decided;
  return undefined;
}

function tpl(this: RenderState, name: string, ...rest: [Argument, HelperOptions] | [HelperOptions]): string {
  const options = rest.at(-1) as HelperOptions;
  const runnable = this.unit.templates.get(name);
  const limit = this.context.limits.depth;
  return located(options, name, () => {
    if (runnable === undefined) throw new GoError('template not defined');
    if (this.depth >= limit) throw new LimitError(`templates call each other more than ${limit} deep`);
    this.meter.spend(1);
    const { dot, root, slots } = this;
    const next = rest.length > 1 ? (valueOf(rest[0] as Argument) ?? null) : null;
    Object.assign(this, { dot: next, root: next, slots: unsetSlots(runnable.slots), depth: this.depth + 1 });
    const printed = runnable.run(this);
    Object.assign(this, { dot, root, slots, depth: this.depth - 1 });
    this.meter.checkOutput(printed.length);
    return printed;
  });
}

function fail(this: RenderState, message: string, culprit: string | HelperOptions, options?: HelperOptions): undefined {
  if (this.skip) return undefined;
  const named = typeof culprit === 'string' ? culprit : undefined;
  const place = typeof culprit === 'string' ? options : culprit;
  throw new TemplateFailure('exec', message, place?.loc.start ?? { line: 1, column: 1 }, named);
}
