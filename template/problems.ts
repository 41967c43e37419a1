/**
 * What can be wrong with a template.
 *
 * `parse`: the text is not a template. `exec`: it is one, and running it fails as it would in Go. `limit`: it was stopped by a bound of
 * `limits.ts`. Messages name fields, variables and functions; they never contain the value of a variable, as rows are private.
 */
export type ProblemClass = 'parse' | 'exec' | 'limit';

/** One problem of one field. `line` and `column` count from 1 inside the scalar; `path` is the place inside the resource. */
export interface TemplateProblem {
  readonly resourceId: string;
  readonly path: string;
  readonly line: number;
  readonly column: number;
  readonly class: ProblemClass;
  readonly message: string;
  /** The variable, function or template that is meant. */
  readonly culprit?: string;
  /** A name that exists and is close to the culprit. */
  readonly suggestion?: string;
}

/** A place in a template, both counted from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Thrown by functions of templates for errors Go has too. The message must not contain argument values. */
export class GoError extends Error {
  override readonly name = 'GoError';
}

/** Thrown where a bound of `limits.ts` is crossed. */
export class LimitError extends Error {
  override readonly name = 'LimitError';
}

/** A problem with its place; the only error that leaves the compiler and the runtime of one field. */
export class TemplateFailure extends Error {
  override readonly name = 'TemplateFailure';
  readonly class: ProblemClass;
  readonly position: Position;
  readonly culprit: string | undefined;

  constructor(problemClass: ProblemClass, message: string, position: Position, culprit?: string) {
    super(message);
    this.class = problemClass;
    this.position = position;
    this.culprit = culprit;
  }

  /** `culprit` is called as a function and is none; the rest of the text may be fine. */
  get unknownFunction(): boolean {
    return this.class === 'parse' && this.message === `function ${JSON.stringify(this.culprit)} not defined`;
  }
}

/**
 * Any error as a failure at a place. An error we did not foresee keeps its text out of the message: it may quote a value.
 */
export function failureAt(error: unknown, position: Position, culprit?: string): TemplateFailure {
  if (error instanceof TemplateFailure) return error;
  const prefix = culprit === undefined ? '' : `${culprit}: `;
  if (error instanceof LimitError) return new TemplateFailure('limit', prefix + error.message, position, culprit);
  if (error instanceof GoError) return new TemplateFailure('exec', prefix + error.message, position, culprit);
  if (error instanceof RangeError) {
    return new TemplateFailure('limit', `${prefix}too deeply nested or too large`, position, culprit);
  }
  return new TemplateFailure('exec', `${prefix}failed unexpectedly`, position, culprit);
}
