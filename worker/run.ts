import { Runtime, type Worker } from '@temporalio/worker';
import { readConfig } from './config.ts';
import type { FlagReading } from './flags.ts';
import { asPort, openLogger, runtimeLogging } from './logging.ts';
import { startNotify } from './notify/index.ts';
import { ensureSearchAttributes } from './search-attributes.ts';
import { connectTemporal } from './temporal.ts';
import { payloadCodecs, type Seams, wireWorker } from './wiring.ts';

export interface RunOptions {
  readonly seams?: Seams;
  /** Flags that were given and do nothing. */
  readonly ignoredFlags?: FlagReading['ignored'];
}

/** Ends a worker that was begun, so that its connection can be closed and what went wrong is what is said. @throws what it is given. */
async function endedBy(error: unknown, worker: Worker, running: Promise<void>): Promise<never> {
  if (worker.getState() === 'RUNNING') worker.shutdown();
  await running.catch(() => undefined);
  throw error;
}

/** Runs in the foreground until SIGTERM or SIGINT, then lets what is under way end. */
export async function runWorker(
  env: Readonly<Record<string, string | undefined>>,
  { seams, ignoredFlags = [] }: RunOptions = {},
): Promise<void> {
  const config = readConfig(env);
  const log = openLogger(config.logLevel);
  Runtime.install({ ...runtimeLogging(log), shutdownSignals: ['SIGTERM', 'SIGINT'] });
  for (const flag of ignoredFlags) log.warn(flag, 'flag is accepted and does nothing');
  const temporal = await connectTemporal({
    payloadCodecs: payloadCodecs(config),
    apiKeyFile: config.apiKeyFile,
    logger: asPort(log),
  });
  if ((await ensureSearchAttributes(temporal)) === 'unknown')
    log.warn({ namespace: temporal.namespace }, 'search attributes cannot be listed; docs/install.md has those needed');
  const wired = await wireWorker({ config, temporal, logger: asPort(log), ...(seams === undefined ? {} : { seams }) });
  let notify: Awaited<ReturnType<typeof startNotify>> | undefined;
  try {
    const running = wired.worker.run();
    notify = await wired
      .start()
      .then(() => startNotify(config.notify, temporal.client, asPort(log)))
      .catch((error: unknown) => endedBy(error, wired.worker, running));
    log.info(
      {
        address: temporal.address,
        namespace: temporal.namespace,
        taskQueue: config.taskQueue,
        installed: wired.installedCrds,
      },
      'worker ready',
    );
    await running;
    log.info('worker stopped');
  } finally {
    await notify?.close();
    await wired.close();
    await temporal.close();
  }
}
