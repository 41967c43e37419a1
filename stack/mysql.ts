import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { type Environment, serverEnvironment } from './environment.ts';
import { StackError } from './errors.ts';
import { installContext } from './install/context.ts';
import { findMysql, installMysql, type MysqlProgram } from './install/mysql.ts';
import { runLogged } from './install/run.ts';
import { isPortFree, portRange } from './ports.ts';
import { lastLines } from './processes.ts';
import { type OnProgress, withProgress } from './progress.ts';
import { loopback } from './servers/definition.ts';

/** A MySQL server for those who ask for one; it is no server of the stack. It ends with `stop`, and with the process that started it. */
export interface RunningMysql {
  /** mysql:// with the password of an account that may do everything. */
  readonly url: string;
  /** As the server says it, `9.7.4-2`. */
  readonly version: string;
  stop(): Promise<void>;
}

export interface MysqlOptions {
  /** Made when missing; an existing one is used again. */
  readonly dataDir: string;
  readonly onProgress?: OnProgress;
  readonly environment?: Environment;
}

const readyWithinMs = 120_000;

interface Place {
  readonly program: MysqlProgram;
  readonly root: string;
  readonly log: string;
  readonly env: Readonly<Record<string, string>>;
  readonly asRoot: boolean;
}

/**
 * Starts a server on a free port of the loopback and returns when it takes connections. Where the machine has no MySQL, Debian's is unpacked
 * into the cache. @throws StackError with the text for a person.
 */
export async function startMysql(options: MysqlOptions): Promise<RunningMysql> {
  const place = await openPlace(options);
  const password = await makeDataFolder(place);
  const port = await freePort();
  const child = launch(place, port);
  const access = { host: loopback, port, user: 'root', password };
  const version = await untilReady(child, access, place.log);
  return {
    url: `mysql://root:${password}@${loopback}:${port}`,
    version,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exit = once(child, 'exit');
      child.kill('SIGTERM');
      await exit;
    },
  };
}

async function openPlace({ dataDir, onProgress, environment = process.env }: MysqlOptions): Promise<Place> {
  const context = installContext(environment);
  if (findMysql(context) === undefined) {
    const step = { phase: 'install', step: 1, of: 1, what: 'MySQL (apt-get)' } as const;
    await withProgress(onProgress ?? (() => undefined), step, (say) => installMysql(context, say));
  }
  const program = findMysql(context);
  if (program === undefined) throw new StackError({ kind: 'tool-missing', tool: 'mysqld', neededFor: 'MySQL' });
  const root = resolve(dataDir);
  mkdirSync(join(root, 'temporary'), { recursive: true, mode: 0o700 });
  return { program, root, log: join(root, 'mysql.log'), env: serverEnvironment(environment), asRoot: context.asRoot };
}

const dataOf = ({ root }: Place): string => join(root, 'data');
const initFileOf = ({ root }: Place): string => join(root, 'init.sql');

function flagsOf(place: Place): readonly string[] {
  return [
    '--no-defaults',
    ...place.program.baseFlags,
    ...(place.asRoot ? ['--user=root'] : []),
    `--datadir=${dataOf(place)}`,
    `--tmpdir=${join(place.root, 'temporary')}`,
    '--secure-file-priv=NULL',
  ];
}

/** Sets the password at each start, from a file that only we can read. */
async function makeDataFolder(place: Place): Promise<string> {
  const passwordFile = join(place.root, 'password');
  if (existsSync(passwordFile)) return readFileSync(passwordFile, 'utf8');
  rmSync(dataOf(place), { recursive: true, force: true });
  const { program, env, log } = place;
  const args = [...program.before, ...flagsOf(place), '--initialize-insecure'];
  const what = 'the MySQL data folder';
  await runLogged({ file: program.file, args, cwd: '/', env, log, what, onLine: () => undefined });
  const password = randomBytes(24).toString('hex');
  const account = `'root'@'${loopback}'`;
  const statements = [
    `CREATE USER IF NOT EXISTS ${account};`,
    `ALTER USER ${account} IDENTIFIED BY '${password}';`,
    `GRANT ALL PRIVILEGES ON *.* TO ${account} WITH GRANT OPTION;`,
    `ALTER USER 'root'@'localhost' IDENTIFIED BY '${password}';`,
  ];
  writeFileSync(initFileOf(place), `${statements.join('\n')}\n`, { mode: 0o600 });
  writeFileSync(passwordFile, password, { mode: 0o600 });
  return password;
}

async function freePort(): Promise<number> {
  for (let port: number = portRange.to; port >= portRange.from; port -= 1) if (await isPortFree(port)) return port;
  throw new StackError({ kind: 'no-free-port', ...portRange });
}

function launch(place: Place, port: number): ChildProcess {
  const own = [
    `--bind-address=${loopback}`,
    `--port=${port}`,
    '--mysqlx=OFF',
    '--socket=mysql.sock',
    `--pid-file=${join(place.root, 'mysql.pid')}`,
    `--init-file=${initFileOf(place)}`,
    '--skip-log-bin',
    '--innodb-buffer-pool-size=128M',
    '--innodb-flush-log-at-trx-commit=2',
    '--max-allowed-packet=64M',
  ];
  const log = openSync(place.log, 'a');
  const child = spawn(place.program.file, [...place.program.before, ...flagsOf(place), ...own], {
    cwd: '/',
    env: place.env,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  process.once('exit', () => child.kill('SIGKILL'));
  return child;
}

async function untilReady(
  child: ChildProcess,
  access: { host: string; port: number; user: string; password: string },
  log: string,
): Promise<string> {
  const until = performance.now() + readyWithinMs;
  let spawnError: string | undefined;
  child.once('error', (error) => (spawnError = error.message));
  for (;;) {
    const answer = await probe(access);
    if (answer.kind === 'ready') return answer.version;
    const ended = spawnError ?? (child.exitCode === null ? undefined : `exit code ${child.exitCode}`);
    if (ended !== undefined || performance.now() > until) {
      child.kill('SIGKILL');
      const problem = { what: 'MySQL', command: `mysqld (${ended ?? answer.why})`, log, lastLines: lastLines(log, 15) };
      throw new StackError({ kind: 'install-failed', ...problem });
    }
    await sleep(200);
  }
}

type Probe = { readonly kind: 'ready'; readonly version: string } | { readonly kind: 'notYet'; readonly why: string };

async function probe(access: { host: string; port: number; user: string; password: string }): Promise<Probe> {
  try {
    const connection = await createConnection({ ...access, connectTimeout: 2_000 });
    const [rows] = await connection.query<RowDataPacket[]>('SELECT VERSION() AS version');
    await connection.end();
    return { kind: 'ready', version: String(rows[0]?.['version']) };
  } catch (error) {
    return { kind: 'notYet', why: error instanceof Error ? error.message : String(error) };
  }
}
