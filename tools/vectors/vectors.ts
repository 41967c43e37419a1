import { z } from 'zod';
import { renderScalar, type ScalarOptions } from '../../template/index.ts';

/** One recorded result of Go; the format is that of `test/golden/go-templates.json`. */
const Vector = z.object({
  template: z.string(),
  vars: z.string(),
  text: z.string().optional(),
  value: z.union([z.number(), z.bigint(), z.boolean()]).optional(),
  error: z.enum(['parse', 'exec']).optional(),
  goMessage: z.string().optional(),
  group: z.string().optional(),
});
export type Vector = z.infer<typeof Vector>;

const VectorFile = z.object({ vars: z.record(z.string(), z.unknown()), vectors: z.array(Vector) });
export type VectorFile = z.infer<typeof VectorFile>;

/** What differs, in words; undefined when ours equals Go's. `missing` is the function the template wants and we do not have. */
export interface Outcome {
  readonly vector: Vector;
  readonly difference: string | undefined;
  readonly missing: string | undefined;
}

const WIDE_INTEGER = /"(?:\\.|[^"\\])*"|-?\d{16,}(?![\d.eE])/g;
const MARK = '$wide';

/** Reads a vector file. Integers too wide for a number become bigint. */
export function parseVectors(text: string): VectorFile {
  const marked = text.replace(WIDE_INTEGER, (token) => (token.startsWith('"') ? token : `{"${MARK}":"${token}"}`));
  const revived: unknown = JSON.parse(marked, (_key, value: unknown) => {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, MARK)) return value;
    return BigInt((value as Record<string, string>)[MARK] ?? '');
  });
  return VectorFile.parse(revived);
}

/** Renders the template of a vector and compares text, typed value and class of error. */
export function runVector(vector: Vector, vars: VectorFile['vars'], options: ScalarOptions = {}): Outcome {
  const result = renderScalar(vector.template, vars[vector.vars] ?? {}, options);
  if (result.ok) return { vector, missing: undefined, difference: differenceOf(vector, result) };
  const { problem } = result;
  const missing = /^function "(.*)" not defined$/.exec(problem.message)?.[1];
  // Being stopped by a limit ends the execution: for Go it is an error of executing.
  const ours = problem.class === 'parse' ? 'parse' : 'exec';
  if (vector.error === ours) return { vector, missing: undefined, difference: undefined };
  const wanted = vector.error === undefined ? show(vector) : `${vector.error} error (${vector.goMessage ?? ''})`;
  return { vector, missing, difference: `wanted ${wanted}, got ${problem.class} error: ${problem.message}` };
}

type Rendered = Extract<ReturnType<typeof renderScalar>, { ok: true }>;

function differenceOf(vector: Vector, result: Rendered): string | undefined {
  if (vector.error !== undefined)
    return `wanted ${vector.error} error (${vector.goMessage ?? ''}), got ${show(result)}`;
  const same = vector.text === result.text && sameValue(vector.value, result.value);
  return same ? undefined : `wanted ${show(vector)}, got ${show(result)}`;
}

function sameValue(wanted: Vector['value'], got: Rendered['value']): boolean {
  if (typeof wanted === 'boolean' || typeof got === 'boolean' || wanted === undefined || got === undefined)
    return wanted === got;
  if (typeof got === 'bigint') return Number.isInteger(Number(wanted)) && BigInt(wanted) === got;
  return Number(wanted) === got;
}

function show(result: {
  readonly text?: string | undefined;
  readonly value?: bigint | number | boolean | undefined;
}): string {
  const value = result.value === undefined ? '' : ` as ${typeof result.value} ${String(result.value)}`;
  return JSON.stringify(result.text) + value;
}
