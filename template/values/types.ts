import { type GoKind, type GoValue, plain } from '../values.ts';

/** The type as `%T` prints it; `<nil>` for nil. */
export function typeName(value: GoValue | undefined): string {
  const bare = plain(value);
  if (bare === null) return '<nil>';
  if (typeof bare !== 'object') return primitiveType(bare);
  if (bare.go === 'complex') return 'complex128';
  return bare.go === 'opaque' ? bare.type.name : bare.type;
}

function primitiveType(value: boolean | string | bigint | number): 'bool' | 'string' | 'int' | 'float64' {
  switch (typeof value) {
    case 'boolean':
      return 'bool';
    case 'string':
      return 'string';
    case 'bigint':
      return 'int';
    default:
      return 'float64';
  }
}

/** The kind as Go's `reflect.Kind` prints it; `invalid` for nil. */
export function kindOf(value: GoValue | undefined): GoKind {
  const bare = plain(value);
  if (bare === null) return 'invalid';
  if (typeof bare !== 'object') return primitiveType(bare);
  switch (bare.go) {
    case 'number':
      return bare.type;
    case 'complex':
      return 'complex128';
    case 'list':
      return 'slice';
    case 'map':
      return 'map';
    default:
      return bare.type.kind;
  }
}

/** The integer in a value of an integer kind, undefined for any other. */
export function integerOf(value: GoValue | undefined): bigint | undefined {
  const bare = plain(value);
  if (typeof bare === 'bigint') return bare;
  if (typeof bare !== 'object' || bare === null) return undefined;
  if (bare.go === 'number') return bare.value;
  return bare.go === 'opaque' ? bare.type.integer?.(bare.value) : undefined;
}

/** Type of the elements of a list or map, from its type name: `[]int` gives `int`. */
export function elementType(type: string): string {
  return type.startsWith('[]') ? type.slice(2) : type.slice(type.indexOf(']') + 1);
}
