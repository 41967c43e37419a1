import { createHash, createPublicKey, type KeyObject, sign, X509Certificate } from 'node:crypto';
import { GoError } from '../../problems.ts';
import { isValidText, toBytes } from '../../values/text.ts';
import {
  asn1Null,
  asn1True,
  bits,
  contentAt,
  type Der,
  element,
  objectId,
  octets,
  readElements,
  sequence,
  unsigned,
} from './der.ts';
import { decodePem, encodePem } from './pem.ts';

/** What sprig's `getBaseCertTemplate` fills in. Times are milliseconds since 1970. */
export interface CertificateRequest {
  readonly commonName: string;
  /** Addresses in 4 or 16 bytes. */
  readonly ips: readonly Uint8Array[];
  readonly dnsNames: readonly string[];
  readonly notBefore: number;
  readonly notAfter: number;
  /** 128 random bits. */
  readonly serial: Uint8Array;
  readonly isCa: boolean;
}

/** Who signs. A certificate of its own has no issuer but itself. */
export interface Issuer {
  readonly key: KeyObject;
  readonly subject: Buffer;
  readonly keyId: Buffer | undefined;
}

/** The certificate Go's `x509.CreateCertificate` makes of sprig's template, as PEM. Throws `GoError` where Go reports an error. */
export function createCertificate(request: CertificateRequest, key: KeyObject, issuer: Issuer | undefined): string {
  const subject = nameOf(request.commonName);
  const signer = issuer ?? { key, subject, keyId: undefined };
  const algorithm = signatureAlgorithm(signer.key);
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const authority = signer.subject.equals(subject) ? undefined : signer.keyId;
  const tbs = sequence(
    element(0xa0, unsigned(Buffer.of(2))),
    unsigned(request.serial),
    algorithm.id,
    signer.subject,
    sequence(timeOf(request.notBefore), timeOf(request.notAfter)),
    subject,
    publicKey,
    element(0xa3, sequence(...extensions(request, publicKey, authority, subject))),
  );
  return encodePem('CERTIFICATE', sequence(tbs, algorithm.id, bits(sign(algorithm.hash, tbs, signer.key))));
}

/** The issuer in a certificate and its key, both PEM; throws `GoError` when they do not belong together. */
export function issuerOf(pem: string, key: KeyObject): Issuer {
  const certificate = parseCertificate(pem);
  if (!certificate.checkPrivateKey(key)) throw new GoError("provided PrivateKey doesn't match parent's PublicKey");
  const parts = readElements(contentAt(certificate.raw, 0, 0)) ?? [];
  // Before the serial number stands the version, unless it is the first one.
  const subject = parts[parts[0]?.tag === 0xa0 ? 5 : 4];
  if (subject === undefined) throw new GoError('the certificate cannot be read');
  return { key, subject: subject.raw, keyId: subjectKeyId(parts.at(-1)?.content) };
}

/** The certificate in the first block of a PEM text. */
export function parseCertificate(pem: string): X509Certificate {
  const block = decodePem(pem);
  if (block === undefined) throw new GoError('unable to decode certificate');
  try {
    const certificate = new X509Certificate(block.der);
    if (certificate.raw.length === block.der.length) return certificate;
  } catch {
    // Reported below: OpenSSL's text says nothing a reader could use.
  }
  throw new GoError('error parsing certificate');
}

const extensionIds = {
  subjectKeyId: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyId: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
} as const;

/** From the list of extensions, which is the last part of a certificate; undefined when it names none. */
function subjectKeyId(extensionList: Buffer | undefined): Buffer | undefined {
  const wanted = objectId(extensionIds.subjectKeyId);
  const list = readElements(contentAt(extensionList ?? Buffer.alloc(0), 0)) ?? [];
  const found = list.map(({ content }) => readElements(content) ?? []).find(([id]) => id?.raw.equals(wanted) === true);
  const value = found?.at(-1);
  return value === undefined ? undefined : contentAt(value.content, 0);
}

interface SignatureAlgorithm {
  readonly id: Der;
  readonly hash: string | null;
}

