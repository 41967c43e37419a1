import { LimitError } from '../problems.ts';
import type { GoComplex, GoList, GoMap, GoNumber, GoOpaque, GoValue } from '../values.ts';
import { plain } from '../values.ts';
import { kindOf, typeName } from './types.ts';

/** Pairs that are being compared: a map can be made to contain itself, and Go takes such a pair for equal. */
type Open = Map<GoMap, Set<GoMap>>;

type GoObject = GoList | GoMap | GoOpaque | GoNumber | GoComplex;

interface Comparison {
  readonly open: Open;
  readonly maxDepth: number;
  spend(units: number): void;
}

/**
 * `reflect.DeepEqual`: same types all the way down, nil lists and maps differ from empty ones, NaN differs from itself but not inside one
 * and the same list or map.
 */
export function deepEqual(
  left: GoValue,
  right: GoValue,
  limits: { readonly maxDepth: number; readonly spend: (units: number) => void },
): boolean {
  return equalAt(left, right, { ...limits, open: new Map() }, 0);
}

function equalAt(first: GoValue, second: GoValue, comparison: Comparison, depth: number): boolean {
  const left = plain(first);
  const right = plain(second);
  if (typeof left !== 'object' || left === null) return left === right;
  if (depth > comparison.maxDepth) throw new LimitError('the compared value is too deeply nested');
  comparison.spend(1);
  return typeName(left) === typeName(right) && sameObjects(left, right, comparison, depth);
}

/** Of one type, so the casts hold. */
function sameObjects(left: GoObject, right: GoValue, comparison: Comparison, depth: number): boolean {
  switch (left.go) {
    case 'list':
      return sameLists(left, right as GoList, comparison, depth);
    case 'map':
      return sameMaps(left, right as GoMap, comparison, depth);
    case 'opaque':
      return sameOpaque(left, right as GoOpaque);
    case 'number':
      return left.value === (right as GoNumber).value;
    default:
      return left.re === (right as GoComplex).re && left.im === (right as GoComplex).im;
  }
}

function sameLists(left: GoList, right: GoList, comparison: Comparison, depth: number): boolean {
  if (left.isNil !== right.isNil || left.items.length !== right.items.length) return false;
  if (left.items === right.items) return true;
  return left.items.every((item, index) => equalAt(item, right.items[index] ?? null, comparison, depth + 1));
}

function sameMaps(left: GoMap, right: GoMap, comparison: Comparison, depth: number): boolean {
  if (left.isNil !== right.isNil || left.entries.size !== right.entries.size) return false;
  if (left.entries === right.entries) return true;
  const against = comparison.open.get(left) ?? new Set();
  if (against.has(right)) return true;
  comparison.open.set(left, against.add(right));
  for (const [key, item] of left.entries) {
    const other = right.entries.get(key);
    if (other === undefined || !equalAt(item, other, comparison, depth + 1)) return false;
  }
  return true;
}

function sameOpaque(left: GoOpaque, right: GoOpaque): boolean {
  if (left.value === right.value) return true;
  if (left.type.equal !== undefined) return left.type.equal(left.value, right.value);
  // Pointers to equal values are equal, though `==` tells them apart.
  return kindOf(left) === 'ptr' && left.type.print(left.value) === right.type.print(right.value);
}
