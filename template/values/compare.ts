import { GoError } from '../problems.ts';
import { type GoKind, type GoOpaque, type GoValue, plain } from '../values.ts';
import { compareText } from './text.ts';
import { integerOf, kindOf, typeName } from './types.ts';

type BasicKind = 'bool' | 'int' | 'uint' | 'float' | 'complex' | 'string' | 'invalid';

const basicKinds: Record<GoKind, BasicKind> = {
  invalid: 'invalid',
  bool: 'bool',
  string: 'string',
  int: 'int',
  int32: 'int',
  int64: 'int',
  uint8: 'uint',
  uint32: 'uint',
  uint64: 'uint',
  float64: 'float',
  complex128: 'complex',
  slice: 'invalid',
  map: 'invalid',
  struct: 'invalid',
  ptr: 'invalid',
};

function basicKind(value: GoValue): BasicKind {
  return basicKinds[kindOf(value)];
}

function isInteger(kind: BasicKind): boolean {
  return kind === 'int' || kind === 'uint';
}

function incompatible(left: GoValue, right: GoValue): GoError {
  return new GoError(`incompatible types for comparison: ${typeName(left)} and ${typeName(right)}`);
}

/** Go's `eq` of two values. Throws where Go does: numbers of different kinds, lists, maps. */
export function equals(first: GoValue, second: GoValue): boolean {
  const left = plain(first);
  const right = plain(second);
  const leftKind = basicKind(left);
  const rightKind = basicKind(right);
  if (leftKind !== rightKind) {
    if (isInteger(leftKind) && isInteger(rightKind)) return integerOf(left) === integerOf(right);
    if (left !== null && right !== null) throw incompatible(left, right);
    return false;
  }
  if (isInteger(leftKind)) return integerOf(left) === integerOf(right);
  if (leftKind === 'complex') return sameComplex(left, right);
  return leftKind === 'invalid' ? sameReference(left, right) : left === right;
}

function sameComplex(left: GoValue, right: GoValue): boolean {
  if (typeof left !== 'object' || typeof right !== 'object' || left?.go !== 'complex' || right?.go !== 'complex')
    return false;
  return left.re === right.re && left.im === right.im;
}

/** Values without a basic kind: only nil and comparable structs and pointers have an answer. */
function sameReference(left: GoValue, right: GoValue): boolean {
  if (isNil(left) || isNil(right)) {
    if (left !== null && right !== null && kindOf(left) !== kindOf(right)) throw notComparable(left);
    return isNil(left) === isNil(right);
  }
  if (kindOf(left) !== kindOf(right)) throw notComparable(left);
  if (!isOpaqueValue(left) || !isOpaqueValue(right)) throw notComparable(right);
  if (left.type !== right.type) return false;
  return left.type.equal?.(left.value, right.value) ?? left.value === right.value;
}

function notComparable(value: GoValue): GoError {
  return new GoError(`non-comparable type ${typeName(value)}`);
}

function isOpaqueValue(value: GoValue): value is GoOpaque {
  return typeof value === 'object' && value !== null && value.go === 'opaque';
}

function isNil(value: GoValue): boolean {
  if (value === null) return true;
  return typeof value === 'object' && (value.go === 'list' || value.go === 'map') && value.isNil;
}

/** Go's `lt`. Throws for kinds that have no order and for kinds that differ. */
export function lessThan(first: GoValue, second: GoValue): boolean {
  const left = plain(first);
  const right = plain(second);
  const leftKind = basicKind(left);
  const rightKind = basicKind(right);
  if (leftKind === 'invalid' || rightKind === 'invalid') throw new GoError('invalid type for comparison');
  const leftInteger = integerOf(left);
  const rightInteger = integerOf(right);
  if (leftInteger !== undefined && rightInteger !== undefined) return leftInteger < rightInteger;
  if (leftKind !== rightKind) throw incompatible(left, right);
  if (typeof left === 'number' && typeof right === 'number') return left < right;
  if (typeof left === 'string' && typeof right === 'string') return compareText(left, right) < 0;
  throw new GoError('invalid type for comparison');
}
