import type { ParamName, ParamTypes } from '../functions/define.ts';
import type { NumberConstant } from '../language/constants.ts';
import { isSpelledAsFloat } from '../language/constants.ts';
import { GoError } from '../problems.ts';
import { type GoValue, isList, isMap, isOpaque, nilList, nilMap, plain, ANY_LIST, ANY_MAP } from '../values.ts';
import { typeName } from '../values/types.ts';

/** A number as written, in the place of an argument. */
export interface LiteralNumber {
  readonly go: 'literal';
  readonly constant: NumberConstant;
}

/**
 * What reaches a helper as an argument. `undefined` is a nil that Go knows as an `interface {}` (a field, a list element): other than the
 * result of a pipeline, it is not accepted where a map or list is wanted.
 */
export type Argument = GoValue | LiteralNumber | undefined;

export function isLiteral(value: Argument): value is LiteralNumber {
  return typeof value === 'object' && value !== null && value.go === 'literal';
}

/** The value of a number nobody asks a type of: its spelling decides. */
export function idealValue(constant: NumberConstant): GoValue {
  if (constant.complex !== undefined) return { go: 'complex', re: constant.complex.re, im: constant.complex.im };
  if (constant.float !== undefined && isSpelledAsFloat(constant.text)) return constant.float;
  if (constant.int !== undefined) return constant.int;
  throw new GoError(`${constant.text} overflows int`);
}

const goNames: Readonly<Record<string, string>> = { any: 'interface {}', map: ANY_MAP, list: ANY_LIST };

function goName(type: ParamName): string {
  return goNames[type] ?? type.replace(/^opaque:/, '');
}

function wrongType(type: ParamName, value: Argument): GoError {
  if (value === undefined) return new GoError(`wrong type for value; expected ${goName(type)}; got interface {}`);
  if (isLiteral(value)) return new GoError(`expected ${goName(type)}; found a number`);
  if (value === null) return new GoError(`invalid value; expected ${goName(type)}`);
  return new GoError(`wrong type for value; expected ${goName(type)}; got ${typeName(value)}`);
}

/** An argument as its parameter wants it, by Go's rules for calls; throws `GoError` where Go refuses. */
export function coerce(argument: Argument, type: ParamName, keepsType: boolean): GoValue {
  if (type === 'any') return coerceAny(argument, keepsType);
  if (isLiteral(argument)) return coerceLiteral(argument, type);
  const value = argument === undefined ? undefined : plain(argument);
  const accepted = accept(value, type);
  if (accepted === undefined) throw wrongType(type, argument);
  return accepted;
}

function coerceAny(argument: Argument, keepsType: boolean): GoValue {
  if (isLiteral(argument)) return idealValue(argument.constant);
  return keepsType ? (argument ?? null) : plain(argument);
}

function coerceLiteral(argument: LiteralNumber, type: ParamName): GoValue {
  const { constant } = argument;
  const value =
    type === 'float64'
      ? constant.float
      : type === 'int' || type === 'int64'
        ? constant.int
        : type === 'uint32'
          ? constant.uint
          : undefined;
  if (value === undefined) throw wrongType(type, argument);
  return type === 'uint32' ? BigInt.asUintN(32, BigInt(value)) : value;
}

type Acceptor = (value: GoValue | undefined) => GoValue | undefined;

const acceptors: Readonly<Record<Exclude<keyof ParamTypes, 'any'>, Acceptor>> = {
  string: (value) => (typeof value === 'string' ? value : undefined),
  float64: (value) => (typeof value === 'number' ? value : undefined),
  bool: (value) => (typeof value === 'boolean' ? value : undefined),
  int: (value) => (typeof value === 'bigint' ? value : undefined),
  int64: (value) => sized(value, 'int64'),
  uint32: (value) => sized(value, 'uint32'),
  map: (value) => (value === null ? nilMap() : isMap(value) && value.type === ANY_MAP ? value : undefined),
  list: (value) => (value === null ? nilList() : isList(value) && value.type === ANY_LIST ? value : undefined),
};

function sized(value: GoValue | undefined, type: 'int64' | 'uint32'): GoValue | undefined {
  return typeof value === 'object' && value?.go === 'number' && value.type === type ? value.value : undefined;
}

/** The value when its type is exactly the wanted one; undefined otherwise. */
function accept(value: GoValue | undefined, type: Exclude<ParamName, 'any'>): GoValue | undefined {
  if (isOpaqueName(type)) return isOpaque(value, type.slice('opaque:'.length)) ? value : undefined;
  return acceptors[type](value);
}

function isOpaqueName(type: ParamName): type is `opaque:${string}` {
  return type.startsWith('opaque:');
}
