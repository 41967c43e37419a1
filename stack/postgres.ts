import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createConnection } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Environment, serverEnvironment } from './environment.ts';
import { StackError } from './errors.ts';
import { installContext } from './install/context.ts';
import { findPostgres, installPostgres } from './install/postgres.ts';
import { runLogged } from './install/run.ts';
import { isPortFree, portRange } from './ports.ts';
import { lastLines } from './processes.ts';
import { type OnProgress, withProgress } from './progress.ts';
import { loopback } from './servers/definition.ts';

/**
 * A PostgreSQL server for those who ask for one: it is no server of the stack, so a start of the stack does not pay for it. It ends with `stop`, and with
 * the process that started it.
 */
export interface RunningPostgres {
  /** postgres:// with the password of a role that may do everything. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** Ends the server, at once when `how` is `kill`, and starts it again on the same port and data. */
  restart(how?: 'ask' | 'kill'): Promise<void>;
  stop(): Promise<void>;
}

export interface PostgresOptions {
  /** Made when missing; an existing one is used again. */
  readonly dataDir: string;
  readonly onProgress?: OnProgress;
  readonly environment?: Environment;
  /** Certificate, with what signs it, and key, both PEM; with them the server offers TLS. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Settings as on the server's command line. */
  readonly settings?: Readonly<Record<string, string>>;
}

const user = 'postgres';
const readyWithinMs = 60_000;

/** The server refuses to run as root, so root starts it as nobody. */
const nobody = { uid: 65_534, gid: 65_534 };

interface Place {
  readonly programs: string;
  readonly folder: string;
  readonly log: string;
  readonly env: Readonly<Record<string, string>>;
  readonly runAs: typeof nobody | undefined;
  readonly settings: Readonly<Record<string, string>>;
}

/**
 * Starts a server on a free port of the loopback and returns when it takes connections. Installs PostgreSQL when the machine has none.
 * @throws StackError with the text for a person.
 */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const place = await openPlace(options);
  const password = await makeDataFolder(place);
  if (options.tls !== undefined) writeTls(place, options.tls);
  const port = await freePort();
  let child = await launch(place, port);
  const stop = (signal: NodeJS.Signals): Promise<void> => end(child, signal);
  return {
    url: `postgres://${user}:${password}@${loopback}:${port}/postgres`,
    host: loopback,
    port,
    user,
    password,
    restart: async (how = 'ask') => {
      await stop(how === 'kill' ? 'SIGKILL' : 'SIGINT');
      child = await launch(place, port);
    },
    // SIGINT: clients are disconnected, the data is written.
    stop: () => stop('SIGINT'),
  };
}

async function openPlace({
  dataDir,
  environment = process.env,
  onProgress,
  settings = {},
}: PostgresOptions): Promise<Place> {
  const context = installContext(environment);
  if (findPostgres(context) === undefined) {
    const step = { phase: 'install', step: 1, of: 1, what: 'PostgreSQL (apt-get)' } as const;
    await withProgress(onProgress ?? (() => undefined), step, (say) => installPostgres(context, say));
  }
  const programs = findPostgres(context);
  if (programs === undefined) throw new StackError({ kind: 'tool-missing', tool: 'postgres', neededFor: 'PostgreSQL' });
  const root = resolve(dataDir);
  const runAs = context.asRoot ? nobody : undefined;
  mkdirSync(root, { recursive: true, mode: 0o700 });
  // The server's user has to get through to its own folder; it can list or read nothing else here.
  if (runAs !== undefined) chmodSync(root, 0o711);
  const folder = join(root, 'postgres');
  return { programs, folder, log: join(root, 'postgres.log'), env: serverEnvironment(environment), runAs, settings };
}

