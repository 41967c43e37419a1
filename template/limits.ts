/**
 * Every bound a template runs under, in one place (reliability.md, S3). A test hits each of them.
 *
 * Sizes are bytes of UTF-8, times are milliseconds of work (runtime/work-clock.ts), of wall clock for threads, everything else is a count.
 */
export interface FieldLimits {
  /** Template text of one field. */
  readonly source: number;
  /** Nodes of one parsed field; keeps a hostile form from making the compiler work for minutes. */
  readonly nodes: number;
  /** Nested blocks, parentheses, and templates that call templates. */
  readonly depth: number;
  /** Links of one `else if` or `else with` chain: they nest in the tree without being nested for a reader. */
  readonly elseChain: number;
  /** Rendering of one field, without the costly functions. */
  readonly timeMs: number;
  /** Costly functions (`genCA`, `bcrypt`, ...) of one field together. A key of 4,096 bits takes up to 3 s. */
  readonly costlyTimeMs: number;
  /** Text a field prints, and any text on the way to it. */
  readonly output: number;
  /** Rounds of all ranges of a field together. */
  readonly iterations: number;
  /** Elements a function may put into one list. */
  readonly items: number;
  /** Source of one regular expression. */
  readonly regex: number;
  /** Nesting of a printed, compared or decoded value; a map can be made to contain itself. */
  readonly valueDepth: number;
}

/** Bounds over all fields of all resources that one node renders. */
export interface NodeLimits {
  readonly timeMs: number;
  readonly output: number;
  readonly iterations: number;
}

export const fieldLimits: FieldLimits = {
  source: 1_048_576,
  nodes: 20_000,
  depth: 64,
  elseChain: 256,
  timeMs: 50,
  costlyTimeMs: 10_000,
  output: 1_048_576,
  iterations: 10_000,
  items: 100_000,
  regex: 4_096,
  valueDepth: 256,
};

export const nodeLimits: NodeLimits = {
  timeMs: 2_000,
  output: 8 * 1_048_576,
  iterations: 200_000,
};

/** Forms that call costly functions are rendered in threads of their own; a node that takes longer is stopped. */
export const offThreadLimits = { threads: 2, timeMs: 60_000 } as const;

/** Compiled forms and fields that stay in memory. */
export const cacheLimits = { forms: 256, fields: 5_000 } as const;
