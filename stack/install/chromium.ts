import { StackError } from '../errors.ts';
import type { InstallContext } from './context.ts';
import { findProgram } from './find.ts';
import { installPackages } from './mariadb.ts';

/** With letters, which a server often has none of. */
const packages = ['chromium', 'fonts-liberation'] as const;

const names = ['chromium', 'chromium-browser', 'google-chrome'] as const;

/** A Chromium of the machine: the one that CHROMIUM names, else the first on PATH or where packages put it. */
export function findChromium({ env, path }: Pick<InstallContext, 'env' | 'path'>): string | undefined {
  const named = env['CHROMIUM'];
  if (named !== undefined && named !== '') return named;
  return names
    .map((name) => findProgram(name, path, ['/usr/bin', '/usr/local/bin']))
    .find((file) => file !== undefined);
}

/**
 * A browser without a screen, for those who look at pages; Debian's package is installed where there is none.
 *
 * @throws StackError with the text for a person.
 */
export async function ensureChromium(context: InstallContext, say: (detail: string) => void): Promise<string> {
  const found = findChromium(context);
  if (found !== undefined) return found;
  const apt = findProgram('apt-get', context.path, ['/usr/bin']);
  if (apt !== undefined) await installPackages(context, { packages, log: 'chromium.log' }, say);
  const installed = findChromium(context);
  if (installed !== undefined) return installed;
  throw new StackError({ kind: 'tool-missing', tool: 'chromium', neededFor: 'looking at pages' });
}
