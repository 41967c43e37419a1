import { compileUnit } from '../compile/unit.ts';
import type { FieldLimits } from '../limits.ts';
import { failureAt, type TemplateFailure, type TemplateProblem } from '../problems.ts';
import { runUnit } from '../runtime/run.ts';
import { workClock } from '../runtime/work-clock.ts';
import type { GoValue } from '../values.ts';
import { fromHost } from '../values/convert.ts';
import { cleanText } from '../values/text.ts';
import { FieldContext, newUsage } from './field-context.ts';
import { problemOf } from './resource.ts';

export type ScalarResult =
  | { readonly ok: true; readonly text: string; readonly value?: bigint | number | boolean }
  | { readonly ok: false; readonly problem: TemplateProblem };

export interface ScalarOptions {
  readonly now?: Date;
  readonly hubKey?: Uint8Array;
  readonly uid?: string;
  readonly limits?: FieldLimits;
}

/** One scalar with any JSON value as `.`; for recorded results and tests. Integral numbers and bigints are Go ints. */
export function renderScalar(source: string, variables: unknown, options: ScalarOptions = {}): ScalarResult {
  if (!source.includes('{{')) return { ok: true, text: cleanText(source) };
  const compiled = compileUnit(cleanText(source));
  if (!compiled.ok) return failed(compiled.failures[0]);
  const root = rootOf(variables);
  if (root instanceof Error) return failed(failureAt(root, { line: 1, column: 1 }));
  const node = {
    now: options.now ?? new Date(0),
    hubKey: options.hubKey ?? new Uint8Array(32),
    kept: new Map<string, string>(),
    usage: newUsage(),
    clock: workClock(),
    ...(options.limits === undefined ? {} : { limits: options.limits }),
  };
  const place = { hub: 'hub', uid: options.uid ?? 'uid', form: 'form', resource: 'scalar', path: '' };
  const context = new FieldContext(node, place, new Map());
  const result = runUnit(compiled.unit, { root: root.value, context, meter: context.meter });
  if (!result.ok) return failed(result.failure);
  return result.value === undefined
    ? { ok: true, text: result.text }
    : { ok: true, text: result.text, value: result.value };
}

function rootOf(variables: unknown): { readonly value: GoValue } | Error {
  try {
    return { value: fromHost(variables) };
  } catch (error) {
    return error instanceof Error ? error : new Error('unusable variables');
  }
}

function failed(failure: TemplateFailure): ScalarResult {
  return { ok: false, problem: problemOf('', '', failure) };
}
