import { createHash } from 'node:crypto';
import type { RequestOptions } from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';
import type { Dispatcher } from 'undici';
import { LynqFailure } from '../../domain/failures.ts';
import { errorCode, loadKubeConfig, type KubeconfigSource } from './kubeconfig.ts';
import type { Timing } from './timing.ts';

/** How long credentials are used before the kubeconfig library is asked again; it refreshes tokens when they are due. */
const credentialsMilliseconds = 5_000;
const defaultConnections = 24;

export interface ConnectionOptions extends KubeconfigSource {
  /** Most connections for plain requests; a watch has one of its own. */
  readonly connections?: number | undefined;
}

/** What one request needs. Watches use their own dispatcher: they hold a connection for minutes and would starve the requests. */
export interface Session {
  readonly headers: Readonly<Record<string, string>>;
  readonly requests: Dispatcher;
  readonly streams: Dispatcher;
}

/** A way to one API server, with credentials that stay fresh. */
export interface Connection {
  /** Scheme, host and port. */
  readonly origin: string;
  /** Path in front of every API path (a gateway's), without a slash at the end. */
  readonly prefix: string;
  /** @throws LynqFailure ClusterUnreachable when credentials cannot be obtained. */
  session(): Promise<Session>;
  /** Forgets the credentials after the server refused them; the next session reads the kubeconfig again. */
  renew(): void;
  close(): Promise<void>;
}

export interface OpenedConnection extends Connection {
  readonly server: string;
  readonly context: string;
  /** Namespace of the context, `default` when it names none. */
  readonly namespace: string;
}

interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsOptions;
}

type TlsOptions = Pick<
  RequestOptions,
  'ca' | 'cert' | 'key' | 'pfx' | 'passphrase' | 'servername' | 'rejectUnauthorized'
>;

interface Dispatchers {
  readonly identity: string;
  readonly requests: Dispatcher;
  readonly streams: Dispatcher;
}

/**
 * Opens the way to an API server: one pool per TLS identity, HTTP/1.1 (HTTP/2 was three times slower, libraries.md 3.3), credentials of
 * any kind kubeconfig knows. No request is sent yet.
 */
export async function openConnection(options: ConnectionOptions, timing: Timing): Promise<OpenedConnection> {
  const config = await loadKubeConfig(options);
  // Costs 0.1 s and comes with the library above; see there.
  const undici = await import('undici');
  const coordinates = coordinatesOf(config);
  const limit = options.connections ?? defaultConnections;
  const dispatchers = keepDispatchers((proxy, tls, identity) =>
    openDispatchers(undici, coordinates.origin, proxy, { identity, tls, limit }),
  );
  const kept = keepSession(options, timing, config, (proxy, tls) => dispatchers.of(proxy, tls));
  return { ...coordinates, ...kept, close: () => dispatchers.close() };
}

type DispatchersOf = (proxy: string | undefined, tls: TlsOptions, identity: string) => Dispatchers;

/** One pair of dispatchers at a time; another identity retires the pair before. */
function keepDispatchers(open: DispatchersOf) {
  let current: Dispatchers | undefined;
  return {
    of(proxy: string | undefined, tls: TlsOptions): Dispatchers {
      const identity = identityOf(tls);
      if (current?.identity === identity) return current;
      if (current !== undefined) retire(current);
      current = open(proxy, tls, identity);
      return current;
    },
    async close(): Promise<void> {
      await Promise.all([current?.requests.close(), current?.streams.destroy()]);
    },
  };
}

