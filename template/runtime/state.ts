import type { Unit } from '../compile/unit.ts';
import type { FunctionContext } from '../functions/define.ts';
import type { GoValue, TypedScalar } from '../values.ts';
import type { Meter } from './meter.ts';

/** A variable slot nothing was written to yet. */
export const UNSET: unique symbol = Symbol('unset');

export type Slot = GoValue | undefined | typeof UNSET;

/** The variables of one template before anything is written to them. */
export function unsetSlots(count: number): Slot[] {
  return count === 0 ? [] : Array.from<Slot>({ length: count }).fill(UNSET);
}

/** One `and` or `or` that is being evaluated. */
export interface LazyFrame {
  readonly skipBefore: boolean;
  result: GoValue | undefined;
  decided: boolean;
}

/** Everything one render of one field changes. Handlebars passes it as the context, so helpers have it as `this`. */
export interface RenderState {
  dot: GoValue | undefined;
  root: GoValue | undefined;
  slots: Slot[];
  readonly unit: Unit;
  readonly context: FunctionContext;
  readonly meter: Meter;
  /** The answer of an enclosing `and` or `or` is known: helpers do nothing. */
  skip: boolean;
  readonly lazy: LazyFrame[];
  /** A `break` or `continue` on its way to its range. */
  jump: 'break' | 'continue' | undefined;
  /** Depth of templates that call templates. */
  depth: number;
  /** Texts that were printed and not empty. */
  prints: number;
  /** The last printed value, when `int`, `float` or `bool` made it. */
  typed: TypedScalar | undefined;
}
