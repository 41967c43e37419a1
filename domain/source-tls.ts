import type { LynqHubSpec, TlsSettings } from './api/hub.ts';

/** What a source's `tls` block must have before anything is connected to. */
export interface TlsProblem {
  /** The field of the source that it is about. */
  readonly field: 'tls' | 'certRef' | 'keyRef';
  readonly message: string;
}

/** Why nobody can connect with this block; undefined when somebody can, or when there is none. */
export function tlsBlockProblem({
  host,
  tls,
}: {
  readonly host: string;
  readonly tls?: TlsSettings | undefined;
}): TlsProblem | undefined {
  if (tls === undefined) return undefined;
  const serverName = tls.serverName ?? host;
  if (serverName === '' || isAddress(serverName)) {
    const message = `tls.serverName is needed, since ${host} is an address: set it to a name in the certificate of the server`;
    return { field: 'tls', message };
  }
  if ((tls.certRef === undefined) === (tls.keyRef === undefined)) return undefined;
  const field = tls.certRef === undefined ? 'keyRef' : 'certRef';
  return { field, message: 'tls.certRef and tls.keyRef belong together: set both or none' };
}

/** The problem of the source that is used; a host that is empty has been told. */
export function sourceTlsProblem(source: LynqHubSpec['source']): TlsProblem | undefined {
  const block = source[source.type];
  return block === undefined || block.host === '' ? undefined : tlsBlockProblem(block);
}

const byte = '(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])';
const ipv4 = new RegExp(`^${byte}(?:\\.${byte}){3}$`);

/** No name has a colon. */
function isAddress(host: string): boolean {
  return ipv4.test(host) || host.includes(':');
}
