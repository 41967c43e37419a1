import { fileURLToPath } from 'node:url';
import { type Command, parseCommand, statusTable, usage } from './command-line.ts';
import { environmentLines } from './endpoints.ts';
import { StackError } from './errors.ts';
import { duration, type OnProgress, progressLine } from './progress.ts';
import { endpointsOf, stackStatus, startStack, stopStack } from './stack.ts';

/** Progress goes to standard error: plain lines, or one line written over again while a step lasts on a terminal. */
function progressPrinter(stream: NodeJS.WriteStream): OnProgress {
  const clear = stream.isTTY ? '\r\u001b[2K' : '';
  return (progress) => {
    const line = progressLine(progress);
    const end = stream.isTTY && progress.kind === 'working' ? '' : '\n';
    stream.write(`${clear}${stream.isTTY ? line.slice(0, stream.columns - 1) : line}${end}`);
  };
}

function print(lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}

async function up(command: Extract<Command, { kind: 'up' }>): Promise<number> {
  const startedAt = performance.now();
  const { dataDir, temporalStore } = command;
  const common = { dataDir, environment: process.env, onProgress: progressPrinter(process.stderr) };
  const stack = await startStack(temporalStore === undefined ? common : { ...common, temporalStore });
  print([
    ...statusTable(stackStatus(dataDir) ?? []),
    '',
    `The stack is up (${duration(performance.now() - startedAt)}). Its data and logs are in ${stack.dataDir}.`,
    'Point a shell at it: eval "$(npm run --silent stack -- env)"',
  ]);
  return 0;
}

async function down(command: Extract<Command, { kind: 'down' }>): Promise<number> {
  const had = await stopStack(command.dataDir, { purge: command.purge });
  if (!had) print([`No stack has been started in ${command.dataDir}; nothing to do.`]);
  else print([command.purge ? 'The stack is down and its data is deleted.' : 'The stack is down; its data is kept.']);
  return 0;
}

function status(dataDir: string): number {
  const rows = stackStatus(dataDir);
  if (rows === undefined) {
    print([`No stack has been started in ${dataDir}. Run "up" first.`]);
    return 1;
  }
  print(statusTable(rows));
  return rows.every(({ state }) => state === 'running') ? 0 : 1;
}

function env(dataDir: string): number {
  print(environmentLines(endpointsOf(dataDir)));
  if (stackStatus(dataDir)?.some(({ state }) => state === 'stopped')) {
    process.stderr.write('Not every server of this stack is running. Run "up" to start what is missing.\n');
  }
  return 0;
}

async function run(command: Command): Promise<number> {
  switch (command.kind) {
    case 'up':
      return up(command);
    case 'down':
      return down(command);
    case 'status':
      return status(command.dataDir);
    case 'env':
      return env(command.dataDir);
    case 'help':
      process.stdout.write(usage);
      return 0;
  }
}

async function main(): Promise<number> {
  const folders = {
    // npm changes into the checkout; a relative --data is meant from where the person stands.
    cwd: process.env['INIT_CWD'] ?? process.cwd(),
    defaultData: fileURLToPath(new URL('../.stack', import.meta.url)),
  };
  try {
    return await run(parseCommand(process.argv.slice(2), folders));
  } catch (error) {
    if (!(error instanceof StackError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return error.problem.kind === 'usage' ? 2 : 1;
  }
}

process.exitCode = await main();
