import type { FieldLimits, NodeLimits } from '../limits.ts';
import { LimitError } from '../problems.ts';

/** What the fields of one node have used together. */
export interface NodeUsage {
  timeMs: number;
  output: number;
  iterations: number;
  /** A limit of the node was crossed: nothing more is rendered for it. */
  exhausted: boolean;
}

/** Steps between two looks at the clock. A field with fewer steps cannot run out of time, however busy the machine is. */
const STEPS_PER_LOOK = 256;

/** Counts what one field does and stops it at its limits, or at those of its node. Times are of the clock it is given. */
export class Meter {
  readonly #limits: FieldLimits;
  readonly #nodeLimits: NodeLimits;
  readonly #node: NodeUsage;
  readonly #clock: () => number;
  readonly #started: number;
  #steps = 0;
  #iterations = 0;
  #costlyMs = 0;

  constructor(
    limits: FieldLimits,
    node: { readonly limits: NodeLimits; readonly usage: NodeUsage },
    clock: () => number,
  ) {
    this.#limits = limits;
    this.#nodeLimits = node.limits;
    this.#node = node.usage;
    this.#clock = clock;
    this.#started = clock();
  }

  /** One or more units of work. */
  spend(units: number): void {
    this.#steps += units;
    if (this.#steps < STEPS_PER_LOOK) return;
    this.#steps = 0;
    const used = this.#clock() - this.#started - this.#costlyMs;
    if (used > this.#limits.timeMs) throw new LimitError(`took longer than ${this.#limits.timeMs} ms`);
    if (this.#node.timeMs + used > this.#nodeLimits.timeMs) {
      throw this.#exhausted(`took longer than ${this.#nodeLimits.timeMs} ms`);
    }
  }

  /** One round of a range. */
  iterate(): void {
    this.#iterations += 1;
    this.#node.iterations += 1;
    if (this.#iterations > this.#limits.iterations) {
      throw new LimitError(`more than ${this.#limits.iterations} iterations`);
    }
    if (this.#node.iterations > this.#nodeLimits.iterations) {
      throw this.#exhausted(`need more than ${this.#nodeLimits.iterations} iterations`);
    }
    this.spend(1);
  }

  /** Length of a text, in bytes or UTF-16 units; the caller has counted what it can cheaply. */
  checkOutput(length: number): void {
    if (length > this.#limits.output) throw new LimitError(`the text is longer than ${this.#limits.output} bytes`);
  }

  /** Runs a costly function on its own budget. */
  costly<Result>(run: () => Result): Result {
    const before = this.#clock();
    const result = run();
    this.#costlyMs += this.#clock() - before;
    if (this.#costlyMs > this.#limits.costlyTimeMs) {
      throw new LimitError(`costly functions took longer than ${this.#limits.costlyTimeMs} ms`);
    }
    return result;
  }

  /** The field is done: what it used counts for the node. */
  finish(outputBytes: number): void {
    this.#node.timeMs += this.#clock() - this.#started - this.#costlyMs;
    this.#node.output += outputBytes;
    if (this.#node.output > this.#nodeLimits.output) {
      throw this.#exhausted(`print more than ${this.#nodeLimits.output} bytes`);
    }
  }

  #exhausted(message: string): LimitError {
    this.#node.exhausted = true;
    return new LimitError(`the resources of the node ${message}`);
  }
}
