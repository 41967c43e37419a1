import type { TlsSettings } from '../../domain/api/hub.ts';
import { LynqFailure } from '../../domain/failures.ts';
import type { TlsMaterial } from '../../domain/ports.ts';
import { tlsBlockProblem } from '../../domain/source-tls.ts';

/** What a connection with a `tls` block needs: there is no other way to connect then, and nothing is sent to a server that is not verified. */
export interface TlsAccess extends TlsMaterial {
  readonly serverName: string;
}

/** The settings of a source's `tls` block; undefined without one. Fails with HubInvalid when there is no name to verify. */
export function tlsAccess(
  { host, tls }: { readonly host: string; readonly tls?: TlsSettings | undefined },
  material: TlsMaterial | undefined,
): TlsAccess | undefined {
  if (tls === undefined) return undefined;
  const problem = tlsBlockProblem({ host, tls });
  if (problem !== undefined) throw new LynqFailure('HubInvalid', problem.message);
  return { ...material, serverName: tls.serverName ?? host };
}

export function isSameTls(left: TlsAccess | undefined, right: TlsAccess | undefined): boolean {
  const names = ['serverName', 'ca', 'cert', 'key'] as const;
  return (left === undefined) === (right === undefined) && names.every((name) => left?.[name] === right?.[name]);
}

/** The verification itself, as Node's tls takes it. */
export function verifiedTls({ ca, cert, key }: TlsAccess) {
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    minVersion: 'TLSv1.2' as const,
    rejectUnauthorized: true,
  };
}

/** A TLS handshake that failed; `code` is Node's or OpenSSL's. */
export class TlsError extends Error {
  readonly code: string;

  constructor(error: unknown) {
    const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
    super('TLS handshake failed');
    this.name = 'TlsError';
    this.code = typeof code === 'string' ? code : 'ERR_TLS';
  }
}

const untrusted = 'is signed by nobody we know: set tls.caRef to the certificate that signs it';

/** What is wrong with the server's certificate, by Node's code. */
const certificateProblems: Readonly<Partial<Record<string, string>>> = {
  CERT_HAS_EXPIRED: 'has expired: renew it',
  CERT_NOT_YET_VALID: 'is not valid yet: check the clocks',
  ERR_TLS_CERT_ALTNAME_INVALID: 'is for another name: correct source host or tls.serverName',
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  UNABLE_TO_GET_ISSUER_CERT: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
};

/** Text of a failed handshake, after the server's name. */
export function tlsProblem({ code }: TlsError): string {
  const problem = certificateProblems[code];
  return problem === undefined ? 'the TLS handshake failed' : `its certificate ${problem}`;
}
