import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { StackError } from '../../stack/index.ts';
import { failureText } from '../demo/failure.ts';
import { makePrinter, type Printer, wantsColour } from '../demo/printer.ts';
import { type Session, withSession } from '../demo/session.ts';
import { onStopRequest } from '../demo/stop-request.ts';
import { b0, runB0 } from './b0.ts';
import { describeMachine } from './machine.ts';
import { type BenchOptions, parseOptions, usage } from './options.ts';
import { type BenchResult, resultLines, resultsJson } from './report.ts';

/** `npm run bench`: each benchmark on a fresh stack of its own. A new one is one more row here. */
interface Benchmark {
  readonly rows: number;
  readonly run: (session: Session, rows: number) => Promise<BenchResult>;
}

const benchmarks: Readonly<Record<string, Benchmark>> = {
  [b0.name]: { rows: b0.rows, run: runB0 },
};

const folders = {
  cwd: process.env['INIT_CWD'] ?? process.cwd(),
  defaultData: fileURLToPath(new URL('../../.stack/bench', import.meta.url)),
};

async function runAll(options: BenchOptions, printer: Printer, signal: AbortSignal): Promise<readonly BenchResult[]> {
  const results: BenchResult[] = [];
  for (const name of options.only) {
    const benchmark = benchmarks[name];
    if (benchmark === undefined) continue;
    printer.heading(name);
    const common = { dataDir: options.dataDir, keep: false, environment: process.env, printer, signal };
    const work = (session: Session) => benchmark.run(session, options.rows ?? benchmark.rows);
    results.push(await withSession(common, work, (failed) => (failed ? 'data' : 'nothing')));
  }
  return results;
}

async function bench(options: BenchOptions): Promise<number> {
  const colour = wantsColour(process.stdout, process.env);
  const printer = makePrinter({ screen: process.stdout, colour, now: () => performance.now() });
  const stop = onStopRequest(printer);
  const machine = describeMachine(new Date());
  try {
    const results = await runAll(options, printer, stop.signal);
    for (const result of results) process.stdout.write(`\n${resultLines(result, machine).join('\n')}\n`);
    if (options.json !== undefined) writeFileSync(options.json, resultsJson(results, machine));
    return results.some(({ rows, statedRows }) => rows < statedRows) ? 2 : 0;
  } catch (error) {
    if (stop.signal.aborted) return 130;
    throw error;
  }
}

async function main(): Promise<number> {
  try {
    const options = parseOptions(process.argv.slice(2), folders, Object.keys(benchmarks));
    if (options !== undefined) return await bench(options);
    process.stdout.write(usage);
    return 0;
  } catch (error) {
    process.stderr.write(error instanceof StackError ? `Error: ${error.message}\n` : failureText(error));
    return 1;
  }
}

process.exit(await main());
