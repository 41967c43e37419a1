import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { StackError } from '../../stack/index.ts';
import { failureText, ToolError } from '../demo/failure.ts';
import { makePrinter, type Printer, wantsColour } from '../demo/printer.ts';
import { type Session, withSession } from '../demo/session.ts';
import { onStopRequest } from '../demo/stop-request.ts';
import { builtWorker, checkout } from '../demo/worker-process.ts';
import { b3 } from './b3.ts';
import { b4 } from './b4.ts';
import { b5, runB5 } from './b5.ts';
import { b6, runB6 } from './b6.ts';
import { d1, runD1 } from './d1.ts';
import { runFleet } from './b3-b4.ts';
import { type Insertion, runInsertion } from './insertion.ts';
import { b0, b1, b2 } from './insertions.ts';
import { describeMachine } from './machine.ts';
import { type BenchOptions, parseOptions, usage } from './options.ts';
import { r1, runR1 } from './r1.ts';
import { type BenchResult, exitCodeOf, resultLines, resultsJson } from './report.ts';

/** `npm run bench`. A new benchmark is one more row here. */
interface Benchmark {
  /** The stated number of rows. */
  readonly rows: number;
  /**
   * Measures those of `names` that are its own, on a fresh stack. Benchmarks with the same function share a stack: making twenty thousand nodes takes
   * longer than measuring them.
   */
  readonly run: (session: Session, rows: number, names: readonly string[]) => Promise<readonly BenchResult[]>;
}

function insertion(kind: Insertion): Benchmark {
  return { rows: kind.statedRows, run: async (session, rows) => [await runInsertion(kind, session, rows)] };
}

const benchmarks: Readonly<Record<string, Benchmark>> = {
  ...Object.fromEntries([b0, b1, b2].map((kind) => [kind.name, insertion(kind)])),
  [b3.name]: { rows: b3.rows, run: runFleet },
  [b4.name]: { rows: b4.rows, run: runFleet },
  [b5.name]: { rows: b5.rows, run: runB5 },
  [b6.name]: { rows: b6.rows, run: runB6 },
  [d1.name]: { rows: d1.rows, run: runD1 },
  [r1.name]: { rows: r1.rows, run: async (session, rows) => [await runR1(session, rows)] },
};

const folders = {
  cwd: process.env['INIT_CWD'] ?? process.cwd(),
  defaultData: fileURLToPath(new URL('../../.stack/bench', import.meta.url)),
};

/** Those that share a stack, at the place of the first. */
function stages(names: readonly string[]): ReadonlyMap<Benchmark['run'], readonly string[]> {
  const groups = new Map<Benchmark['run'], string[]>();
  for (const name of names) {
    const run = benchmarks[name]?.run;
    if (run !== undefined) groups.set(run, [...(groups.get(run) ?? []), name]);
  }
  return groups;
}

/** What is measured is what an image runs: the loader that translates sources takes as much memory again as the worker. */
function buildPackage(): void {
  const args = ['tools/run.mjs', 'tools/build/main.ts'];
  const { status } = spawnSync(process.execPath, args, { cwd: checkout, stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw new ToolError('the package could not be built', { fix: 'see npm run build' });
}

async function runAll(options: BenchOptions, printer: Printer, signal: AbortSignal): Promise<readonly BenchResult[]> {
  const results: BenchResult[] = [];
  for (const [run, names] of stages(options.only)) {
    printer.heading(names.join(', '));
    const common = {
      dataDir: options.dataDir,
      keep: false,
      environment: process.env,
      printer,
      signal,
      workerArgs: builtWorker,
    };
    const stated = Math.max(...names.map((name) => benchmarks[name]?.rows ?? 0));
    const work = (session: Session) => run(session, options.rows ?? stated, names);
    results.push(...(await withSession(common, work, (failed) => (failed ? 'data' : 'nothing'))));
  }
  return results;
}

async function bench(options: BenchOptions): Promise<number> {
  const colour = wantsColour(process.stdout, process.env);
  const printer = makePrinter({ screen: process.stdout, colour, now: () => performance.now() });
  const stop = onStopRequest(printer);
  const machine = describeMachine(new Date());
  try {
    buildPackage();
    const results = await runAll(options, printer, stop.signal);
    for (const result of results) process.stdout.write(`\n${resultLines(result, machine).join('\n')}\n`);
    if (options.json !== undefined) writeFileSync(options.json, resultsJson(results, machine));
    return exitCodeOf(results);
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
