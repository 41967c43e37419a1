import type { Unit } from '../compile/unit.ts';
import type { FunctionContext } from '../functions/define.ts';
import { type FieldLimits, fieldLimits, nodeLimits } from '../limits.ts';
import type { TemplateFailure } from '../problems.ts';
import type { Entropy } from '../random/entropy.ts';
import { Meter } from '../runtime/meter.ts';
import { runUnit } from '../runtime/run.ts';
import { workClock } from '../runtime/work-clock.ts';
import { newUsage } from './field-context.ts';

/** Time the calls of one form may take together; what is left over is not judged. */
export interface Budget {
  ms: number;
}

export function newBudget(): Budget {
  return { ms: nodeLimits.timeMs };
}

/** Calls of a scalar that every row makes with the same arguments and that fail: each is run once, under the limits of a field. */
export function constantFailures(unit: Unit, budget: Budget): readonly TemplateFailure[] {
  return unit.constantCalls.flatMap((run) => {
    if (budget.ms <= 0) return [];
    const clock = workClock();
    const context = new ConstantContext(clock);
    const main = { run, slots: 0 };
    const result = runUnit({ ...unit, main }, { root: null, context, meter: context.meter });
    const took = clock();
    budget.ms -= took;
    // How long something takes differs from machine to machine: it is for the render to say so.
    return result.ok || context.isUnsure || took > fieldLimits.timeMs ? [] : [result.failure];
  });
}

/** A call that looks at anything but its arguments may come to something else for a row. */
class ConstantContext implements FunctionContext {
  readonly limits: FieldLimits = fieldLimits;
  readonly meter: Meter;
  isUnsure = false;

  constructor(clock: () => number) {
    this.meter = new Meter(this.limits, { limits: nodeLimits, usage: newUsage() }, clock);
  }

  get now(): Date {
    return this.#unsure();
  }

  get entropy(): Entropy {
    return this.#unsure();
  }

  spend(units: number): void {
    this.meter.spend(units);
  }

  keep(): string {
    return this.#unsure();
  }

  #unsure(): never {
    this.isUnsure = true;
    throw new Error('not known before there is a row');
  }
}
