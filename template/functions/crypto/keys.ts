import { createECDH, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { GoError } from '../../problems.ts';
import type { RandomStream } from '../../random/entropy.ts';
import { contentAt, element, objectId, octets, readElements, sequence, unsigned } from './der.ts';
import { decodePem, encodePem } from './pem.ts';

export const CA_RSA_BITS = 2_048;
const KEY_RSA_BITS = 4_096;
const SUFFIX = ' PRIVATE KEY';

/** A private key as sprig writes it: PKCS #1, SEC 1, sprig's own form for DSA, PKCS #8 for the rest. */
export function keyToPem(key: KeyObject): string {
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return encodePem('RSA PRIVATE KEY', key.export({ type: 'pkcs1', format: 'der' }));
    case 'ec':
      return encodePem('EC PRIVATE KEY', key.export({ type: 'sec1', format: 'der' }));
    case 'dsa':
      return encodePem('DSA PRIVATE KEY', dsaKey(key));
    default:
      return encodePem('PRIVATE KEY', key.export({ type: 'pkcs8', format: 'der' }));
  }
}

/** `SEQUENCE { 0, p, q, g, y, x }`. */
function dsaKey(key: KeyObject): Buffer {
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const parameters = contentAt(spki, 0, 0, 1);
  const y = contentAt(spki, 0, 1).subarray(1);
  const x = contentAt(key.export({ type: 'pkcs8', format: 'der' }), 0, 2);
  return sequence(unsigned(Buffer.of(0)), parameters, y, x);
}

/** A new key of a kind sprig knows, undefined for any other. What the stream can decide, it does: the same stream, the same key. */
export function generateKey(kind: string, stream: RandomStream): KeyObject | undefined {
  switch (kind) {
    case '':
    case 'rsa':
      return generateKeyPairSync('rsa', { modulusLength: KEY_RSA_BITS }).privateKey;
    case 'dsa':
      return generateKeyPairSync('dsa', { modulusLength: 2_048, divisorLength: 256 }).privateKey;
    case 'ecdsa':
      return p256Key(stream);
    case 'ed25519':
      return ed25519Key(stream.bytes(32));
    default:
      return undefined;
  }
}

export function generateRsaKey(): KeyObject {
  return generateKeyPairSync('rsa', { modulusLength: CA_RSA_BITS }).privateKey;
}

/** RFC 8410: the seed is the key. */
function ed25519Key(seed: Uint8Array): KeyObject {
  const der = sequence(unsigned(Buffer.of(0)), sequence(objectId('1.3.101.112')), octets(octets(seed)));
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
}

const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** A scalar in [1, n), every one as likely as any other (FIPS 186-5, A.2.2). */
function p256Key(stream: RandomStream): KeyObject {
  for (;;) {
    const scalar = Buffer.from(stream.bytes(32));
    const value = BigInt(`0x${scalar.toString('hex')}`);
    if (value === 0n || value >= P256_ORDER) continue;
    const curve = createECDH('prime256v1');
    curve.setPrivateKey(scalar);
    const parameters = element(0xa0, objectId('1.2.840.10045.3.1.7'));
    const point = element(0xa1, element(0x03, Buffer.of(0), curve.getPublicKey()));
    const der = sequence(unsigned(Buffer.of(1)), octets(scalar), parameters, point);
    return createPrivateKey({ key: der, format: 'der', type: 'sec1' });
  }
}

const encodings = { RSA: 'pkcs1', EC: 'sec1' } as const;

/** sprig's `parsePrivateKeyPEM`. A DSA key is accepted but cannot sign a certificate: it is undefined. */
export function parseKey(pem: string): KeyObject | undefined {
  const block = decodePem(pem);
  if (block === undefined) throw new GoError('no PEM data in input');
  if (block.type === 'PRIVATE KEY') return derKey(block.der, 'pkcs8');
  if (!block.type.endsWith(SUFFIX)) throw new GoError('no private key data in the PEM block');
  const kind = block.type.slice(0, -SUFFIX.length);
  if (kind === 'RSA' || kind === 'EC') return derKey(block.der, encodings[kind]);
  if (kind === 'DSA' && isDsaKey(block.der)) return undefined;
  throw new GoError('invalid private key type');
}

function derKey(der: Buffer, type: 'pkcs1' | 'pkcs8' | 'sec1'): KeyObject {
  try {
    return createPrivateKey({ key: der, format: 'der', type });
  } catch {
    // OpenSSL's text says nothing a reader could use, and may quote the input.
    throw new GoError('the private key cannot be decoded');
  }
}

function isDsaKey(der: Buffer): boolean {
  const parts = readElements(contentAt(der, 0)) ?? [];
  return parts.length >= 6 && parts.slice(0, 6).every((part) => part.tag === 0x02);
}
