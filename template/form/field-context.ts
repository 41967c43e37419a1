import type { FunctionContext } from '../functions/define.ts';
import { type FieldLimits, fieldLimits, nodeLimits } from '../limits.ts';
import { entropyOf, type RandomPlace } from '../random/entropy.ts';
import { Meter, type NodeUsage } from '../runtime/meter.ts';

/** What all fields of one node share. */
export interface NodeContext {
  readonly now: Date;
  readonly hubKey: Uint8Array;
  readonly kept: ReadonlyMap<string, string>;
  readonly usage: NodeUsage;
  /** Monotonic clock in milliseconds, for the limits. */
  readonly clock: () => number;
  readonly limits?: FieldLimits;
}

export interface FieldContext {
  readonly context: FunctionContext;
  readonly meter: Meter;
}

/** The surroundings of one field; what it makes and has to keep goes into `fresh`. */
export function fieldContext(node: NodeContext, place: RandomPlace, fresh: Map<string, string>): FieldContext {
  const limits = node.limits ?? fieldLimits;
  const meter = new Meter(limits, { limits: nodeLimits, usage: node.usage }, node.clock);
  const entropy = entropyOf(node.hubKey, place);
  let keptCalls = 0;
  const keep = (name: string, inputs: readonly string[], make: () => string): string => {
    keptCalls += 1;
    const label = `${name}.${entropy.label([name, String(keptCalls), ...inputs])}`;
    const known = node.kept.get(label) ?? fresh.get(label);
    if (known !== undefined) return known;
    const made = make();
    fresh.set(label, made);
    return made;
  };
  const context = { now: node.now, entropy, limits, spend: (units: number) => meter.spend(units), keep };
  return { context, meter };
}

export function newUsage(): NodeUsage {
  return { timeMs: 0, output: 0, iterations: 0 };
}
