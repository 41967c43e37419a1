import type { GoFunction } from '../functions/define.ts';
import type { IdentifierNode } from '../language/nodes.ts';
import { positionOf } from '../language/position.ts';
import type { Position } from '../problems.ts';
import type { Argument } from '../runtime/coerce.ts';
import type { Statement } from './ast.ts';
import type { Static } from './statics.ts';

/** A function as a place in a template calls it. */
export interface CalledFunction {
  readonly name: string;
  readonly fn: GoFunction;
  /** The last argument comes from the pipeline: a missing value there is plain nil. */
  readonly piped: boolean;
}

/** A field of the root that the scalar reads: what the hub has to declare. */
export interface RootField {
  readonly name: string;
  readonly position: Position;
  /** Inside a branch or a lazy argument: it may never be read. */
  readonly conditional: boolean;
  /** Read through a variable or another dot that is the row; a template that changes its row may have made the field. */
  readonly indirect: boolean;
}

/** A place that fails whenever it is reached, whatever the row holds. */
export interface DoomedPlace {
  /** The function, field or template it is about. */
  readonly name: string | undefined;
  readonly message: string;
  readonly position: Position;
  /** Holds because the fields of a row are texts; a template that changes its row may have made it otherwise. */
  readonly ofRow: boolean;
  /** Inside a branch, a lazy argument or a template of its own: it may never be reached. */
  readonly conditional: boolean;
}

/** A call, or a range over nothing but constants, that is the same for every row: whether it fails is found by running it once. */
export interface ConstantCall {
  readonly at: number;
  readonly statement: Statement;
}

/** Everything of one scalar that is not its Handlebars programs. Shared by all its templates; filled while emitting. */
export interface Emission {
  readonly source: string;
  readonly constants: Argument[];
  readonly called: CalledFunction[];
  readonly rootFields: RootField[];
  readonly doomed: DoomedPlace[];
  readonly constantCalls: ConstantCall[];
  /** Fields of the root that `get` or `index` ask for by name: an undeclared one gives nothing there. */
  readonly lookups: RootField[];
  /** Calls whose answer is asked for being there: `if get . "x"`, `get . "x" | default "y"`. */
  readonly tested: Set<IdentifierNode>;
  /** Names of such calls, and those given to `hasKey`. */
  readonly asked: Set<string>;
  /** Names asked for with `hasKey`, `get` or `index` on the root: reading them is guarded. */
  readonly guarded: Set<string>;
  /** A dot or `$` is used as a whole: functions may get hold of the row and change it. */
  exposesRow: boolean;
  /** Variables that are given another value somewhere. */
  readonly assigned: ReadonlySet<string>;
  readonly functionOf: (name: string) => GoFunction | undefined;
  readonly isDefined: (template: string) => boolean;
}

/** Emission of one template: its variables are slots of one frame. */
export interface Frame {
  readonly emission: Emission;
  /** Variables in sight, innermost last. */
  readonly scope: { readonly name: string; readonly slot: number; readonly value: Static | undefined }[];
  slots: number;
  /** `$` is the row; in `define` and `block` it is whatever the caller passes. */
  readonly rootIsRow: boolean;
  /** What the dot is, as far as that is known. */
  dot: Static | undefined;
  /** The dot is the one the template began with. */
  dotIsRoot: boolean;
  conditional: boolean;
}

export function newFrame(emission: Emission, rootIsRow: boolean): Frame {
  const dot = rootIsRow ? ({ is: 'row' } as const) : undefined;
  return { emission, scope: [], slots: 0, rootIsRow, dot, dotIsRoot: true, conditional: false };
}

export function place(frame: Frame, at: number): Position {
  return positionOf(frame.emission.source, at);
}

/** A new variable; it hides others of its name until the scope ends. */
export function declareVariable(frame: Frame, name: string, value?: Static): number {
  const slot = frame.slots;
  frame.slots += 1;
  frame.scope.push({ name, slot, value });
  return slot;
}

export function slotOf(frame: Frame, name: string): number | undefined {
  return frame.scope.findLast((variable) => variable.name === name)?.slot;
}

export interface Surroundings {
  /** Another dot, of which this is known. */
  readonly dot?: { readonly value: Static | undefined };
  readonly conditional?: boolean;
}

/** Emits a part with its own scope; variables and surroundings are back to what they were afterwards. */
export function scoped<Result>(frame: Frame, surroundings: Surroundings, emit: () => Result): Result {
  const { dot, dotIsRoot, conditional } = frame;
  const outside = frame.scope.length;
  if (surroundings.dot !== undefined) {
    frame.dot = surroundings.dot.value;
    frame.dotIsRoot = false;
  }
  frame.conditional = conditional || (surroundings.conditional ?? false);
  const result = emit();
  frame.dot = dot;
  frame.dotIsRoot = dotIsRoot;
  frame.conditional = conditional;
  frame.scope.length = outside;
  return result;
}

/** Index of a constant in the table of the scalar. */
export function constantIndex(frame: Frame, value: Argument): number {
  return frame.emission.constants.push(value) - 1;
}

/** Index of a function in the table of the scalar. */
export function calledIndex(frame: Frame, name: string, fn: GoFunction, piped: boolean): number {
  const { called } = frame.emission;
  const known = called.findIndex((entry) => entry.name === name && entry.piped === piped);
  return known >= 0 ? known : called.push({ name, fn, piped }) - 1;
}

export function noteRootField(frame: Frame, name: string, at: number, indirect: boolean): void {
  frame.emission.rootFields.push({ name, position: place(frame, at), conditional: frame.conditional, indirect });
}

/** A call that is the same for every row, unless not every row may get to it. What was noted of its arguments since `from` is part of it. */
export function noteConstantCall(frame: Frame, call: ConstantCall, from: number): void {
  if (frame.conditional || !frame.rootIsRow) return;
  frame.emission.constantCalls.length = from;
  frame.emission.constantCalls.push(call);
}

export function noteDoomed(
  frame: Frame,
  at: number,
  {
    name,
    message,
    ofRow = false,
  }: { readonly name: string | undefined; readonly message: string; readonly ofRow?: boolean },
): void {
  const conditional = frame.conditional || !frame.rootIsRow;
  frame.emission.doomed.push({ name, message, position: place(frame, at), ofRow, conditional });
}
