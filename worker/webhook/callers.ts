import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/**
 * Who asks the webhook. An API server proves who it is with a client certificate, when it is told to (AdmissionConfiguration); without one it is a
 * stranger like any other, and is answered: a cluster that was not set up for it goes on.
 */

/** The authority of the API server's client certificates. @throws Error that names the file, when there is no certificate in it. */
export function readCallerAuthority(path: string): string {
  try {
    const text = readFileSync(path, 'utf8');
    if (new X509Certificate(text).ca) return text;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'no PEM';
    throw new Error(`the authority of the webhook's callers in ${path} cannot be used (${code})`, { cause: error });
  }
  throw new Error(`the certificate in ${path} is not that of an authority`);
}

/**
 * Whether the caller showed a certificate of the authority. A session of TLS that is taken up again counts for none: with one that began without a
 * certificate OpenSSL has nothing to complain about.
 */
export function isVerified(socket: Socket): boolean {
  if (!(socket instanceof TLSSocket) || !socket.authorized || socket.isSessionReused()) return false;
  return socket.getPeerX509Certificate() !== undefined;
}
