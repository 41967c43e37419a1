import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createConnection } from 'mysql2/promise';
import { StackError } from '../errors.ts';
import { writeWhole } from '../files.ts';
import { lastLines } from '../processes.ts';
import { loopback, nothing, ready, type ServerContext, type ServerDefinition } from './definition.ts';

const run = promisify(execFile);

/** Run at each start. One statement a line, as the server reads it; the password is hexadecimal. */
export function initSql(password: string): string {
  const statements = ['localhost', loopback].flatMap((host) => [
    `CREATE USER IF NOT EXISTS 'root'@'${host}';`,
    `ALTER USER 'root'@'${host}' IDENTIFIED BY '${password}';`,
    `GRANT ALL PRIVILEGES ON *.* TO 'root'@'${host}' WITH GRANT OPTION;`,
  ]);
  return `${statements.join('\n')}\n`;
}

const asRootFlag = (context: ServerContext): readonly string[] => (context.asRoot ? ['--user=root'] : []);

/** Makes the system tables in a folder aside and moves it into place, so a half-made one is never used. */
async function makeDataFolder(context: ServerContext): Promise<void> {
  const { paths, tools, env } = context;
  if (existsSync(join(paths.mariadb, 'mysql'))) return;
  const aside = `${paths.mariadb}.new`;
  const log = join(paths.logs, 'mariadb-install.log');
  rmSync(aside, { recursive: true, force: true });
  rmSync(paths.mariadb, { recursive: true, force: true });
  mkdirSync(paths.logs, { recursive: true });
  const args = ['--no-defaults', `--datadir=${aside}`, '--auth-root-authentication-method=normal', '--skip-test-db'];
  try {
    const { stdout, stderr } = await run(tools.mariadbInstallDb, [...args, ...asRootFlag(context)], { env });
    writeFileSync(log, stdout + stderr);
  } catch (error) {
    writeFileSync(log, error instanceof Error ? error.message : String(error));
    const command = `${tools.mariadbInstallDb} ${args.join(' ')}`;
    throw new StackError({
      kind: 'install-failed',
      what: 'the MariaDB data folder',
      command,
      log,
      lastLines: lastLines(log, 15),
    });
  }
  renameSync(aside, paths.mariadb);
}

const initFile = (context: ServerContext): string => join(context.paths.config, 'mariadb-init.sql');

export const mariadb: ServerDefinition = {
  needs: [],
  ports: ['mariadb'],
  address: (ports) => `${loopback}:${ports.mariadb}`,
  prepare: async (context) => {
    await makeDataFolder(context);
    writeWhole(initFile(context), initSql(context.secrets.mysqlPassword));
  },
  command: (context) => ({
    file: context.tools.mariadbd,
    cwd: context.paths.root,
    env: context.env,
    args: [
      '--no-defaults',
      ...asRootFlag(context),
      `--datadir=${context.paths.mariadb}`,
      `--bind-address=${loopback}`,
      `--port=${context.ports.mariadb}`,
      // Relative to the data folder: an absolute path may be longer than a socket's name can be.
      '--socket=mariadb.sock',
      '--pid-file=mariadb.pid',
      `--init-file=${initFile(context)}`,
      '--skip-name-resolve',
      '--skip-log-bin',
      '--character-set-server=utf8mb4',
      '--collation-server=utf8mb4_unicode_ci',
      '--max-connections=500',
      '--innodb-buffer-pool-size=256M',
      '--innodb-flush-log-at-trx-commit=2',
      '--max-allowed-packet=64M',
    ],
  }),
  probe: async ({ ports, secrets }) => {
    const connection = await createConnection({
      host: loopback,
      port: ports.mariadb,
      user: 'root',
      password: secrets.mysqlPassword,
      connectTimeout: 2_000,
    });
    await connection.end();
    return ready;
  },
  settle: nothing,
  readyWithinMs: 60_000,
  stopWithinMs: 30_000,
};
