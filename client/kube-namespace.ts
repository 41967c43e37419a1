import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Json } from '../domain/api/json.ts';
import { at, listAt, textAt } from '../domain/api/json.ts';

/**
 * What a kubeconfig says about its contexts. Read here and not by the Kubernetes library, because commands that only speak to Temporal need it
 * too and the library takes most of a second to load. A file that cannot be read names nothing; whoever connects reports it properly.
 */
type Read = (path: string) => Promise<string>;

async function readConfigs(paths: readonly string[], read: Read): Promise<readonly Json[]> {
  const { parse } = await import('yaml');
  const configs: Json[] = [];
  for (const path of paths) {
    const config = await read(path)
      .then((text) => parse(text) as Json)
      .catch(() => undefined);
    if (config !== undefined) configs.push(config);
  }
  return configs;
}

/** The namespace a context names; the current one when none is given. */
export async function readContextNamespace(
  paths: readonly string[],
  context: string | undefined,
  read: Read,
): Promise<string | undefined> {
  const configs = await readConfigs(paths, read);
  const current = context ?? configs.map((config) => textAt(config, 'current-context')).find((name) => name);
  const entry = configs
    .flatMap((config) => listAt(config, 'contexts'))
    .find((candidate) => textAt(candidate, 'name') === current);
  const namespace = textAt(at(entry, 'context'), 'namespace')?.trim();
  return namespace === '' ? undefined : namespace;
}

/** Names of all contexts, the first file's first. */
export async function readContextNames(paths: readonly string[], read: Read): Promise<readonly string[]> {
  const configs = await readConfigs(paths, read);
  const names = configs.flatMap((config) => listAt(config, 'contexts')).map((context) => textAt(context, 'name'));
  return [...new Set(names.flatMap((name) => name ?? []))];
}

export interface Environment {
  readonly [name: string]: string | undefined;
}

/** Files kubectl would read: the flag, else KUBECONFIG, else `~/.kube/config`. */
export function kubeconfigPaths(flag: string | undefined, environment: Environment): readonly string[] {
  if (flag !== undefined) return [flag];
  const listed = (environment['KUBECONFIG'] ?? '').split(delimiter).filter((path) => path !== '');
  return listed.length > 0 ? listed : [join(homedir(), '.kube', 'config')];
}
