import { Runtime } from '@temporalio/worker';
import { readConfig } from './config.ts';
import { asPort, openLogger, temporalLogger } from './logging.ts';
import { connectTemporal } from './temporal.ts';
import { wireWorker } from './wiring.ts';

/** `npm run worker`: runs in the foreground until SIGTERM or SIGINT, then lets what is under way end. */
async function main(): Promise<void> {
  const config = readConfig(process.env);
  const log = openLogger(config.logLevel);
  Runtime.install({ logger: temporalLogger(log), shutdownSignals: ['SIGTERM', 'SIGINT'] });
  const temporal = await connectTemporal();
  const wired = await wireWorker({ config, temporal, logger: asPort(log) });
  try {
    const running = wired.worker.run();
    await wired.start();
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
    await wired.close();
    await temporal.close();
  }
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`Error: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
