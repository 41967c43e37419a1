import { createPrivateKey, generateKeyPairSync, randomBytes, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { createCertificate } from '../../template/functions/crypto/certificate.ts';

/** PEM texts of a server. */
export interface Identity {
  readonly cert: string;
  readonly key: string;
}

export interface CertificateFiles {
  readonly path: string;
  readonly name: string;
  readonly key: string;
}

/** The certificate in a mounted folder. @throws Error naming the file that cannot be used. */
export function readIdentity({ path, name, key }: CertificateFiles): Identity {
  const files = { cert: join(path, name), key: join(path, key) };
  try {
    const identity = { cert: readFileSync(files.cert, 'utf8'), key: readFileSync(files.key, 'utf8') };
    if (new X509Certificate(identity.cert).checkPrivateKey(createPrivateKey(identity.key))) return identity;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'no PEM';
    throw new Error(`the certificate ${files.cert} with key ${files.key} cannot be used (${code})`, { cause: error });
  }
  throw new Error(`the key ${files.key} does not belong to the certificate ${files.cert}`);
}

const dayMilliseconds = 86_400_000;
const years = 10;

/** A certificate for this process alone: callers cannot verify it, but nobody can read along (parity 7.2: self-signed if no path). */
export function selfSigned(now: Date): Identity {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const request = {
    commonName: hostname(),
    ips: [Uint8Array.of(127, 0, 0, 1)],
    dnsNames: ['localhost', hostname()],
    notBefore: now.getTime() - dayMilliseconds,
    notAfter: now.getTime() + years * 365 * dayMilliseconds,
    serial: randomBytes(16),
    isCa: false,
  };
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
  return { cert: createCertificate(request, privateKey, undefined), key };
}

/** What a server is to show now: the certificate of the files, read anew each time, or without any one of its own, always the same. */
export function identitySource(files: CertificateFiles | undefined): () => Identity {
  if (files !== undefined) return () => readIdentity(files);
  const own = selfSigned(new Date());
  return () => own;
}
