import { flagsHelp, readFlags } from './flags.ts';
import { keepLargeHeapsCompact } from './heap.ts';
import { runWorker } from './run.ts';

async function main(args: readonly string[]): Promise<void> {
  const { environment, ignored, help } = readFlags(args);
  keepLargeHeapsCompact();
  if (help) process.stdout.write(flagsHelp());
  else await runWorker({ ...process.env, ...environment }, { ignoredFlags: ignored });
}

/** `npm run worker` */
main(process.argv.slice(2)).then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`Error: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
