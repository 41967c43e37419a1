import { readFile } from 'node:fs/promises';
import { delimiter, dirname, resolve } from 'node:path';
import { at, isJsonObject, type Json, listAt, textAt } from '../../domain/api/json.ts';

/**
 * What plain kubeconfigs say, read without the Kubernetes library, which takes longer to load than a Tab key may take. Undefined for everything that needs
 * the library (a command or provider that makes tokens, a proxy, a password, impersonation) and for what cannot be read: the library tells why.
 */
export interface PlainAccess {
  readonly server: URL;
  readonly token: string | undefined;
  readonly tls: {
    readonly ca?: string | undefined;
    readonly cert?: string | undefined;
    readonly key?: string | undefined;
    readonly servername?: string | undefined;
    readonly rejectUnauthorized?: boolean;
  };
}

interface Found {
  readonly entry: Json;
  readonly folder: string;
}

const clusterKeys: ReadonlySet<string> = new Set([
  'server',
  'certificate-authority',
  'certificate-authority-data',
  'insecure-skip-tls-verify',
  'tls-server-name',
  'extensions',
]);
const userKeys: ReadonlySet<string> = new Set([
  'token',
  'tokenFile',
  'client-certificate',
  'client-certificate-data',
  'client-key',
  'client-key-data',
]);

export async function readPlainAccess(paths: string, context: string | undefined): Promise<PlainAccess | undefined> {
  try {
    const { parse } = await import('yaml');
    const files = paths.split(delimiter).filter((path) => path !== '');
    const read = async (path: string) => ({
      config: parse(await readFile(path, 'utf8')) as Json,
      folder: dirname(path),
    });
    const configs = await Promise.all(files.map(read));
    const named = (list: string, name: string | undefined): readonly Found[] =>
      configs.flatMap(({ config, folder }) =>
        listAt(config, list).flatMap((entry) => (textAt(entry, 'name') === name ? [{ entry, folder }] : [])),
      );
    const current = context ?? configs.map(({ config }) => textAt(config, 'current-context')).find((name) => name);
    const [place] = named('contexts', current);
    const [cluster] = named('clusters', textAt(place?.entry, 'context', 'cluster'));
    const [user] = named('users', textAt(place?.entry, 'context', 'user'));
    return cluster === undefined || user === undefined ? undefined : await accessOf(cluster, user);
  } catch {
    return undefined;
  }
}

async function accessOf(cluster: Found, user: Found): Promise<PlainAccess | undefined> {
  const [where, who] = [at(cluster.entry, 'cluster'), at(user.entry, 'user')];
  if (!hasOnly(where, clusterKeys) || !hasOnly(who, userKeys)) return undefined;
  const server = new URL(textAt(where, 'server') ?? '');
  const insecure = at(where, 'insecure-skip-tls-verify') === true;
  if (server.protocol !== 'https:' && !insecure) return undefined;
  const tokenFile = textAt(who, 'tokenFile');
  const token = textAt(who, 'token') || (tokenFile === undefined ? undefined : await textOf(user, tokenFile));
  const servername = textAt(where, 'tls-server-name');
  const tls = {
    ca: await pemOf(cluster, where, 'certificate-authority'),
    cert: await pemOf(user, who, 'client-certificate'),
    key: await pemOf(user, who, 'client-key'),
    ...(servername === undefined ? {} : { servername }),
    ...(insecure ? { rejectUnauthorized: false } : {}),
  };
  return { server, token: token?.trim(), tls };
}

function hasOnly(block: Json | undefined, known: ReadonlySet<string>): boolean {
  return isJsonObject(block) && Object.keys(block).every((key) => known.has(key));
}

/** Relative paths are meant from the file that has them. */
const textOf = ({ folder }: Found, path: string): Promise<string> => readFile(resolve(folder, path), 'utf8');

async function pemOf(found: Found, block: Json | undefined, key: string): Promise<string | undefined> {
  const data = textAt(block, `${key}-data`);
  if (data !== undefined) return Buffer.from(data, 'base64').toString('utf8');
  const path = textAt(block, key);
  return path === undefined ? undefined : textOf(found, path);
}
