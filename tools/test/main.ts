import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

/**
 * `npm test`: everything a change has to pass, cheapest first. The last steps bring up their own embedded stack (real MariaDB, Temporal and Kubernetes
 * control plane) and take it down again. `npm run test:faults`: all tests with faults, of which `npm test` runs a part that a fixed seed chooses.
 * Closes with `N passed, N failed, N skipped` over all tests.
 */
const root = fileURLToPath(new URL('../..', import.meta.url));
const bin = (name: string): string => join(root, 'node_modules/.bin', name);
const reports = mkdtempSync(join(tmpdir(), 'lynqflow-reports-'));

interface Step {
  readonly title: string;
  readonly command: string;
  readonly args: readonly string[];
  /** File with the counts of a test runner. */
  readonly report?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

function tests(title: string, project: string, environment: Readonly<Record<string, string>> = {}): Step {
  const report = join(reports, `${project}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  return { title, command: bin('vitest'), args: ['run', '--project', project, ...reporters], report, environment };
}

const steps: readonly Step[] = [
  { title: 'format', command: bin('biome'), args: ['format', '.'] },
  { title: 'lint', command: bin('oxlint'), args: [] },
  { title: 'types', command: bin('tsc'), args: ['-b'] },
  { title: 'generated files', command: process.execPath, args: ['tools/run.mjs', 'tools/generate/main.ts', '--check'] },
  tests('unit and architecture tests', 'unit'),
  tests('tests on real servers', 'stack'),
  tests('tests with faults, a part', 'faults', { LYNQ_FAULTS: 'slice' }),
];

const faults: readonly Step[] = [tests('tests with faults', 'faults')];

const Counts = z.object({ numPassedTests: z.number(), numFailedTests: z.number(), numPendingTests: z.number() });
const total = { passed: 0, failed: 0, skipped: 0 };

function count(report: string): void {
  const { numPassedTests, numFailedTests, numPendingTests } = Counts.parse(JSON.parse(readFileSync(report, 'utf8')));
  total.passed += numPassedTests;
  total.failed += numFailedTests;
  total.skipped += numPendingTests;
}

function run({ title, command, args, report, environment = {} }: Step): boolean {
  const started = Date.now();
  process.stdout.write(`\n== ${title}\n`);
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const passed = error === undefined && status === 0;
  if (report !== undefined && error === undefined) count(report);
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  process.stdout.write(
    `== ${title}: ${passed ? 'passed' : 'failed'} after ${seconds} s${error === undefined ? '' : `: ${error.message}`}\n`,
  );
  return passed;
}

const passed = (process.argv[2] === 'faults' ? faults : steps).every(run);
rmSync(reports, { recursive: true, force: true });
process.stdout.write(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`);
process.exit(passed ? 0 : 1);