const ecdsa: Readonly<Record<string, readonly [string, string]>> = {
  secp224r1: ['1.2.840.10045.4.3.2', 'sha256'],
  prime256v1: ['1.2.840.10045.4.3.2', 'sha256'],
  secp384r1: ['1.2.840.10045.4.3.3', 'sha384'],
  secp521r1: ['1.2.840.10045.4.3.4', 'sha512'],
};

/** Go's default algorithm for a key. */
function signatureAlgorithm(key: KeyObject): SignatureAlgorithm {
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return { id: sequence(objectId('1.2.840.113549.1.1.11'), asn1Null), hash: 'sha256' };
    case 'ed25519':
      return { id: sequence(objectId('1.3.101.112')), hash: null };
    case 'ec': {
      const known = ecdsa[key.asymmetricKeyDetails?.namedCurve ?? ''];
      if (known === undefined) throw new GoError('x509: unsupported elliptic curve');
      return { id: sequence(objectId(known[0])), hash: known[1] };
    }
    default:
      throw new GoError('x509: only RSA, ECDSA and Ed25519 keys supported');
  }
}

/** Only these may be in a PrintableString. */
const PRINTABLE = /^[A-Za-z0-9 '()+,\-./:=?]*$/;

function nameOf(commonName: string): Der {
  if (commonName === '') return sequence();
  if (!isValidText(commonName)) throw new GoError('asn1: invalid UTF-8 string');
  const text = element(PRINTABLE.test(commonName) ? 0x13 : 0x0c, toBytes(commonName));
  return sequence(element(0x31, sequence(objectId('2.5.4.3'), text)));
}

/** UTCTime for the years it can write, GeneralizedTime for the others. */
function timeOf(milliseconds: number): Der {
  const date = new Date(milliseconds);
  const year = date.getUTCFullYear();
  if (Number.isNaN(year) || year < 0 || year > 9_999) throw new GoError('cannot represent time as GeneralizedTime');
  const digits = date
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replace(/[-T:]/g, '');
  return year >= 1_950 && year < 2_050
    ? element(0x17, Buffer.from(digits.slice(2)))
    : element(0x18, Buffer.from(digits));
}

function extension(id: string, critical: boolean, value: Der): Der {
  return sequence(objectId(id), ...(critical ? [asn1True] : []), octets(value));
}

const serverAndClient = sequence(objectId('1.3.6.1.5.5.7.3.1'), objectId('1.3.6.1.5.5.7.3.2'));

/** In Go's order. */
function extensions(
  request: CertificateRequest,
  publicKey: Buffer,
  authority: Buffer | undefined,
  subject: Der,
): Der[] {
  const { isCa } = request;
  // Digital signature, key encipherment, for an authority also certificate signing.
  const usage = isCa ? bits(Buffer.of(0xa4), 2) : bits(Buffer.of(0xa0), 5);
  const list = [
    extension(extensionIds.keyUsage, true, usage),
    extension(extensionIds.extendedKeyUsage, false, serverAndClient),
    extension(extensionIds.basicConstraints, true, isCa ? sequence(asn1True) : sequence()),
  ];
  if (isCa) list.push(extension(extensionIds.subjectKeyId, false, octets(keyIdOf(publicKey))));
  if (authority !== undefined) {
    list.push(extension(extensionIds.authorityKeyId, false, sequence(element(0x80, authority))));
  }
  if (request.dnsNames.length + request.ips.length === 0) return list;
  // RFC 5280, 4.2.1.6: critical when there is no subject.
  return [...list, extension(extensionIds.subjectAltName, subject.length === 2, alternativeNames(request))];
}

function alternativeNames({ dnsNames, ips }: CertificateRequest): Der {
  const names = dnsNames.map((name) => {
    if (!/^[\0-\x7f]*$/.test(name)) throw new GoError('a DNS name cannot be encoded as an IA5String');
    return element(0x82, Buffer.from(name));
  });
  return sequence(...names, ...ips.map((ip) => element(0x87, ip)));
}

/** RFC 7093, 2, method 1: the first 160 bits of SHA-256 of the public key. */
function keyIdOf(publicKey: Buffer): Buffer {
  return createHash('sha256')
    .update(contentAt(publicKey, 0, 1).subarray(1))
    .digest()
    .subarray(0, 20);
}
