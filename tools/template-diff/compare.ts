import { fieldLimits, renderScalar, type ScalarOptions } from '../../template/index.ts';
import { runVector, type Vector, type VectorFile } from '../vectors/vectors.ts';
import { type Answer, askGo, type Case } from './reference.ts';

/** A case with Go's result, and what differs in ours. */
export interface Difference {
  readonly vector: Vector;
  readonly difference: string;
}

/** What came of a batch. `died` are cases Go did not survive; they say nothing about us. */
export interface Comparison {
  readonly passed: number;
  readonly differences: readonly Difference[];
  readonly died: readonly Case[];
}

/** A result of Go as it is recorded in vector files. */
export function vectorOf(asked: Case, answer: Answer): Vector {
  const { text, error, goMessage, valueText } = answer;
  return {
    ...asked,
    ...(text === undefined ? {} : { text }),
    ...(valueText === undefined ? {} : { value: valueOf(valueText) }),
    ...(error === undefined ? {} : { error }),
    ...(goMessage === undefined ? {} : { goMessage }),
  };
}

function valueOf(text: string): bigint | number | boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  return /^-?\d+$/.test(text) ? BigInt(text) : Number(text);
}

/** What is compared is results: a busy machine must not make a difference. */
const patient: ScalarOptions = { limits: { ...fieldLimits, timeMs: 5_000 } };

/** What differs between Go's answer and ours, undefined when nothing does. */
export function differenceFrom(asked: Case, answer: Answer, vars: VectorFile['vars']): string | undefined {
  const { difference } = runVector(vectorOf(asked, answer), vars, patient);
  if (difference === undefined || readsClock(asked, vars)) return undefined;
  if (answer.unknown !== true) return difference;
  // Go could not tell the typed value; the text has to be equal all the same.
  const ours = renderScalar(asked.template, vars[asked.vars] ?? {});
  return ours.ok && ours.text === answer.text ? undefined : difference;
}

/** sprig takes the time of now where it gets no time: Go's answer changes from one second to the next, as ours does. */
function readsClock(asked: Case, vars: VectorFile['vars']): boolean {
  const [first, ...rest] = [0, 1_234_567_891_234].map((now) => {
    const result = renderScalar(asked.template, vars[asked.vars] ?? {}, { now: new Date(now) });
    return result.ok ? result.text : result.problem.message;
  });
  return rest.some((text) => text !== first);
}

/** Asks Go and renders ourselves. */
export function compareAll(program: string, vars: VectorFile['vars'], cases: readonly Case[]): Comparison {
  const differences: Difference[] = [];
  const died: Case[] = [];
  let passed = 0;
  for (let from = 0; from < cases.length; ) {
    const asked = cases.slice(from);
    const result = askGo(program, vars, asked);
    for (const [index, answer] of result.answers.entries()) {
      const one = asked[index];
      const difference = one === undefined ? undefined : differenceFrom(one, answer, vars);
      if (one !== undefined && difference !== undefined)
        differences.push({ vector: vectorOf(one, answer), difference });
      else passed += 1;
    }
    if (result.died !== undefined) died.push(result.died);
    from += result.answers.length + 1;
  }
  return { passed, differences, died };
}
