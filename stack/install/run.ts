import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import { setPriority } from 'node:os';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { StackError } from '../errors.ts';
import { lastLines } from '../processes.ts';

export interface LoggedCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Both outputs are appended here. */
  readonly log: string;
  /** For the message when it fails, for example `etcd v3.6.5`. */
  readonly what: string;
  readonly onLine: (line: string) => void;
  /** Run as this user and group; only root can ask for it. */
  readonly runAs?: { readonly uid: number; readonly gid: number } | undefined;
}

/** A quieter place in the queue for the processor, so that the machine stays usable while it builds. */
const buildPriority = 5;

/** Runs a command to its end; throws `install-failed` with the last lines of its log when it fails. */
export async function runLogged(command: LoggedCommand): Promise<void> {
  mkdirSync(dirname(command.log), { recursive: true });
  const log = createWriteStream(command.log, { flags: 'a' });
  const shown = [command.file, ...command.args].join(' ');
  log.write(`$ ${shown}\n`);
  const failure = await finish(command, log);
  await new Promise<void>((resolve) => log.end(resolve));
  if (failure === undefined) return;
  throw new StackError({
    kind: 'install-failed',
    what: command.what,
    command: `${shown} (${failure})`,
    log: command.log,
    lastLines: lastLines(command.log, 15),
  });
}

/** Resolves with how it failed, or undefined. */
async function finish(command: LoggedCommand, log: NodeJS.WritableStream): Promise<string | undefined> {
  const child = spawn(command.file, [...command.args], {
    cwd: command.cwd,
    env: command.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...command.runAs,
  });
  lowerPriority(child.pid);
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      log.write(`${line}\n`);
      command.onLine(line);
    });
  }
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(code === 0 ? undefined : `exit ${signal ?? code}`));
  });
}

function lowerPriority(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    setPriority(pid, buildPriority);
  } catch {
    // Only a courtesy.
  }
}
