import { isIPv6 } from '../../../domain/ip-address.ts';
import { GoError } from '../../problems.ts';
import { escapePart, unescapePart } from './escape.ts';

/** `url.Userinfo`; the password is undefined where there is none, which is not the same as an empty one. */
export interface Userinfo {
  readonly name: string;
  readonly password: string | undefined;
}

/** `url.URL` as far as sprig uses it. Texts are binary: one character per byte. */
export interface Url {
  readonly scheme: string;
  readonly opaque: string;
  readonly user: Userinfo | undefined;
  readonly host: string;
  readonly path: string;
  readonly query: string;
  readonly fragment: string;
}

const empty: Url = { scheme: '', opaque: '', user: undefined, host: '', path: '', query: '', fragment: '' };

/** Text before and after the first separator. */
function cut(text: string, separator: string): readonly [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)];
}

/** `url.Parse`. Throws `GoError` where Go has an error. */
export function parseUrl(text: string): Url {
  const [before, fragment] = cut(text, '#');
  const url = parseWithoutFragment(before);
  return fragment === '' ? url : { ...url, fragment: unescapePart(fragment, 'fragment') };
}

function parseWithoutFragment(text: string): Url {
  // eslint-disable-next-line no-control-regex
  if (/[\0-\x1f\x7f]/.test(text)) throw new GoError('net/url: invalid control character in URL');
  if (text === '*') return { ...empty, path: '*' };
  if (text.startsWith(':')) throw new GoError('missing protocol scheme');
  const written = /^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(text)?.[1] ?? '';
  const scheme = written.toLowerCase();
  const [rest, query] = cut(scheme === '' ? text : text.slice(written.length + 1), '?');
  if (!rest.startsWith('/')) {
    if (scheme !== '') return { ...empty, scheme, opaque: rest, query };
    if (cut(rest, '/')[0].includes(':')) throw new GoError('first path segment in URL cannot contain colon');
  }
  return { ...empty, scheme, query, ...hierarchyOf(scheme, rest) };
}

function hierarchyOf(scheme: string, rest: string): Pick<Url, 'user' | 'host' | 'path'> {
  if (!rest.startsWith('//') || (scheme === '' && rest.startsWith('///'))) {
    return { user: undefined, host: '', path: unescapePart(rest, 'path') };
  }
  const slash = rest.indexOf('/', 2);
  const end = slash < 0 ? rest.length : slash;
  return { ...parseAuthority(rest.slice(2, end)), path: unescapePart(rest.slice(end), 'path') };
}

function parseAuthority(authority: string): Pick<Url, 'user' | 'host'> {
  const at = authority.lastIndexOf('@');
  const host = parseHost(authority.slice(at + 1));
  if (at < 0) return { user: undefined, host };
  const userinfo = authority.slice(0, at);
  if (!/^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(userinfo)) throw new GoError('net/url: invalid userinfo');
  const [name, password] = cut(userinfo, ':');
  const user = {
    name: unescapePart(name, 'user'),
    password: userinfo.includes(':') ? unescapePart(password, 'user') : undefined,
  };
  return { user, host };
}

function checkPort(text: string): void {
  if (!/^(:[0-9]*)?$/.test(text)) throw new GoError('invalid port after host');
}

function parseHost(host: string): string {
  const open = host.lastIndexOf('[');
  if (open > 0) throw new GoError('invalid IP-literal');
  if (open === 0) return parseBracketed(host);
  // A second colon is refused by programs that name Go 1.26 in their go.mod (`urlstrictcolons`), of which the peer is none.
  const colon = host.lastIndexOf(':');
  if (colon >= 0) checkPort(host.slice(colon));
  return unescapePart(host, 'host');
}

function parseBracketed(host: string): string {
  const close = host.lastIndexOf(']');
  if (close < 0) throw new GoError("missing ']' in host");
  const port = host.slice(close + 1);
  checkPort(port);
  const name = host.slice(1, close);
  const zone = name.indexOf('%25');
  const address =
    zone < 0
      ? unescapePart(name, 'host')
      : unescapePart(name.slice(0, zone), 'host') + unescapePart(name.slice(zone), 'zone');
  if (!isIPv6(address)) throw new GoError('invalid host');
  return `[${address}]${port}`;
}

/** `URL.Hostname`: the host without its port and without brackets. */
export function hostNameOf(host: string): string {
  const colon = host.lastIndexOf(':');
  const name = colon >= 0 && /^:[0-9]*$/.test(host.slice(colon)) ? host.slice(0, colon) : host;
  return name.startsWith('[') && name.endsWith(']') ? name.slice(1, -1) : name;
}

/** `Userinfo.String`. */
export function formatUser(user: Userinfo): string {
  const name = escapePart(user.name, 'user');
  return user.password === undefined ? name : `${name}:${escapePart(user.password, 'user')}`;
}

/** `URL.String` of a URL made of its parts (it has no hints of how it was written). */
export function formatUrl(url: Url): string {
  const scheme = url.scheme === '' ? '' : `${url.scheme}:`;
  const query = url.query === '' ? '' : `?${url.query}`;
  const fragment = url.fragment === '' ? '' : `#${escapePart(url.fragment, 'fragment')}`;
  return `${scheme}${url.opaque === '' ? hierarchy(url) : url.opaque}${query}${fragment}`;
}

function authorityOf({ scheme, user, host, path }: Url): string {
  const isThere = host !== '' || user !== undefined || (scheme !== '' && path !== '');
  if (!isThere) return '';
  return `//${user === undefined ? '' : `${formatUser(user)}@`}${escapePart(host, 'host')}`;
}

function hierarchy(url: Url): string {
  const authority = authorityOf(url);
  const path = url.path === '*' ? '*' : escapePart(url.path, 'path');
  if (path !== '' && !path.startsWith('/') && url.host !== '') return `${authority}/${path}`;
  const looksLikeScheme = authority === '' && url.scheme === '' && cut(path, '/')[0].includes(':');
  return `${authority}${looksLikeScheme ? './' : ''}${path}`;
}
