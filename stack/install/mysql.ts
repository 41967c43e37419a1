import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StackError } from '../errors.ts';
import { fillOnce } from './cached.ts';
import type { InstallContext } from './context.ts';
import { findProgram } from './find.ts';
import { runLogged } from './run.ts';

/** How to start a mysqld: the program with what has to stand before its own flags, and its base folder when that is not the usual one. */
export interface MysqlProgram {
  readonly file: string;
  readonly before: readonly string[];
  readonly baseFlags: readonly string[];
}

const systemFolders = ['/usr/sbin', '/usr/local/sbin'];
const serverPackage = 'mysql-server-core';
/** Packages that the server needs only for its scripts. */
const unneeded = /^(perl|libperl|libgdbm|libdb5)/;

/** The machine's own mysqld, or the one that was unpacked here; undefined when there is neither. */
export function findMysql(context: InstallContext): MysqlProgram | undefined {
  const own = findProgram('mysqld', context.path, systemFolders);
  // Where MariaDB stands in for MySQL its program may bear the name too.
  const version = own === undefined ? '' : spawnSync(own, ['--no-defaults', '--version'], { encoding: 'utf8' }).stdout;
  if (own !== undefined && !/mariadb/i.test(version)) return { file: own, before: [], baseFlags: [] };
  return unpacked(folderOf(context));
}

const folderOf = ({ cache }: InstallContext): string => join(cache, 'mysql');

/** The packages are of another release than the machine, so they run with their own loader and libraries. */
function unpacked(folder: string): MysqlProgram | undefined {
  const usr = join(folder, 'root/usr');
  const libraries = existsSync(join(usr, 'lib')) ? readdirSync(join(usr, 'lib')) : [];
  const triplet = libraries.find((name) => name.endsWith('-linux-gnu'));
  if (triplet === undefined || !existsSync(join(usr, 'sbin/mysqld'))) return undefined;
  const library = join(usr, 'lib', triplet);
  const loader = readdirSync(library).find((name) => /^ld-linux-.*\.so\.\d$/.test(name));
  if (loader === undefined) return undefined;
  return {
    file: join(library, loader),
    before: ['--library-path', library, join(usr, 'sbin/mysqld')],
    baseFlags: [`--basedir=${usr}`, `--lc-messages-dir=${join(usr, 'share/mysql')}`],
  };
}

/**
 * Unpacks MySQL and all it needs from Debian's development release into the cache; stable releases have MariaDB only. Nothing of the machine's own
 * packages changes. @throws StackError where apt knows no Debian source.
 */
export async function installMysql(context: InstallContext, say: (detail: string) => void): Promise<void> {
  await fillOnce(context, folderOf(context), say, async (aside) => {
    const apt = aptIn(context, aside, say);
    await apt('apt-get', ['update']);
    const wanted = apt.lines('apt-cache', ['depends', '--recurse', '--important', serverPackage]);
    const names = [...new Set(wanted.filter((line) => /^[a-z0-9]/.test(line)))].filter((name) => !unneeded.test(name));
    await apt('apt-get', ['download', ...names]);
    mkdirSync(join(aside, 'root'));
    for (const name of readdirSync(aside).filter((file) => file.endsWith('.deb')))
      await apt('dpkg-deb', ['-x', name, 'root'], []);
    if (unpacked(aside) === undefined) throw new StackError({ kind: 'no-package-manager', packages: [serverPackage] });
  });
}

interface Apt {
  (program: string, args: readonly string[], options?: readonly string[]): Promise<void>;
  lines(program: string, args: readonly string[]): readonly string[];
}

/** apt with lists and settings of its own in a folder. */
function aptIn(context: InstallContext, folder: string, say: (detail: string) => void): Apt {
  const own = { Etc: join(folder, 'etc'), State: join(folder, 'state'), Cache: join(folder, 'cache') };
  const parts = { ...own, 'Etc::TrustedParts': '/etc/apt/trusted.gpg.d' };
  for (const part of ['etc/sources.list.d', 'etc/preferences.d', 'etc/apt.conf.d', 'state/lists/partial'])
    mkdirSync(join(folder, part), { recursive: true });
  mkdirSync(join(folder, 'cache/archives/partial'), { recursive: true });
  writeFileSync(join(folder, 'etc/sources.list'), `deb ${debianSource(context)} sid main\n`);
  const options = Object.entries(parts).flatMap(([name, path]) => ['-o', `Dir::${name}=${path}`]);
  const user = context.asRoot ? ['-o', 'APT::Sandbox::User=root'] : [];
  const all = [...options, ...user];
  const run = async (program: string, args: readonly string[], given: readonly string[] = all): Promise<void> =>
    runLogged({
      file: programOf(context, program),
      args: [...given, ...args],
      cwd: folder,
      env: context.env,
      log: join(context.logs, 'mysql.log'),
      what: 'MySQL',
      onLine: (line) => say(line.slice(0, 100)),
    });
  const lines = (program: string, args: readonly string[]): readonly string[] =>
    spawnSync(programOf(context, program), [...all, ...args], { encoding: 'utf8', env: context.env }).stdout.split(
      '\n',
    );
  return Object.assign(run, { lines });
}

function programOf({ path }: InstallContext, name: string): string {
  const found = findProgram(name, path, ['/usr/bin']);
  if (found === undefined) throw new StackError({ kind: 'no-package-manager', packages: [serverPackage] });
  return found;
}

/** Of package debian-archive-keyring, which apt itself needs; without it the keys are where apt looks by itself. */
const debianKeys = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** Where this machine gets Debian's packages, with the keys it trusts for them. */
function debianSource(context: InstallContext): string {
  const format = '$(REPO_URI) $(ORIGIN) $(COMPONENT)';
  const { stdout } = spawnSync(programOf(context, 'apt-get'), ['indextargets', '--format', format], {
    encoding: 'utf8',
    env: context.env,
  });
  const sources = stdout.split('\n').map((line) => line.split(' '));
  const found = sources.find(([uri = '', origin, component]) => {
    return origin === 'Debian' && component === 'main' && !uri.includes('security');
  });
  const uri = found?.[0];
  if (uri === undefined) throw new StackError({ kind: 'no-package-manager', packages: [serverPackage] });
  return existsSync(debianKeys) ? `[signed-by=${debianKeys}] ${uri}` : uri;
}
