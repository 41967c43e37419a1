/**
 * The values of a template, with Go's types.
 *
 * | Go | here |
 * |---|---|
 * | `nil` | `null` |
 * | `bool`, `string` | `boolean`, `string` (bytes: see `values/text.ts`) |
 * | `int` | `bigint`, always inside int64 |
 * | `float64` | `number` |
 * | every other number | `GoNumber` with the name of its type |
 * | slice | `GoList` with the type name of the slice |
 * | map with string keys | `GoMap` with the type name of the map |
 * | `time.Time`, `*semver.Version`, ... | `GoOpaque` |
 *
 * A result of `int`, `float` and `bool` is a `TypedScalar`: the same value, and a field that prints nothing else becomes typed. Functions
 * see the plain value; only those marked `keepsType` pass the mark on (decisions.md, section 2).
 */
export type GoValue =
  | null
  | boolean
  | string
  | bigint
  | number
  | GoNumber
  | GoComplex
  | TypedScalar
  | GoList
  | GoMap
  | GoOpaque;

export type SizedType = 'int64' | 'int32' | 'uint8' | 'uint32' | 'uint64';

export interface GoNumber {
  readonly go: 'number';
  readonly type: SizedType;
  readonly value: bigint;
}

export interface GoComplex {
  readonly go: 'complex';
  readonly re: number;
  readonly im: number;
}

export interface TypedScalar {
  readonly go: 'typed';
  readonly value: bigint | number | boolean;
}

/** Lists are never changed in place, so they may be shared. */
export interface GoList {
  readonly go: 'list';
  readonly type: string;
  readonly items: readonly GoValue[];
  /** A nil slice: empty, and `null` in JSON. */
  readonly isNil: boolean;
}

/** `set` and `unset` change maps in place. The entries are a `Map`, so that no key can reach a prototype. */
export interface GoMap {
  readonly go: 'map';
  readonly type: string;
  readonly entries: Map<string, GoValue>;
  readonly isNil: boolean;
}

export interface GoOpaque {
  readonly go: 'opaque';
  readonly type: OpaqueType;
  readonly value: unknown;
}

export type GoKind =
  | 'invalid'
  | 'bool'
  | 'string'
  | 'int'
  | 'float64'
  | SizedType
  | 'complex128'
  | 'slice'
  | 'map'
  | 'struct'
  | 'ptr';

/** What the language has to know about an opaque type; `value` is the `value` of the `GoOpaque`. Methods are in the function registry. */
export interface OpaqueType {
  /** As `%T` prints it: `time.Time`, `*semver.Version`. */
  readonly name: string;
  readonly kind: GoKind;
  /** As `%v` prints it. */
  readonly print: (value: unknown) => string;
  /** For kinds that are numbers (`time.Duration`, `time.Month`). */
  readonly integer?: (value: unknown) => bigint;
  /** `==`; absent where Go compares identity. */
  readonly equal?: (left: unknown, right: unknown) => boolean;
  /** Exported fields of a struct. */
  readonly field?: (value: unknown, name: string) => GoValue | undefined;
  /** What `encoding/json` writes, as a value; absent where it is an empty object. */
  readonly json?: (value: unknown) => GoValue;
}

export const ANY_LIST = '[]interface {}';
export const ANY_MAP = 'map[string]interface {}';

export function goList(items: readonly GoValue[], type = ANY_LIST): GoList {
  return { go: 'list', type, items, isNil: false };
}

export function nilList(type = ANY_LIST): GoList {
  return { go: 'list', type, items: [], isNil: true };
}

export function goMap(entries: Iterable<readonly [string, GoValue]> = [], type = ANY_MAP): GoMap {
  return { go: 'map', type, entries: new Map(entries), isNil: false };
}

export function nilMap(type = ANY_MAP): GoMap {
  return { go: 'map', type, entries: new Map(), isNil: true };
}

/** A number of another type than `int`; wraps like Go's conversion. */
export function goNumber(type: SizedType, value: bigint): GoNumber {
  return { go: 'number', type, value: wrap[type](value) };
}

export function int64(value: bigint): GoNumber {
  return { go: 'number', type: 'int64', value: BigInt.asIntN(64, value) };
}

const wrap: Record<SizedType, (value: bigint) => bigint> = {
  int64: (value) => BigInt.asIntN(64, value),
  int32: (value) => BigInt.asIntN(32, value),
  uint8: (value) => BigInt.asUintN(8, value),
  uint32: (value) => BigInt.asUintN(32, value),
  uint64: (value) => BigInt.asUintN(64, value),
};

export function typed(value: bigint | number | boolean): TypedScalar {
  return { go: 'typed', value };
}

export function opaque(type: OpaqueType, value: unknown): GoOpaque {
  return { go: 'opaque', type, value };
}

/** The value without the mark of `int`, `float` and `bool`; nil for a missing one. */
export function plain(value: GoValue | undefined): Exclude<GoValue, TypedScalar> {
  if (value === undefined) return null;
  return typeof value === 'object' && value !== null && value.go === 'typed' ? value.value : value;
}

export function isList(value: GoValue | undefined): value is GoList {
  return typeof value === 'object' && value !== null && value.go === 'list';
}

export function isMap(value: GoValue | undefined): value is GoMap {
  return typeof value === 'object' && value !== null && value.go === 'map';
}

export function isOpaque(value: GoValue | undefined, typeName?: string): value is GoOpaque {
  if (typeof value !== 'object' || value === null || value.go !== 'opaque') return false;
  return typeName === undefined || value.type.name === typeName;
}