async function makeDataFolder({ programs, folder, log, env, runAs }: Place): Promise<string> {
  const passwordFile = `${folder}.password`;
  if (existsSync(join(folder, 'PG_VERSION'))) return readFileSync(passwordFile, 'utf8');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { mode: 0o700 });
  const password = randomBytes(24).toString('hex');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (runAs !== undefined) for (const path of [folder, passwordFile]) chownSync(path, runAs.uid, runAs.gid);
  const access = [`--username=${user}`, `--pwfile=${passwordFile}`, '--auth=scram-sha-256'];
  const args = ['-D', folder, '--encoding=UTF8', '--locale=C', '--no-sync', ...access];
  const what = 'the PostgreSQL data folder';
  await runLogged({ file: join(programs, 'initdb'), args, cwd: '/', env, log, what, onLine: () => undefined, runAs });
  return password;
}

const tlsFiles = { cert: 'server.crt', key: 'server.key' } as const;

function writeTls({ folder, runAs }: Place, tls: { readonly cert: string; readonly key: string }): void {
  for (const part of ['cert', 'key'] as const) {
    const file = join(folder, tlsFiles[part]);
    writeFileSync(file, tls[part], { mode: 0o600 });
    if (runAs !== undefined) chownSync(file, runAs.uid, runAs.gid);
  }
}

async function freePort(): Promise<number> {
  for (let port: number = portRange.to; port >= portRange.from; port -= 1) if (await isPortFree(port)) return port;
  throw new StackError({ kind: 'no-free-port', ...portRange });
}

/** A server that was killed leaves workers that end by themselves; until then a new one refuses the data folder. */
const oldWorkers = 'pre-existing shared memory block';

async function launch(place: Place, port: number): Promise<ChildProcess> {
  const until = performance.now() + readyWithinMs;
  for (;;) {
    const said = existsSync(place.log) ? statSync(place.log).size : 0;
    const child = spawnServer(place, port);
    const problem = await untilReady(child, port, until);
    if (problem === undefined) {
      // Its workers end by themselves when it is gone.
      process.once('exit', () => child.kill('SIGKILL'));
      return child;
    }
    const isEarly = readFileSync(place.log).subarray(said).includes(oldWorkers);
    if (!isEarly || performance.now() > until) {
      const what = { what: 'PostgreSQL', command: `postgres (${problem})`, log: place.log };
      throw new StackError({ kind: 'install-failed', ...what, lastLines: lastLines(place.log, 15) });
    }
    await sleep(100);
  }
}

function spawnServer(place: Place, port: number): ChildProcess {
  const ssl = existsSync(join(place.folder, tlsFiles.key)) ? 'on' : 'off';
  const fixed = { ssl, listen_addresses: loopback, port: String(port), unix_socket_directories: '', fsync: 'off' };
  const flags = Object.entries({ ...fixed, ...place.settings }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const log = openSync(place.log, 'a');
  const child = spawn(join(place.programs, 'postgres'), ['-D', place.folder, ...flags], {
    cwd: '/',
    env: place.env,
    stdio: ['ignore', log, log],
    ...place.runAs,
  });
  closeSync(log);
  return child;
}

/** Why it takes no connections in time and was ended, or undefined. */
async function untilReady(child: ChildProcess, port: number, until: number): Promise<string | undefined> {
  let spawnError: string | undefined;
  child.once('error', (error) => (spawnError = error.message));
  for (;;) {
    const why = await probe(port);
    if (why === undefined) return undefined;
    const ended = spawnError ?? (child.exitCode === null ? undefined : `exit code ${child.exitCode}`);
    if (ended !== undefined || performance.now() > until) {
      child.kill('SIGKILL');
      return ended ?? why;
    }
    await sleep(100);
  }
}

/** What a login without a user gets: an error of the server, when it takes connections; 57P03 while it starts. */
const startupMessage = Buffer.from(`\0\0\0\u0014\0\u0003\0\0user\0probe\0\0`, 'latin1');

async function probe(port: number): Promise<string | undefined> {
  const socket = createConnection({ host: loopback, port });
  socket.setTimeout(2_000, () => socket.destroy(new Error('no answer')));
  try {
    await once(socket, 'connect');
    socket.write(startupMessage);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    return answer.toString('latin1').includes('57P03') ? 'the server is starting' : undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    socket.destroy();
  }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill(signal);
  await exit;
}
