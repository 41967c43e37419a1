import type { FieldLimits } from '../limits.ts';
import type { Entropy } from '../random/entropy.ts';
import type { GoList, GoMap, GoOpaque, GoValue } from '../values.ts';

/**
 * What a parameter of a template function accepts, and what the function gets.
 *
 * `any` is Go's `interface {}`; `map` is `map[string]interface {}` and nothing else, `list` is `[]interface {}`; `opaque:` is followed by
 * the type name of an `OpaqueType`. A number written in the template fits every number type that can hold it, a computed one only its own.
 */
export interface ParamTypes {
  readonly any: GoValue;
  readonly string: string;
  readonly bool: boolean;
  readonly int: bigint;
  readonly int64: bigint;
  readonly uint32: bigint;
  readonly float64: number;
  readonly map: GoMap;
  readonly list: GoList;
}

export type ParamName = keyof ParamTypes | `opaque:${string}`;

type Argument<Name extends ParamName> = Name extends keyof ParamTypes ? ParamTypes[Name] : GoOpaque;

type Arguments<Names extends readonly ParamName[]> = { [Index in keyof Names]: Argument<Names[Index]> };

/** Everything a function may know beside its arguments. Nothing else: no environment, no files, no network, no clock of its own. */
export interface FunctionContext {
  /** The time of this render. */
  readonly now: Date;
  readonly entropy: Entropy;
  readonly limits: FieldLimits;
  /**
   * Charges work that one call does beyond a handful of steps (a loop over a text, a list). Throws `LimitError` when time is up.
   */
  spend(units: number): void;
  /**
   * First result of a key or certificate function, kept for ever. `name` and `inputs` identify it together with the place of the call;
   * `make` runs only when nothing is kept yet.
   */
  keep(name: string, inputs: readonly string[], make: () => string): string;
}

/** A function of the templates, with the parameter types Go's call rules are applied to. */
export interface GoFunction {
  readonly params: readonly ParamName[];
  /** Type of the further arguments; absent when the number of arguments is fixed. */
  readonly rest: ParamName | undefined;
  /** A result of `int`, `float` or `bool` among the arguments keeps its mark on the way through. */
  readonly keepsType: boolean;
  /** Runs on the time budget for costly functions. */
  readonly costly: boolean;
  readonly run: (context: FunctionContext, args: readonly GoValue[]) => GoValue;
}

export interface FunctionOptions {
  readonly keepsType?: boolean;
  readonly costly?: boolean;
}

/** A function with a fixed number of arguments: `fn(['string', 'int'], (context, text, count) => ...)`. */
export function fn<const Names extends readonly ParamName[]>(
  params: Names,
  run: (context: FunctionContext, ...args: Arguments<Names>) => GoValue,
  options: FunctionOptions = {},
): GoFunction {
  // `coerce` has given every argument the type its parameter names.
  const call = run as (context: FunctionContext, ...args: readonly GoValue[]) => GoValue;
  return { ...flags(options), params, rest: undefined, run: (context, args) => call(context, ...args) };
}

/** A function with further arguments: they come as a list before the fixed ones. */
export function variadic<const Names extends readonly ParamName[], Rest extends ParamName>(
  params: Names,
  rest: Rest,
  run: (context: FunctionContext, rest: readonly Argument<Rest>[], ...args: Arguments<Names>) => GoValue,
  options: FunctionOptions = {},
): GoFunction {
  const call = run as (context: FunctionContext, rest: readonly GoValue[], ...args: readonly GoValue[]) => GoValue;
  const fixed = params.length;
  return {
    ...flags(options),
    params,
    rest,
    run: (context, args) => call(context, args.slice(fixed), ...args.slice(0, fixed)),
  };
}

function flags(options: FunctionOptions): { readonly keepsType: boolean; readonly costly: boolean } {
  return { keepsType: options.keepsType ?? false, costly: options.costly ?? false };
}

/** Functions of one theme by the name templates use. */
export type FunctionTable = Readonly<Record<string, GoFunction>>;

/** Methods by type name and method name: `(semver .v).Major`. The receiver is the first argument. */
export type MethodTable = Readonly<Record<string, FunctionTable>>;
