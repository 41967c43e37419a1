import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { StackError } from '../errors.ts';
import { toolFolder } from '../paths.ts';
import { fillOnce } from './cached.ts';
import type { InstallContext } from './context.ts';
import { runLogged } from './run.ts';

export interface PrometheusPrograms {
  readonly prometheus: string;
  readonly promtool: string;
}

const folderOf = (context: InstallContext): string => toolFolder(context.cache, 'prometheus', 'debian');

function programsIn(folder: string): PrometheusPrograms | undefined {
  const programs = { prometheus: join(folder, 'prometheus'), promtool: join(folder, 'promtool') };
  return Object.values(programs).every((file) => existsSync(file)) ? programs : undefined;
}

/**
 * Prometheus and its checker of rules, of Debian's package. The package is unpacked, not installed: its scripts would start a server for the whole
 * network.
 *
 * @throws StackError with the text for a person.
 */
export async function ensurePrometheus(
  context: InstallContext,
  say: (detail: string) => void,
): Promise<PrometheusPrograms> {
  const bin = join(folderOf(context), 'unpacked', 'usr', 'bin');
  const log = join(context.logs, 'prometheus.log');
  await fillOnce(context, folderOf(context), say, async (aside) => {
    const command = { cwd: aside, env: context.env, log, what: 'prometheus', onLine: say };
    await runLogged({ ...command, file: 'apt-get', args: ['update'] }).catch(() =>
      say('package lists are as they were'),
    );
    await runLogged({ ...command, file: 'apt-get', args: ['download', 'prometheus'] });
    const [archive] = readdirSync(aside).filter((name) => name.endsWith('.deb'));
    await runLogged({ ...command, file: 'dpkg-deb', args: ['-x', archive ?? 'no package', 'unpacked'] });
  });
  const programs = programsIn(bin);
  if (programs !== undefined) return programs;
  throw new StackError({ kind: 'tool-missing', tool: 'prometheus', neededFor: 'checking alerts and dashboards' });
}
