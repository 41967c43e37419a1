import { runWorker } from './run.ts';

/** `npm run worker` */
runWorker(process.env).then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`Error: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
