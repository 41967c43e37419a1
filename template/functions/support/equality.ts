import type { GoNumber, GoValue } from '../../values.ts';
import { deepEqual } from '../../values/deep-equal.ts';
import type { FunctionContext } from '../define.ts';

interface Bounds {
  readonly maxDepth: number;
  readonly spend: (units: number) => void;
}

/** The bounds a comparison of this call runs under. */
export function equality(context: FunctionContext): Bounds {
  return { maxDepth: context.limits.valueDepth, spend: (units) => context.spend(units) };
}

/** A set in which two values are one when `reflect.DeepEqual` says so. Looking up a scalar does not depend on the size. */
export interface ValueSet {
  has(value: GoValue): boolean;
  add(value: GoValue): void;
}

export function valueSet(context: FunctionContext, values: readonly GoValue[] = []): ValueSet {
  const bounds = equality(context);
  const plains = new Set<GoValue>();
  const sized = new Set<string>();
  const others: GoValue[] = [];
  const add = (value: GoValue): void => {
    if (isComposite(value)) others.push(value);
    else if (isSized(value)) sized.add(sizedKey(value));
    // NaN equals nothing.
    else if (!Number.isNaN(value)) plains.add(value);
  };
  const has = (value: GoValue): boolean => {
    context.spend(1);
    if (isComposite(value)) return others.some((other) => deepEqual(value, other, bounds));
    return isSized(value) ? sized.has(sizedKey(value)) : plains.has(value);
  };
  values.forEach(add);
  return { has, add };
}

function isComposite(value: GoValue): boolean {
  return typeof value === 'object' && value !== null && value.go !== 'number';
}

function isSized(value: GoValue): value is GoNumber {
  return typeof value === 'object' && value !== null && value.go === 'number';
}

function sizedKey(value: GoNumber): string {
  return `${value.type} ${value.value}`;
}
