import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { openCluster, type OpenedCluster } from '../../adapters/kubernetes/index.ts';
import type { Logger } from '../../domain/ports.ts';
import { type StackEndpoints, startStack, stopStack } from '../../stack/index.ts';
import { type AuditLog, openAuditLog } from './audit.ts';
import { childEnvironment } from './environment.ts';
import { claimFolder, purge, type RunFolder, runFolder, writeRecord } from './folder.ts';
import type { Printer } from './printer.ts';
import { seconds } from './text.ts';
import { startWorker, type WorkerProcess } from './worker-process.ts';

/** A stack of our own, our client to it and what started in it. */
export interface Session {
  readonly folder: RunFolder;
  readonly endpoints: StackEndpoints;
  readonly environment: Readonly<Record<string, string>>;
  readonly opened: OpenedCluster;
  readonly audit: AuditLog;
  readonly printer: Printer;
  readonly signal: AbortSignal;
  /** Whether data of an earlier run was taken over. */
  readonly kept: boolean;
  startWorker(): Promise<WorkerProcess>;
}

export interface SessionOptions {
  readonly dataDir: string;
  readonly keep: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly printer: Printer;
  readonly signal: AbortSignal;
  /** How the worker is started; default: from the sources. */
  readonly workerArgs?: readonly string[];
  /** Variables of the worker besides the addresses of the stack. */
  readonly workerSettings?: Readonly<Record<string, string>>;
}

/** What is left at the end: nothing, or the data with the logs. */
export type Leftover = 'nothing' | 'data';

const silent: Logger = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** Runs `work` on a stack of its own and stops everything afterwards, whatever happened; `leftover` is asked then. */
export async function withSession<T>(
  options: SessionOptions,
  work: (session: Session) => Promise<T>,
  leftover: (failed: boolean) => Leftover,
): Promise<T> {
  const folder = runFolder(options.dataDir);
  const claimed = await claimFolder(folder, options.keep);
  if (claimed === 'cleaned') options.printer.line(`what an earlier run left in ${folder.dataDir} is removed`);
  const workers: WorkerProcess[] = [];
  let failed = true;
  try {
    const session = await open(options, folder, workers, claimed === 'kept');
    try {
      const result = await work(session);
      failed = false;
      return result;
    } finally {
      await session.opened.close();
    }
  } finally {
    for (const worker of workers) await worker.stop();
    if (leftover(failed) === 'nothing') await purge(folder);
    else await stopStack(folder.dataDir);
  }
}

async function open(
  options: SessionOptions,
  folder: RunFolder,
  workers: WorkerProcess[],
  kept: boolean,
): Promise<Session> {
  const { printer, signal, dataDir, workerArgs, workerSettings } = options;
  const starting = startStack({
    dataDir,
    environment: options.environment,
    onProgress: printer.stackProgress,
    temporalStore: 'memory',
  });
  const stack = await unlessStopped(starting, signal);
  const { endpoints } = stack;
  const environment = childEnvironment(options.environment, endpoints, folder.temporalConfig);
  const opened = await openCluster({ kubeconfig: endpoints.kubeconfig, logger: silent });
  return {
    folder,
    endpoints,
    environment,
    opened,
    audit: openAuditLog(endpoints.auditLog),
    printer,
    signal,
    kept,
    async startWorker() {
      const worker = await startWorker({
        args: workerArgs,
        environment: { ...environment, ...workerSettings },
        logFile: folder.workerLog,
        signal,
        onSpawn: (process) => writeRecord(folder, process),
        onWait: (elapsed) => printer.waiting(`the worker starts (${seconds(elapsed)})`),
      });
      workers.push(worker);
      return worker;
    },
  };
}

const startGraceMs = 20_000;

/** Servers that are starting are waited for, so that they can be stopped in order; a build of minutes is not. */
async function unlessStopped<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const stopRequested = new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  const givenUp = stopRequested.then(() => sleep(startGraceMs, undefined, { ref: false }));
  const result = await Promise.race([work, givenUp]);
  signal.throwIfAborted();
  return result as T;
}

/** A password for the reader account, also in a file that kubectl reads. */
export function makeReaderPassword(folder: RunFolder): string {
  const password = randomBytes(18).toString('base64url');
  writeFileSync(folder.readerPassword, password, { mode: 0o600 });
  return password;
}
