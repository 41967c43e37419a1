import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { parseVectors, type VectorFile } from '../vectors/vectors.ts';
import { compareAll, type Difference } from './compare.ts';
import { choicesOf } from './random.ts';
import { buildReference, ReferenceError } from './reference.ts';
import { fieldsOf } from './row-fields.ts';
import { shrink } from './shrink.ts';
import { store } from './store.ts';
import { randomTemplate } from './templates.ts';

const BATCH = 1_000;
const MAX_SHRUNK = 40;

const usage = `usage: npm run test:template-diff -- [--seconds N] [--cases N] [--seed N]

Compares random templates with Go for some seconds (60), or until --cases of them. A difference is stored in
test/golden/differential for ever.`;

interface Options {
  readonly seconds: number;
  readonly cases: number;
  readonly seed: number;
}

function optionsFrom(args: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string' },
      cases: { type: 'string' },
      seed: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  const cases = Number(values.cases ?? Infinity);
  const seconds = Number(values.seconds ?? (values.cases === undefined ? 60 : Infinity));
  const seed = Number(values.seed ?? Date.now() % 0x1_0000_0000);
  const usable = cases > 0 && seconds > 0 && Number.isSafeInteger(seed) && values.help !== true;
  return usable ? { seconds, cases, seed } : undefined;
}

/** The variables of the recorded results serve here too. */
function recordedVars(): VectorFile['vars'] {
  return parseVectors(readFileSync(new URL('../../test/golden/go-templates.json', import.meta.url), 'utf8')).vars;
}

interface Totals {
  passed: number;
  died: number;
  readonly differences: Difference[];
}

function compare(program: string, vars: VectorFile['vars'], options: Options): Totals {
  const choices = choicesOf(options.seed);
  const [first, ...rest] = Object.entries(vars).map(([name, row]) => ({ name, fields: fieldsOf(row) }));
  const totals: Totals = { passed: 0, died: 0, differences: [] };
  if (first === undefined) return totals;
  const ends = performance.now() + options.seconds * 1_000;
  for (let made = 0; made < options.cases && performance.now() < ends; made += BATCH) {
    const cases = Array.from({ length: Math.min(BATCH, options.cases - made) }, () => {
      const { name, fields } = choices.pick([first, ...rest]);
      return { template: randomTemplate(choices, fields), vars: name };
    });
    const result = compareAll(program, vars, cases);
    totals.passed += result.passed;
    totals.died += result.died.length;
    totals.differences.push(...result.differences);
    for (const { template } of result.died) console.log(`Go gave up: ${JSON.stringify(template)}`);
  }
  return totals;
}

function report(program: string, vars: VectorFile['vars'], options: Options, totals: Totals): void {
  const smallest = new Map<string, Difference>();
  for (const found of totals.differences.slice(0, MAX_SHRUNK)) {
    const small = shrink(program, vars, found);
    smallest.set(small.vector.template, small);
  }
  for (const { vector, difference } of smallest.values()) {
    console.log(`(${vector.vars}) ${JSON.stringify(vector.template)}\n  ${difference}`);
  }
  const vectors = [...smallest.values()].map(({ vector }) => vector);
  console.log(`stored in ${store('found', vars, vectors)}; the seed was ${options.seed}`);
}

/** `npm run test:template-diff`: exit code 0 only when every template gives what Go gives; 2 when Go is not there. */
function main(): number {
  const options = optionsFrom(process.argv.slice(2));
  if (options === undefined) {
    console.error(usage);
    return 2;
  }
  try {
    const program = buildReference(process.env);
    const vars = recordedVars();
    console.log(`seed ${options.seed}`);
    const totals = compare(program, vars, options);
    if (totals.died > 0) console.log(`${totals.died} templates Go gave up on are not counted`);
    if (totals.differences.length > 0) report(program, vars, options, totals);
    console.log(`${totals.passed} passed, ${totals.differences.length} failed`);
    return totals.differences.length === 0 && totals.passed > 0 ? 0 : 1;
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    console.error(`Error: ${error.message}`);
    return 2;
  }
}

process.exitCode = main();
