import { IllegalStateError } from '@temporalio/common';
import { GracefulShutdownPeriodExpiredError, Runtime, type Worker } from '@temporalio/worker';
import { readConfig, type WorkerConfig } from './config.ts';
import type { FlagReading } from './flags.ts';
import { asPort, openLogger, runtimeLogging } from './logging.ts';
import { startNotify } from './notify/index.ts';
import { ensureSearchAttributes } from './search-attributes.ts';
import { connectTemporal, type TemporalAccess } from './temporal.ts';
import { payloadCodecs, type Seams, type WiredWorker, wireWorker } from './wiring.ts';

type OwnLogger = ReturnType<typeof openLogger>;
type Notify = Awaited<ReturnType<typeof startNotify>>;

export interface RunOptions {
  readonly seams?: Seams;
  /** Flags that were given and do nothing. */
  readonly ignoredFlags?: FlagReading['ignored'];
}

/**
 * Activities that go on for too long are cut, which is a good end: they are tried again, here or elsewhere, as after a crash. What the SDK says of it is that
 * time is over, or that the worker is in use still by what was cut.
 */
function runToEnd(worker: Worker, told: AbortSignal, log: OwnLogger): Promise<void> {
  return worker.run().catch((error: unknown) => {
    const isCut = error instanceof GracefulShutdownPeriodExpiredError || error instanceof IllegalStateError;
    if (!told.aborted || !isCut) throw error;
    log.warn('activities that were under way for too long have been cut and are tried again');
  });
}

/** Ends a worker that was begun, so that its connection can be closed and what went wrong is what is said. @throws what it is given. */
async function endedBy(error: unknown, worker: Worker, running: Promise<void>): Promise<never> {
  if (worker.getState() === 'RUNNING') worker.shutdown();
  await running.catch(() => undefined);
  throw error;
}

/** Aborts when the process is told to end. The worker of the SDK hears of it by itself, once there is one. */
function toldToEnd(): AbortSignal {
  const told = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => told.abort());
  return told.signal;
}

const whenTold = (told: AbortSignal): Promise<'stopped'> =>
  new Promise((resolve) => told.addEventListener('abort', () => resolve('stopped'), { once: true }));

interface Opened {
  readonly temporal: TemporalAccess;
  readonly wired: WiredWorker;
}

interface Running {
  readonly config: WorkerConfig;
  readonly told: AbortSignal;
  readonly log: OwnLogger;
}

/** All that has to be there before anything runs. @throws when a server cannot be reached or does not fit. */
async function open(config: WorkerConfig, log: OwnLogger, seams: Seams | undefined): Promise<Opened> {
  const logger = asPort(log);
  const temporal = await connectTemporal({
    payloadCodecs: payloadCodecs(config),
    apiKeyFile: config.apiKeyFile,
    logger,
  });
  if ((await ensureSearchAttributes(temporal)) === 'unknown')
    log.warn({ namespace: temporal.namespace }, 'search attributes cannot be listed; docs/install.md has those needed');
  return { temporal, wired: await wireWorker({ config, temporal, logger, ...(seams === undefined ? {} : { seams }) }) };
}

/** Runs in the foreground until SIGTERM or SIGINT, then lets what is under way end. */
export async function runWorker(
  env: Readonly<Record<string, string | undefined>>,
  { seams, ignoredFlags = [] }: RunOptions = {},
): Promise<void> {
  const config = readConfig(env);
  const log = openLogger(config.logLevel);
  Runtime.install({ ...runtimeLogging(log), shutdownSignals: ['SIGTERM', 'SIGINT'] });
  const told = toldToEnd();
  for (const flag of ignoredFlags) log.warn(flag, 'flag is accepted and does nothing');
  const opened = await Promise.race([open(config, log, seams), whenTold(told)]);
  // Nothing runs yet, and what is being opened ends with the process.
  if (opened === 'stopped') return log.info('worker stopped before it had started');
  await runOpened(opened, { config, told, log });
}

async function runOpened({ temporal, wired }: Opened, { config, told, log }: Running): Promise<void> {
  let notify: Notify | undefined;
  try {
    const running = runToEnd(wired.worker, told, log);
    const starting = wired.start().then(() => startNotify(config.notify, temporal.client, asPort(log)));
    // A start that waits for lists that do not come has no end of its own.
    notify = await Promise.race([starting, running.then(() => undefined)]).catch((error: unknown) =>
      told.aborted ? undefined : endedBy(error, wired.worker, running),
    );
    if (notify === undefined) starting.then((late) => late.close()).catch(() => undefined);
    else log.info(readyFields(temporal, config, wired), 'worker ready');
    await running;
    log.info('worker stopped');
  } finally {
    await notify?.close();
    await wired.close();
    await temporal.close();
  }
}

function readyFields({ address, namespace }: TemporalAccess, { taskQueue }: WorkerConfig, wired: WiredWorker): object {
  return { address, namespace, taskQueue, installed: wired.installedCrds };
}
