import { isIPv6 } from './ip-address.ts';

/** The host that a row's URL names. */

/**
 * Host of a URL without its port, in the words of Go's net/url (1.26) as the peer's `toHost` uses it (parity 4.4):
 * a text without a host part, or that Go refuses as a URL, is cut at the first colon.
 */
export function toHost(text: string): string {
  return hostOf(text) ?? text.split(':', 1)[0] ?? text;
}

const urlWithHost = /^(?:[A-Za-z][A-Za-z0-9+.-]*:)?\/\/(?:([^/?#]*)@)?([^/?#@]+)(\/[^?#]*)?(?:\?[^#]*)?(?:#(.*))?$/s;
const userInfo = /^[A-Za-z0-9\-._~!$&'()*+,;=%@:]*$/;
const plainHost = /^((?:[A-Za-z0-9\-_.~!$&'()*+,;=:\]<>"\u0080-\uffff]|%(?:25|[89A-Fa-f][0-9A-Fa-f]))*?)(:[0-9]*)?$/;
const bracketedHost = /^\[([0-9A-Fa-f.]*:[0-9A-Fa-f:.]*(?:%25.*)?)\](?::[0-9]*)?$/s;
const brokenEscape = /%(?![0-9A-Fa-f]{2})/;

/** Undefined when Go finds no host; may be empty, as for `http://:80`. */
function hostOf(text: string): string | undefined {
  const match = urlWithHost.exec(text);
  if (match === null || hasControl(text.split('#', 1)[0] ?? '')) return undefined;
  const [, user = '', host = '', path = '', fragment = ''] = match;
  if (!userInfo.test(user) || brokenEscape.test(`${user}\n${path}\n${fragment}`)) return undefined;
  return unescaped(hostName(host));
}

function hostName(host: string): string | undefined {
  if (host.startsWith('[')) {
    const address = bracketedHost.exec(host)?.[1];
    return isIPv6(unescaped(address) ?? '') ? address : undefined;
  }
  const [, name, port] = plainHost.exec(host) ?? [];
  // Go refuses anything but digits after the last colon.
  return port === undefined && name?.includes(':') ? undefined : name;
}

function hasControl(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit < 0x20 || unit === 0x7f) return true;
  }
  return false;
}

function unescaped(text: string | undefined): string | undefined {
  try {
    return text === undefined ? undefined : decodeURIComponent(text);
  } catch {
    return text;
  }
}
