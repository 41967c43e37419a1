/**
 * The HTTP proxy on the way to Temporal. One of the two connections of a worker (grpc-js) finds it in the environment by itself, the other (of the SDK's
 * native part) has to be told: the rules are those of grpc-js, its lower-case variables included, so that both go the same way.
 */

export interface TemporalProxy {
  /** `host:port` */
  readonly address: string;
  /** The variable that names it. */
  readonly variable: string;
  readonly login?: { readonly username: string; readonly password: string };
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Proxy for Temporal at this `host:port`; undefined for none. */
export function temporalProxy(address: string, env: Environment): TemporalProxy | undefined {
  const variable = firstSet(env, ['grpc_proxy', 'https_proxy', 'http_proxy']);
  if (variable === undefined || isExempt(hostOf(address), env)) return undefined;
  return parseProxy(variable, env[variable] ?? '');
}

/** `through the proxy HOST:PORT (VARIABLE)`, without its login. */
export function proxyWords({ address, variable }: TemporalProxy): string {
  return `through the proxy ${address} (${variable})`;
}

const firstSet = (env: Environment, names: readonly string[]): string | undefined =>
  names.find((name) => (env[name] ?? '') !== '');

/** Without its port and the brackets of IPv6. */
function hostOf(address: string): string {
  return /^\[(.+)\]/.exec(address)?.[1] ?? address.replace(/:\d+$/, '');
}

const proxyUrl = /^http:\/\/(?:([^/?#@]*)@)?(\[[\da-f:.]+\]|[^/?#:@[\]\s]+)(?::(\d{1,5}))?(?:[/?#].*)?$/i;

/** No other scheme is known; what cannot be used counts as not set. */
function parseProxy(variable: string, text: string): TemporalProxy | undefined {
  const [, login = '', host, port = '80'] = proxyUrl.exec(text.trim()) ?? [];
  if (host === undefined) return undefined;
  const proxy = { address: `${host.toLowerCase()}:${port}`, variable };
  const colon = login.indexOf(':');
  const [username, password] = colon === -1 ? [login, ''] : [login.slice(0, colon), login.slice(colon + 1)];
  if (username === '') return proxy;
  return { ...proxy, login: { username: decodeURIComponent(username), password: decodeURIComponent(password) } };
}

/** Entries are ends of names, addresses, or ranges of IPv4 addresses; blanks count. */
function isExempt(host: string, env: Environment): boolean {
  const variable = firstSet(env, ['no_grpc_proxy', 'no_proxy']);
  if (variable === undefined) return false;
  return (env[variable] ?? '').split(',').some((entry) => host.endsWith(entry) || isInRange(host, entry));
}

const ipv4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/;

function isInRange(host: string, entry: string): boolean {
  const [base = '', length = '', ...more] = entry.split('/');
  const bits = Number.parseInt(length, 10);
  if (more.length > 0 || !ipv4.test(base) || !ipv4.test(host) || !(bits >= 0 && bits <= 32)) return false;
  const mask = -1 << (32 - bits);
  return (numberOf(base) & mask) === (numberOf(host) & mask);
}

const numberOf = (address: string): number => address.split('.').reduce((sum, octet) => (sum << 8) + Number(octet), 0);
