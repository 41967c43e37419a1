import type { Unit } from '../compile/unit.ts';
import type { FunctionContext } from '../functions/define.ts';
import { printValue } from '../fmt/printf.ts';
import { failureAt, type TemplateFailure } from '../problems.ts';
import type { GoValue } from '../values.ts';
import { byteLength, toHostText } from '../values/text.ts';
import type { Meter } from './meter.ts';
import { type RenderState, unsetSlots } from './state.ts';

/** What a field printed; `value` is there when it prints one result of `int`, `float` or `bool` and nothing else. */
export type RunResult =
  | { readonly ok: true; readonly text: string; readonly value?: bigint | number | boolean }
  | { readonly ok: false; readonly failure: TemplateFailure };

export interface RunInput {
  readonly root: GoValue;
  readonly context: FunctionContext;
  readonly meter: Meter;
}

/** Runs a compiled scalar once. Never throws. */
export function runUnit(unit: Unit, input: RunInput): RunResult {
  const state = newState(unit, input);
  try {
    const printed = unit.main.run(state);
    const text = toHostText(printed);
    const length = byteLength(text);
    input.meter.checkOutput(length);
    input.meter.finish(length);
    const value = typedValue(state, text);
    return value === undefined ? { ok: true, text } : { ok: true, text, value };
  } catch (error) {
    return { ok: false, failure: failureAt(error, { line: 1, column: 1 }) };
  }
}

/** The mark travels beside the text: it counts when the field printed that one value, and no text around it. */
function typedValue(state: RenderState, text: string): bigint | number | boolean | undefined {
  if (state.prints !== 1 || state.typed === undefined) return undefined;
  return printValue(state.typed, text.length + 1) === text ? state.typed.value : undefined;
}

function newState(unit: Unit, input: RunInput): RenderState {
  return {
    dot: input.root,
    root: input.root,
    slots: unsetSlots(unit.main.slots),
    unit,
    context: input.context,
    meter: input.meter,
    skip: false,
    lazy: [],
    jump: undefined,
    depth: 0,
    prints: 0,
    typed: undefined,
  };
}
