/**
 * The host name of a URL as Go's `url.Parse(text).Hostname()` gives it; empty where Go finds no host or refuses the text.
 */
export function hostOf(text: string): string {
  // eslint-disable-next-line no-control-regex
  if (/[\0-\x1f\x7f]/.test(text)) return '';
  const hash = text.indexOf('#');
  const withoutFragment = hash < 0 ? text : text.slice(0, hash);
  if (!isEscaped(text.slice(withoutFragment.length))) return '';
  return hostWithoutFragment(withoutFragment);
}

function hostWithoutFragment(text: string): string {
  const scheme = /^[a-zA-Z][a-zA-Z0-9+.-]*:/.exec(text)?.[0] ?? '';
  const rest = text.slice(scheme.length);
  if (!rest.startsWith('//') || (scheme === '' && rest.startsWith('///'))) return '';
  const authority = /^[^/?]*/.exec(rest.slice(2))?.[0] ?? '';
  const path = rest.slice(2 + authority.length).split('?', 1)[0] ?? '';
  if (!isEscaped(path)) return '';
  return hostOfAuthority(authority);
}

/** A `%` starts two hexadecimal digits. */
function isEscaped(text: string): boolean {
  return !/%(?![0-9a-fA-F]{2})/.test(text);
}

function hostOfAuthority(authority: string): string {
  const at = authority.lastIndexOf('@');
  const userinfo = authority.slice(0, Math.max(at, 0));
  if (!/^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(userinfo) || !isEscaped(userinfo)) return '';
  const host = authority.slice(at + 1);
  return host.startsWith('[') ? bracketedHost(host) : plainHost(host);
}

function bracketedHost(host: string): string {
  const close = host.lastIndexOf(']');
  if (close < 0 || !/^(:[0-9]*)?$/.test(host.slice(close + 1))) return '';
  const name = host.slice(1, close);
  return /^[0-9a-fA-F:.]+(%25[A-Za-z0-9\-._~%]+)?$/.test(name) ? decoded(name) : '';
}

function plainHost(host: string): string {
  const colon = host.lastIndexOf(':');
  if (colon >= 0 && !/^:[0-9]*$/.test(host.slice(colon))) return '';
  const name = colon >= 0 ? host.slice(0, colon) : host;
  if (name.includes(':')) return '';
  // Go lets only escaped bytes above ASCII through in host names.
  if (/[ \\^`{|}]/.test(name) || /%(?![89a-fA-F][0-9a-fA-F])/.test(name)) return '';
  return decoded(name);
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return '';
  }
}
