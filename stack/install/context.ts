import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Environment, installerEnvironment } from '../environment.ts';
import { cacheRoot } from '../paths.ts';

/** What every installer may know. */
export interface InstallContext {
  readonly cache: string;
  readonly logs: string;
  readonly env: Readonly<Record<string, string>>;
  readonly path: string | undefined;
  readonly pid: number;
  readonly asRoot: boolean;
}

export function installContext(environment: Environment): InstallContext {
  const cache = cacheRoot(environment, homedir());
  return {
    cache,
    logs: join(cache, 'logs'),
    env: installerEnvironment(environment),
    path: environment['PATH'],
    pid: process.pid,
    asRoot: process.getuid?.() === 0,
  };
}
