import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import { writeWhole } from '../files.ts';
import { runLogged } from '../install/run.ts';
import { loopback, nothing, ready, type ServerContext, type ServerDefinition } from './definition.ts';

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
  const { paths } = context;
  if (existsSync(join(paths.mariadb, 'mysql'))) return;
  const aside = `${paths.mariadb}.new`;
  rmSync(aside, { recursive: true, force: true });
  rmSync(paths.mariadb, { recursive: true, force: true });
  mkdirSync(paths.logs, { recursive: true });
  mkdirSync(aside, { mode: 0o700 });
  // The installer is a shell script that breaks on a path with spaces, so it gets another name for the folder.
  const alias = mkdtempSync(join(tmpdir(), 'lynq-stack-'));
  symlinkSync(aside, join(alias, 'data'));
  try {
    await runInstaller(context, join(alias, 'data'));
  } finally {
    rmSync(alias, { recursive: true });
  }
  renameSync(aside, paths.mariadb);
}

async function runInstaller(context: ServerContext, folder: string): Promise<void> {
  const file = context.tools.mariadbInstallDb;
  const args = ['--no-defaults', `--datadir=${folder}`, '--auth-root-authentication-method=normal', '--skip-test-db'];
  const log = join(context.paths.logs, 'mariadb-install.log');
  const what = 'the MariaDB data folder';
  const withUser = [...args, ...asRootFlag(context)];
  await runLogged({ file, args: withUser, cwd: '/', env: context.env, log, what, onLine: () => undefined });
}

/**
 * TLS is on when somebody has put a certificate (with what signs it) and its key into the configuration folder before the start; `FLUSH SSL` takes
 * changed files. The demo needs none: everything is on the loopback.
 */
export const mariadbTlsFiles = ({ config }: Pick<ServerContext['paths'], 'config'>) => ({
  certificate: join(config, 'mariadb-server.pem'),
  key: join(config, 'mariadb-server.key'),
});

function tlsFlags({ paths }: ServerContext): readonly string[] {
  const { certificate, key } = mariadbTlsFiles(paths);
  return existsSync(certificate) ? [`--ssl-cert=${certificate}`, `--ssl-key=${key}`, `--ssl-ca=${certificate}`] : [];
}

const initFile = (context: ServerContext): string => join(context.paths.config, 'mariadb-init.sql');

export const mariadb: ServerDefinition = {
  needs: [],
  ports: ['mariadb'],
  address: (ports) => `${loopback}:${ports.mariadb}`,
  prepare: async (context) => {
    await makeDataFolder(context);
    mkdirSync(context.paths.mariadbTemporary, { recursive: true, mode: 0o700 });
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
      // A server that starts removes what it takes for leftovers in this folder, those of other running servers too.
      `--tmpdir=${context.paths.mariadbTemporary}`,
      `--bind-address=${loopback}`,
      `--port=${context.ports.mariadb}`,
      // Relative to the data folder: an absolute path may be longer than a socket's name can be.
      '--socket=mariadb.sock',
      '--pid-file=mariadb.pid',
      `--init-file=${initFile(context)}`,
      ...tlsFlags(context),
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
