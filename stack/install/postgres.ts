import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findProgram } from './find.ts';
import type { InstallContext } from './context.ts';
import { installPackages } from './mariadb.ts';

/** Debian makes a cluster of its own with this package, which is left alone. */
const packages = ['postgresql'] as const;

/** Debian keeps the programs of each version in a folder that is on nobody's PATH. */
const versionsFolder = '/usr/lib/postgresql';

/** The folder with the programs of the newest PostgreSQL of the machine, or undefined. */
export function findPostgres({ path }: Pick<InstallContext, 'path'>): string | undefined {
  const versions = existsSync(versionsFolder) ? readdirSync(versionsFolder) : [];
  const folders = versions
    .toSorted((left, right) => Number(right) - Number(left))
    .map((version) => join(versionsFolder, version, 'bin'));
  const onPath = findProgram('initdb', path);
  const candidates = onPath === undefined ? folders : [...folders, dirname(onPath)];
  return candidates.find((folder) => ['initdb', 'postgres'].every((name) => existsSync(join(folder, name))));
}

export function installPostgres(context: InstallContext, say: (detail: string) => void): Promise<void> {
  return installPackages(context, { packages, log: 'postgres.log' }, say);
}
