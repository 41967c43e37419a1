import { createInterface } from 'node:readline/promises';
import { fileURLToPath } from 'node:url';
import { StackError } from '../../stack/index.ts';
import { printAddresses } from './closing.ts';
import { openDatabase } from './database.ts';
import { ignoredVariables } from './environment.ts';
import { failureText, Interrupted, ToolError } from './failure.ts';
import { type DemoOptions, parseOptions, usage } from './options.ts';
import { playOnOwnServers } from './own.ts';
import { readOwnServers } from './own-servers.ts';
import { makePrinter, type Printer, wantsColour } from './printer.ts';
import { leaveAndReturn } from './removal.ts';
import { type Session, withSession } from './session.ts';
import type { Stage } from './stage.ts';
import { actAtOnce, insertRow, prepare, updateColumn } from './story.ts';
import { onStopRequest } from './stop-request.ts';

/** `npm run demo`: the seed's story on an embedded stack of its own. */
const folders = {
  // npm changes into the checkout; a relative --data is meant from where the person stands.
  cwd: process.env['INIT_CWD'] ?? process.cwd(),
  defaultData: fileURLToPath(new URL('../../.stack/demo', import.meta.url)),
};

async function play(session: Session, stop: AbortSignal, once: boolean): Promise<void> {
  const { printer, endpoints } = session;
  const worker = await session.startWorker();
  const where = `Temporal ${endpoints.temporalAddress}, log ${session.folder.workerLog}`;
  printer.line(`the worker is ready: process ${worker.process.pid}, ${where}`);
  const database = await openDatabase(endpoints.mysqlUrl);
  try {
    const stage: Stage = { ...session, database, worker };
    for (const step of [prepare, insertRow, updateColumn, actAtOnce, leaveAndReturn]) await step(stage);
    printAddresses(stage);
  } finally {
    await database.close();
  }
  printer.line('the story is told');
  if (once) return;
  printer.line('everything stays up until Ctrl-C');
  await new Promise<void>((resolve) => {
    const keepAlive = setInterval(() => undefined, 60_000);
    const end = (): void => {
      clearInterval(keepAlive);
      resolve();
    };
    if (stop.aborted) end();
    else stop.addEventListener('abort', end, { once: true });
  });
}

function announce(printer: Printer): void {
  printer.heading('One database row becomes a running four-tier environment');
  const ignored = ignoredVariables(process.env);
  printer.line('an embedded stack of its own is used; no cluster and no server of yours is touched');
  if (ignored.length > 0) printer.line(`ignored, although set in this shell: ${ignored.join(', ')}`);
}

async function demo(options: DemoOptions): Promise<number> {
  const colour = wantsColour(process.stdout, process.env);
  const printer = makePrinter({ screen: process.stdout, colour, now: () => performance.now() });
  const stop = onStopRequest(printer);
  announce(printer);
  const common = { dataDir: options.dataDir, keep: options.keep, environment: process.env, printer };
  try {
    await withSession(
      { ...common, signal: stop.signal },
      (session) => play(session, stop.signal, options.once),
      (failed) => {
        const all = options.once && !options.keep && !failed;
        printer.line(
          all ? 'stopping the worker and the stack, deleting the data' : 'stopping the worker and the stack',
        );
        return all ? 'nothing' : 'data';
      },
    );
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    printer.line(`stopped before the end; data and logs are in ${options.dataDir} until the next start`);
    return 130;
  }
  printer.line(
    options.once && !options.keep ? 'done; nothing is left' : `done; data and logs are in ${options.dataDir}`,
  );
  return 0;
}

async function ownDemo({ yes }: DemoOptions): Promise<number> {
  const colour = wantsColour(process.stdout, process.env);
  const printer = makePrinter({ screen: process.stdout, colour, now: () => performance.now() });
  const servers = readOwnServers(process.env);
  const { signal } = onStopRequest(printer);
  const confirm = async (): Promise<boolean> => yes || (await askPerson('Do this on these servers?', signal));
  const played = await playOnOwnServers({ servers, environment: process.env, printer, signal, confirm });
  if (!played) printer.line('nothing was done');
  return played ? 0 : 1;
}

/** Without a terminal nobody can be asked, and nothing is done. */
async function askPerson(question: string, signal: AbortSignal): Promise<boolean> {
  if (process.stdin.isTTY !== true) {
    throw new ToolError('nobody can be asked: this is no terminal', { fix: 'say --yes' });
  }
  const reader = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(es)?$/i.test((await reader.question(`${question} [y/N] `, { signal })).trim());
  } finally {
    reader.close();
  }
}

async function main(): Promise<number> {
  try {
    const options = parseOptions(process.argv.slice(2), folders);
    if (options?.own === true) return await ownDemo(options);
    if (options !== undefined) return await demo(options);
    process.stdout.write(usage);
    return 0;
  } catch (error) {
    if (error instanceof Interrupted) return 130;
    process.stderr.write(error instanceof StackError ? `Error: ${error.message}\n` : failureText(error));
    return 1;
  }
}

process.exit(await main());
