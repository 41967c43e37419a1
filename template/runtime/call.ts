import type { CalledFunction } from '../compile/emitter.ts';
import type { GoFunction } from '../functions/define.ts';
import { GoError } from '../problems.ts';
import type { GoValue } from '../values.ts';
import { type Argument, coerce } from './coerce.ts';
import type { BoundMethod } from './fields.ts';
import type { RenderState } from './state.ts';

/** A call by Go's rules: number of arguments, their types, the result. Throws `GoError` or `LimitError`. */
export function callFunction(state: RenderState, called: CalledFunction, args: readonly Argument[]): GoValue {
  const { fn, piped } = called;
  checkCount(fn, args.length);
  const last = args.length - 1;
  const values = args.map((arg, index) =>
    coerce(piped && index === last ? (arg ?? null) : arg, typeAt(fn, index), fn.keepsType),
  );
  return run(state, fn, values);
}

/** A method with its receiver as first argument. */
export function callMethod(state: RenderState, bound: BoundMethod, args: readonly Argument[]): GoValue {
  const { method, receiver } = bound;
  checkCount(method, args.length + 1);
  const values = args.map((arg, index) => coerce(arg, typeAt(method, index + 1), method.keepsType));
  return run(state, method, [receiver, ...values]);
}

function typeAt(fn: GoFunction, index: number): GoFunction['params'][number] {
  return fn.params[index] ?? fn.rest ?? 'any';
}

function checkCount(fn: GoFunction, given: number): void {
  const problem = countProblem(fn, given);
  if (problem !== undefined) throw new GoError(problem);
}

/** What is wrong with the number of arguments, the piped one included, in Go's words. */
export function countProblem(fn: GoFunction, given: number): string | undefined {
  const wanted = fn.params.length;
  if (given === wanted || (fn.rest !== undefined && given > wanted)) return undefined;
  return `wrong number of args: want ${fn.rest === undefined ? '' : 'at least '}${wanted} got ${given}`;
}

function run(state: RenderState, fn: GoFunction, values: readonly GoValue[]): GoValue {
  state.meter.spend(1);
  const result = fn.costly ? state.meter.costly(() => fn.run(state.context, values)) : fn.run(state.context, values);
  if (typeof result === 'string') state.meter.checkOutput(result.length);
  return result;
}
