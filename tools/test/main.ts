import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Counts, noTests, readCounts } from './counts.ts';
import { ensureShells } from './shells.ts';

/**
 * `npm test`: everything a change has to pass, cheapest first. The last steps bring up their own embedded stack (real MariaDB, Temporal and Kubernetes
 * control plane) and take it down again. Of the tests on real servers and of those with faults it runs a part; `npm run test:e2e` and
 * `npm run test:faults` run all of them.
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

interface Part {
  /** Further reporters of the test runner; one that is not content fails the step. */
  readonly reporters?: readonly string[];
  /** Paths, or beginnings of them; all files of the project when absent. */
  readonly files?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

function tests(
  title: string,
  project: string,
  { files = [], reporters: more = [], environment = {} }: Part = {},
): Step {
  const report = join(reports, `${project}.json`);
  const all = ['default', 'json', ...more].map((name) => `--reporter=${name}`);
  const reporters = [...all, `--outputFile.json=${report}`];
  const args = ['run', '--project', project, ...reporters, ...files];
  return { title, command: bin('vitest'), args, report, environment };
}

/** What of the tests on real servers every change has to pass; the rest takes longer than one waits for, and has a command of its own. */
const always = [
  'test/contract/',
  'test/workflow/',
  'test/replay/',
  ...[
    'bad-input',
    'boundaries',
    'chart',
    'convergence',
    'crash',
    'events',
    'hub-deletion',
    'losing-temporal',
    'readiness',
    'scale-and-resync',
    'secrecy',
    'secret-values',
    'story',
    'temporal-view',
  ].map((name) => `test/e2e/${name}`),
];

/** Of the tests with faults: kills at some failpoints, chosen by a fixed seed, and the guard against mass deletion. */
const someFaults = ['test/faults/failpoints', 'test/faults/database/guard', 'test/faults/ids'];

/** What depends on how the API server and the controllers behave: it is run on the oldest Kubernetes too. */
const onKubernetes = [
  'test/contract/cluster-real',
  'test/contract/control-plane',
  ...[
    'admission',
    'chart',
    'cli-plan',
    'drift-policy',
    'hub-deletion',
    'hub-life',
    'kind-versions',
    'order',
    'orphans',
    'policies-conflicts',
    'policies-drift',
    'policies-switches',
    'policies.test',
    'readiness',
    'removal',
    'rollouts.test',
    'secret-values',
    'shared-namespaces',
    'story',
    'webhook-trust',
  ].map((name) => `test/e2e/${name}`),
];

/** Of the installation: chart, account and webhook. */
const installed = ['chart.test', 'chart-worker', 'plain', 'rbac.test', 'webhook'].map((name) => `test/install/${name}`);

const oldest = { LYNQ_STACK_KUBERNETES: '1.30' };

const steps: readonly Step[] = [
  { title: 'format', command: bin('biome'), args: ['format', '.'] },
  { title: 'lint', command: bin('oxlint'), args: [] },
  { title: 'types', command: bin('tsc'), args: ['-b'] },
  { title: 'generated files', command: process.execPath, args: ['tools/run.mjs', 'tools/generate/main.ts', '--check'] },
  tests('unit and architecture tests', 'unit'),
  tests('tests on real servers, the part for every change', 'stack', { files: always }),
  tests('tests with faults, a part', 'faults', { files: someFaults, environment: { LYNQ_FAULTS: 'slice' } }),
];

const howMuch = process.env['LYNQ_FAULTS'] ?? 'full';
/** Of all faults each has to have a test that ran and passed. */
const demand = howMuch === 'full' ? ['./test/support/faults/ids-reporter.ts'] : [];

/** By the word after the command: `e2e` is everything on real servers, `faults` everything with faults, `oldest` a part on the oldest Kubernetes. */
const suites: Readonly<Record<string, readonly Step[]>> = {
  all: steps,
  e2e: [tests('tests on real servers', 'stack')],
  faults: [tests('tests with faults', 'faults', { environment: { LYNQ_FAULTS: howMuch }, reporters: demand })],
  install: [tests('tests of the installation', 'install')],
  oldest: [
    tests('tests on the oldest Kubernetes', 'stack', { files: onKubernetes, environment: oldest }),
    tests('tests of the installation on the oldest Kubernetes', 'install', { files: installed, environment: oldest }),
  ],
};

const total = { passed: 0, failed: 0, skipped: 0 };

/** A step that failed is at least one failure, whatever its report says: a reporter may have found something too. */
function count(step: Counts, hasPassed: boolean): void {
  total.passed += step.passed;
  total.failed += hasPassed ? step.failed : Math.max(1, step.failed);
  total.skipped += step.skipped;
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
  count(report === undefined || error !== undefined ? noTests : readCounts(report), passed);
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  process.stdout.write(
    `== ${title}: ${passed ? 'passed' : 'failed'} after ${seconds} s${error === undefined ? '' : `: ${error.message}`}\n`,
  );
  return passed;
}

const suite = suites[process.argv[2] ?? 'all'];
if (suite === undefined)
  throw new Error(`no suite is named ${process.argv[2]}; there are ${Object.keys(suites).join(', ')}`);
if (suite === steps) await ensureShells((line) => process.stdout.write(`${line}\n`));
const passed = suite.every(run);
rmSync(reports, { recursive: true, force: true });
process.stdout.write(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`);
process.exit(passed ? 0 : 1);
