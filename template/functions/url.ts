import { GoError } from '../problems.ts';
import { type GoMap, type GoValue, goMap } from '../values.ts';
import { kindOf } from '../values/types.ts';
import { fn, type FunctionContext, type FunctionTable } from './define.ts';
import { checkLength, fromBinary, toBinary } from './support/bytes.ts';
import { formatUrl, formatUser, hostNameOf, parseUrl, type Userinfo } from './url/parse.ts';

/** Longer URLs are refused: escaping them would take longer than a field may render. */
const MAX_LENGTH = 262_144;

function urlParse(text: string): GoValue {
  checkLength(text.length, MAX_LENGTH);
  const url = parseUrl(toBinary(text));
  const parts = {
    scheme: url.scheme,
    host: url.host,
    hostname: hostNameOf(url.host),
    path: url.path,
    query: url.query,
    opaque: url.opaque,
    fragment: url.fragment,
    userinfo: url.user === undefined ? '' : formatUser(url.user),
  };
  return goMap(Object.entries(parts).map(([name, part]) => [name, fromBinary(part)] as const));
}

/** A part of the map; a part that is missing is empty, one that is no text is a panic of sprig. */
function partOf(parts: GoMap, name: string): string {
  if (!parts.entries.has(name)) return '';
  const value = parts.entries.get(name) ?? null;
  if (typeof value === 'string') {
    checkLength(value.length, MAX_LENGTH);
    return toBinary(value);
  }
  throw new GoError(`unable to parse ${name} key, must be of type string, but ${kindOf(value)} found`);
}

function userOf(userinfo: string): Userinfo | undefined {
  return userinfo === '' ? undefined : parseUrl(`proto://${userinfo}@host`).user;
}

function urlJoin(context: FunctionContext, parts: GoMap): string {
  const part = (name: string): string => partOf(parts, name);
  const url = {
    scheme: part('scheme'),
    host: part('host'),
    path: part('path'),
    query: part('query'),
    opaque: part('opaque'),
    fragment: part('fragment'),
    user: userOf(part('userinfo')),
  };
  const joined = formatUrl(url);
  checkLength(joined.length, context.limits.output);
  return fromBinary(joined);
}

/** URLs taken apart and put together by the rules of `net/url`. */
export const url = {
  urlParse: fn(['string'], (_context, text) => urlParse(text)),
  urlJoin: fn(['map'], (context, parts) => urlJoin(context, parts)),
} satisfies FunctionTable;
