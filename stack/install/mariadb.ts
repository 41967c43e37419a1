import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { StackError } from '../errors.ts';
import type { InstallContext } from './context.ts';
import { findProgram } from './find.ts';
import { runLogged } from './run.ts';

/** The programs without a service: nothing is started and no data folder is made by installing them. */
export const mariadbPackages = ['mariadb-server-core', 'mariadb-client-core'] as const;

/** Folders that are often not on the PATH of a user. */
const systemFolders = ['/usr/sbin', '/usr/local/sbin', '/usr/bin', '/usr/local/bin'];

export interface MariadbPrograms {
  readonly mariadbd: string;
  readonly mariadbInstallDb: string;
}

/** The installed server and the program that makes its data folder, or undefined when one of them is missing. */
export function findMariadb(context: InstallContext): MariadbPrograms | undefined {
  const mariadbd = findProgram('mariadbd', context.path, systemFolders);
  const mariadbInstallDb = findProgram('mariadb-install-db', context.path, systemFolders);
  // The installer asks this one for its defaults; it is of another package.
  const helper = findProgram('my_print_defaults', context.path, systemFolders);
  if (mariadbd === undefined || mariadbInstallDb === undefined || helper === undefined) return undefined;
  return { mariadbd, mariadbInstallDb };
}

/** Installs the Debian packages of MariaDB. */
export async function installMariadb(context: InstallContext, say: (detail: string) => void): Promise<void> {
  await installPackages(context, { packages: mariadbPackages, log: 'mariadb.log' }, say);
}

/** Installs Debian packages with apt-get, as root or by a sudo that asks for no password. */
export async function installPackages(
  context: InstallContext,
  { packages, log: logName }: { readonly packages: readonly string[]; readonly log: string },
  say: (detail: string) => void,
): Promise<void> {
  const apt = findProgram('apt-get', context.path, systemFolders);
  if (apt === undefined) throw new StackError({ kind: 'no-package-manager', packages });
  const env = { ...context.env, DEBIAN_FRONTEND: 'noninteractive' };
  const prefix = rightToInstall(context, packages);
  const lock = ['-o', 'DPkg::Lock::Timeout=300'];
  const log = join(context.logs, logName);
  for (const args of [['update'], ['install', '-y', '--no-install-recommends', ...packages]]) {
    const [file = apt, ...rest] = [...prefix, apt, ...lock, ...args];
    const onLine = (line: string): void => say(line.slice(0, 100));
    await runLogged({ file, args: rest, cwd: '/', env, log, what: packages.join(' and '), onLine });
  }
}

function rightToInstall(context: InstallContext, packages: readonly string[]): readonly string[] {
  if (context.asRoot) return [];
  const sudo = findProgram('sudo', context.path, systemFolders);
  if (sudo !== undefined && spawnSync(sudo, ['-n', 'true'], { stdio: 'ignore' }).status === 0) return [sudo, '-n'];
  throw new StackError({ kind: 'no-right-to-install', packages });
}
