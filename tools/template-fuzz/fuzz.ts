import { fieldLimits, renderScalar, type ScalarResult, workClock } from '../../template/index.ts';
import { type Choices, choicesOf } from '../template-diff/random.ts';
import { attacks } from './attacks.ts';
import { hostileRows, hostileTemplate, hugeRow } from './hostile.ts';
import { rowProblem } from './rows.ts';
import { forgedTreeProblem } from './trees.ts';
import { type Watch, watchProcess } from './watch.ts';

/** What a template did that none may do. */
export interface Finding {
  readonly template: string;
  readonly problem: string;
}

export interface FuzzResult {
  readonly cases: number;
  readonly findings: readonly Finding[];
  /** Milliseconds of work of the slowest template. */
  readonly slowest: number;
  /** How the templates ended: `ok`, or the class of their problem. */
  readonly ends: Readonly<Record<string, number>>;
  /** Programs that Handlebars compiled, each from a checked tree. */
  readonly generated: number;
}

const MAX_MS = 2 * fieldLimits.timeMs;
const TRIES = 4;
const problemClasses: ReadonlySet<string> = new Set(['parse', 'exec', 'limit']);

interface Run {
  readonly result: ScalarResult | undefined;
  readonly error: unknown;
  /** Of work: what a busy machine takes does not count. */
  readonly ms: number;
}

function run(template: string, row: unknown): Run {
  const clock = workClock();
  try {
    const result = renderScalar(template, row);
    return { result, error: undefined, ms: clock() };
  } catch (error) {
    return { result: undefined, error, ms: clock() };
  }
}

/** Other threads of this process may be busy: a slow template has to be slow every time. */
function runCalmly(template: string, row: unknown): Run {
  let fastest = run(template, row);
  for (let left = TRIES; left > 1 && fastest.ms > MAX_MS; left -= 1) {
    const again = run(template, row);
    if (again.ms < fastest.ms) fastest = again;
  }
  return fastest;
}

function problemOf({ result, error, ms }: Run, watch: Watch): string | undefined {
  const touched = watch.touched();
  if (touched.length > 0) return `touched ${touched.join(', ')}`;
  if (result === undefined) return `threw ${String(error)}`;
  if (!result.ok && !problemClasses.has(result.problem.class)) return `a problem of class ${result.problem.class}`;
  if (!result.ok && result.problem.message.endsWith('failed unexpectedly'))
    return `an error of ours: ${result.problem.message}`;
  return ms > MAX_MS ? `took ${Math.round(ms)} ms; twice the limit is ${MAX_MS} ms` : undefined;
}

interface Case {
  readonly template: string;
  readonly row: unknown;
}

function caseOf(choices: Choices, index: number): Case {
  const template = attacks[index];
  if (template !== undefined) return { template, row: hugeRow };
  return { template: hostileTemplate(choices), row: choices.pick(hostileRows) };
}

const FORGED_EVERY = 5;
const ROW_EVERY = 50;

function otherProblem(choices: Choices, index: number): Finding | undefined {
  if (index % FORGED_EVERY === 0) {
    const problem = forgedTreeProblem(choices);
    if (problem !== undefined) return { template: '(a forged tree)', problem };
  }
  const problem = index % ROW_EVERY === 0 ? rowProblem(choices) : undefined;
  return problem === undefined ? undefined : { template: '(a form with hostile rows)', problem };
}

/** Runs hostile templates with hostile rows, the known attacks first, and watches what they do. Synchronous: nothing else may run. */
export function fuzz(count: number, seed: number): FuzzResult {
  const choices = choicesOf(seed);
  const ends: Record<string, number> = {};
  const findings: Finding[] = [];
  let slowest = 0;
  // Both ways are walked once before: modules may be loaded lazily.
  run('{{ .a | upper }}', {});
  rowProblem(choices);
  const watch = watchProcess();
  try {
    for (let index = 0; index < count; index += 1) {
      const { template, row } = caseOf(choices, index);
      const done = runCalmly(template, row);
      const problem = problemOf(done, watch);
      const found = problem === undefined ? otherProblem(choices, index) : { template, problem };
      const end = done.result === undefined ? 'crash' : done.result.ok ? 'ok' : done.result.problem.class;
      ends[end] = (ends[end] ?? 0) + 1;
      slowest = Math.max(slowest, done.ms);
      // Printing it now would look like a touch: the console reads the environment.
      if (found !== undefined) findings.push(found);
    }
    return { cases: count, findings, slowest, ends, generated: watch.generated() };
  } finally {
    watch.stop();
  }
}
