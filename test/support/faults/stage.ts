import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Audit, openAudit } from '../e2e/audit.ts';
import { type Cluster, openCluster } from '../e2e/cluster.ts';
import { type Database, openDatabase } from '../e2e/database.ts';
import { type Engine, openEngine } from '../e2e/engine.ts';
import { eventually, notYet, there } from '../e2e/eventually.ts';
import { crdsAreServed, type Surroundings } from '../e2e/programs.ts';
import { keepEach } from '../../../tools/histories/record.ts';
import type { StackEndpoints } from '../stack-setup.ts';
import type { Action, FailpointName } from './failpoints.ts';
import type { Planted } from './foreign.ts';
import { type Ending, type FaultyWorker, startFaultyWorker } from './process.ts';
import { variables } from './trigger.ts';

/** A failpoint to start a worker with. */
export interface Armed {
  readonly failpoint: FailpointName;
  readonly action: Action;
  /** What the effect has to be about. */
  readonly scope: string;
  /** What it must not be about. */
  readonly besides?: string;
  /** The point is passed only after `openGate`. */
  readonly gated: boolean;
}

/** All that fault tests share: servers, a database, and at most one worker at a time. */
export interface Stage {
  readonly stack: StackEndpoints;
  readonly cluster: Cluster;
  readonly audit: Audit;
  readonly engine: Engine;
  readonly database: Database;
  /** Of all its workers. */
  readonly taskQueue: string;
  /** Objects of others that tests have put beside ours. */
  readonly foreign: Planted[];
  /** The worker that was started last. */
  worker(): FaultyWorker;
  /** Starts a worker; the one before must have ended. */
  start(armed?: Armed, settings?: Readonly<Record<string, string>>): void;
  /** Starts a further worker of the same task queue; its end is the caller's business. */
  startAnother(settings?: Readonly<Record<string, string>>): FaultyWorker;
  openGate(): void;
  /** Waits until the worker has ended by itself. */
  ended(withinMs?: number): Promise<Ending>;
  /** Names of the failpoints that were hit, in order. */
  hits(): readonly string[];
  kill(): Promise<void>;
  close(): Promise<void>;
}

export interface StageOptions {
  /** How workers reach the servers, where something stands in between. */
  readonly through?: Partial<Surroundings>;
  /** Further variables of each worker's environment. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Whether its runs are worth keeping when histories are recorded; those of another version are not. */
  readonly keepsHistories?: boolean;
}

export async function openStage(stack: StackEndpoints, name: string, options: StageOptions = {}): Promise<Stage> {
  const surroundings = { ...stack, ...options.through };
  const common = { LYNQ_TASK_QUEUE: `faults-${name}`, ...options.settings };
  const folder = mkdtempSync(join(tmpdir(), 'lynqflow-faults-'));
  const gate = join(folder, 'gate');
  const log = join(folder, 'hits');
  const cluster = openCluster(stack.kubeconfig);
  const engine = await openEngine(stack.temporalAddress);
  const database = await openDatabase(stack.mysqlUrl, {
    name: `faults_${name.replaceAll('-', '_')}`,
    reader: `faults_${name.replaceAll('-', '_')}`,
    password: `faults of ${name}`,
    schema: 'CREATE TABLE untouched (id INT)',
  });
  let worker: FaultyWorker | undefined;
  const present = (): FaultyWorker => {
    if (worker === undefined) throw new Error('no worker has been started');
    return worker;
  };
  const kill = async (): Promise<void> => {
    if (worker?.isAlive() === true) worker.send('SIGKILL');
    await worker?.ended;
  };
  const start = (armed?: Armed, more: Readonly<Record<string, string>> = {}): void => {
    if (worker?.isAlive() === true) throw new Error('a worker is running already');
    rmSync(gate, { force: true });
    const settings = armed === undefined ? {} : armedSettings(armed, { gate, log });
    worker = startFaultyWorker(surroundings, { ...common, ...settings, ...more });
  };
  start();
  await crdsAreServed((path) => cluster.list(path)).catch((error: unknown) => {
    throw new Error(`${String(error)}\n${worker?.output()}`);
  });
  return {
    stack,
    cluster,
    audit: openAudit(stack.auditLog),
    engine,
    database,
    taskQueue: common.LYNQ_TASK_QUEUE,
    foreign: [],
    worker: present,
    start,
    startAnother: (more = {}) => startFaultyWorker(surroundings, { ...common, ...more }),
    openGate: () => writeFileSync(gate, ''),
    ended: async (withinMs = 60_000) => {
      await eventually('the worker has ended', () => (present().isAlive() ? notYet('it runs') : there(true)), {
        withinMs,
        everyMs: 20,
      });
      return present().ended;
    },
    hits: () =>
      existsSync(log)
        ? readFileSync(log, 'utf8')
            .split('\n')
            .flatMap((line) => line.split(' ').slice(0, 1))
            .filter((hit) => hit !== '')
        : [],
    kill,
    close: async () => {
      await kill();
      const version = process.env['LYNQ_RECORD_HISTORIES'];
      if (version !== undefined && options.keepsHistories !== false)
        await keepEach(engine.client, `TaskQueue = "${common.LYNQ_TASK_QUEUE}"`, { version });
      await Promise.all([engine.close(), database.close()]);
      await cluster.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function armedSettings(
  { failpoint, action, scope, besides, gated }: Armed,
  files: { readonly gate: string; readonly log: string },
): Record<string, string> {
  return {
    [variables.failpoint]: `${failpoint}:${action}`,
    [variables.scope]: scope,
    [variables.log]: files.log,
    ...(besides === undefined ? {} : { [variables.besides]: besides }),
    ...(gated ? { [variables.gate]: files.gate } : {}),
  };
}