/** Credentials that are used for seconds, and read anew from the kubeconfig after the server refused them. */
function keepSession(
  source: KubeconfigSource,
  timing: Timing,
  first: KubeConfig,
  dispatchersOf: (proxy: string | undefined, tls: TlsOptions) => Dispatchers,
): Pick<Connection, 'session' | 'renew'> {
  let config: KubeConfig | undefined = first;
  let cached: { readonly until: number; readonly session: Promise<Session> } | undefined;

  async function refresh(): Promise<Session> {
    config ??= await loadKubeConfig(source);
    const proxy = config.getCurrentCluster()?.proxyUrl;
    const { headers, tls } = await credentialsOf(config);
    const { requests, streams } = dispatchersOf(proxy, tls);
    return { headers, requests, streams };
  }
  function renew(): void {
    cached = undefined;
    config = undefined;
  }
  function session(): Promise<Session> {
    if (cached === undefined || cached.until <= timing.now()) {
      const fresh = refresh();
      cached = { until: timing.now() + credentialsMilliseconds, session: fresh };
      fresh.catch(renew);
    }
    return cached.session;
  }
  return { session, renew };
}

function coordinatesOf(config: KubeConfig) {
  const server = new URL(config.getCurrentCluster()?.server ?? '');
  const context = config.getCurrentContext();
  return {
    server: server.href.replace(/\/+$/, ''),
    origin: server.origin,
    prefix: server.pathname.replace(/\/+$/, ''),
    context,
    namespace: config.getContextObject(context)?.namespace?.trim() || 'default',
  };
}

async function credentialsOf(config: KubeConfig): Promise<Credentials> {
  refusePlainHttp(config);
  const headers: Record<string, string> = {};
  const options: RequestOptions = { headers };
  try {
    await config.applyToHTTPSOptions(options);
  } catch (error) {
    const user = config.getCurrentUser()?.name ?? '';
    const code = errorCode(error);
    throw new LynqFailure(
      'ClusterUnreachable',
      `The credentials of kubeconfig user "${user}" cannot be obtained (${code}); its command or file has to work by itself.`,
      { user, code },
    );
  }
  if (typeof options.auth === 'string') headers.Authorization = `Basic ${Buffer.from(options.auth).toString('base64')}`;
  const { ca, cert, key, pfx, passphrase, servername, rejectUnauthorized } = options;
  return {
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value.trim()])),
    tls: defined({ ca, cert, key, pfx, passphrase, servername, rejectUnauthorized }),
  };
}

/** The library refuses it too, with an error that is hard to tell from others. */
function refusePlainHttp(config: KubeConfig): void {
  const cluster = config.getCurrentCluster();
  if (!cluster?.server.startsWith('http:') || cluster.skipTLSVerify) return;
  throw new LynqFailure(
    'ClusterUnreachable',
    `The server of kubeconfig cluster "${cluster.name}" is plain HTTP; that needs insecure-skip-tls-verify in the kubeconfig.`,
    { cluster: cluster.name },
  );
}

function identityOf(tls: TlsOptions): string {
  return createHash('sha256').update(JSON.stringify(tls)).digest('hex');
}

function openDispatchers(
  { Agent, Pool, ProxyAgent }: typeof import('undici'),
  origin: string,
  proxy: string | undefined,
  { identity, tls, limit }: { readonly identity: string; readonly tls: TlsOptions; readonly limit: number },
): Dispatchers {
  const common = { keepAliveTimeout: 30_000, allowH2: false, bodyTimeout: 0, headersTimeout: 0 };
  if (proxy) {
    if (!/^https?:/.test(proxy)) {
      throw new LynqFailure('ClusterUnreachable', 'The proxy of the kubeconfig is not an HTTP proxy; only those work.');
    }
    return {
      identity,
      requests: new ProxyAgent({ uri: proxy, requestTls: tls, connections: limit, ...common }),
      streams: new ProxyAgent({ uri: proxy, requestTls: tls, ...common }),
    };
  }
  const connect = { ...tls, keepAlive: true, keepAliveInitialDelay: 30_000, timeout: 10_000 };
  return {
    identity,
    requests: new Pool(origin, { connections: limit, connect, ...common }),
    streams: new Agent({ connect, ...common }),
  };
}

/** Lets requests in flight end on the old identity; watches end by themselves within minutes. */
function retire(old: Dispatchers): void {
  for (const dispatcher of [old.requests, old.streams]) dispatcher.close().catch(() => undefined);
}

function defined<T extends object>(options: T): { [K in keyof T]: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: NonNullable<T[K]>;
  };
}
