import { installContext, type InstallContext } from '../../stack/install/context.ts';
import { findProgram } from '../../stack/install/find.ts';
import { installPackages } from '../../stack/install/mariadb.ts';

/** Shells whose completion is tested by themselves; bash is everywhere. */
const shells = ['fish', 'zsh'] as const;

export function missingShells({ path }: Pick<InstallContext, 'path'>): readonly string[] {
  return shells.filter((shell) => findProgram(shell, path) === undefined);
}

/** Installs the shells that are missing where packages of Debian may be installed; elsewhere says what is left out. */
export async function ensureShells(say: (line: string) => void): Promise<void> {
  const context = installContext(process.env);
  const packages = missingShells(context);
  if (packages.length === 0) return;
  try {
    await installPackages(context, { packages, log: 'shells.log' }, () => undefined);
  } catch (error) {
    say(
      `completion in ${packages.join(' and ')} is not tested: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
