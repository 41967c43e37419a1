import type { FunctionContext } from '../functions/define.ts';
import { type FieldLimits, fieldLimits, nodeLimits } from '../limits.ts';
import { type Entropy, entropyOf, type RandomPlace } from '../random/entropy.ts';
import { Meter, type NodeUsage } from '../runtime/meter.ts';

/** What all fields of one node share. */
export interface NodeContext {
  readonly now: Date;
  readonly hubKey: Uint8Array;
  readonly kept: ReadonlyMap<string, string>;
  readonly usage: NodeUsage;
  /** Clock of work in milliseconds, for the limits (runtime/work-clock.ts). */
  readonly clock: () => number;
  readonly limits?: FieldLimits;
}

/** The surroundings of one field; what it makes and has to keep goes into `fresh`. */
export class FieldContext implements FunctionContext {
  readonly now: Date;
  readonly limits: FieldLimits;
  readonly meter: Meter;
  readonly #kept: ReadonlyMap<string, string>;
  readonly #fresh: Map<string, string>;
  readonly #place: RandomPlace;
  readonly #hubKey: Uint8Array;
  #entropy: Entropy | undefined;
  #keptCalls = 0;

  constructor(node: NodeContext, place: RandomPlace, fresh: Map<string, string>) {
    this.now = node.now;
    this.limits = node.limits ?? fieldLimits;
    this.meter = new Meter(this.limits, { limits: nodeLimits, usage: node.usage }, node.clock);
    this.#place = place;
    this.#hubKey = node.hubKey;
    this.#kept = node.kept;
    this.#fresh = fresh;
  }

  get entropy(): Entropy {
    this.#entropy ??= entropyOf(this.#hubKey, this.#place);
    return this.#entropy;
  }

  /** Nothing of what was printed depends on the place of the field: no randomness, nothing kept. */
  get isPlaceless(): boolean {
    return this.#entropy === undefined;
  }

  spend(units: number): void {
    this.meter.spend(units);
  }

  keep(name: string, inputs: readonly string[], make: () => string): string {
    this.#keptCalls += 1;
    const label = `${name}.${this.entropy.label([name, String(this.#keptCalls), ...inputs])}`;
    const known = this.#kept.get(label) ?? this.#fresh.get(label);
    if (known !== undefined) return known;
    const made = make();
    this.#fresh.set(label, made);
    return made;
  }
}

export function newUsage(): NodeUsage {
  return { timeMs: 0, output: 0, iterations: 0, exhausted: false };
}
