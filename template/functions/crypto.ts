import type { KeyObject } from 'node:crypto';
import { GoError } from '../problems.ts';
import { type GoList, type GoOpaque, goMap, opaque, type OpaqueType } from '../values.ts';
import { fromBytes, toBytes } from '../values/text.ts';
import { decryptAes, encryptAes } from './crypto/aes.ts';
import {
  type CertificateRequest,
  createCertificate,
  type Issuer,
  issuerOf,
  parseCertificate,
} from './crypto/certificate.ts';
import { parseIp } from './crypto/ip.ts';
import { generateKey, generateRsaKey, keyToPem, parseKey } from './crypto/keys.ts';
import { bcrypt, derivePassword } from './crypto/passwords.ts';
import { decodeBase64 } from './encoding/base64.ts';
import { fn, type FunctionContext, type FunctionTable } from './define.ts';

interface Certificate {
  readonly Cert: string;
  readonly Key: string;
}

function certificateOf(value: unknown): Certificate {
  return value as Certificate;
}

function isField(name: string): name is keyof Certificate {
  return name === 'Cert' || name === 'Key';
}

/** sprig's struct of a certificate and its key, both PEM. */
const certificateType: OpaqueType = {
  name: 'sprig.certificate',
  kind: 'struct',
  print: (value) => `{${certificateOf(value).Cert} ${certificateOf(value).Key}}`,
  equal: (left, right) =>
    certificateOf(left).Cert === certificateOf(right).Cert && certificateOf(left).Key === certificateOf(right).Key,
  field: (value, name) => (isField(name) ? certificateOf(value)[name] : undefined),
  json: (value) => goMap(Object.entries(certificateOf(value))),
};

/** A certificate that is made once and kept; `inputs` is all it depends on. */
function kept(context: FunctionContext, name: string, inputs: readonly unknown[], make: () => Certificate): GoOpaque {
  const text = context.keep(name, [JSON.stringify(inputs)], () => JSON.stringify(make()));
  const { Cert, Key } = certificateOf(JSON.parse(text));
  return opaque(certificateType, { Cert, Key });
}

function texts(list: GoList): string[] {
  return list.items.map((item) => {
    if (typeof item !== 'string') throw new GoError('an address or name is not a string');
    return item;
  });
}

interface Names {
  readonly cn: string;
  readonly ips: readonly string[];
  readonly dns: readonly string[];
  readonly days: bigint;
}

function namesOf(cn: string, ips: GoList, dns: GoList, days: bigint): Names {
  return { cn, ips: texts(ips), dns: texts(dns), days };
}

const DAY = 24n * 3_600_000_000_000n;

/** Go's duration wraps around where the days do not fit. */
function requestOf(now: number, { cn, ips, dns, days }: Names): Omit<CertificateRequest, 'serial' | 'isCa'> {
  const lifetime = BigInt.asIntN(64, DAY * days) / 1_000_000n;
  return {
    commonName: cn,
    ips: ips.map(parseIp),
    dnsNames: dns,
    notBefore: now,
    notAfter: now + Number(lifetime),
  };
}

/** The key of a `...WithKey` function: it has to be one that can be certified. */
function givenKey(pem: string): KeyObject {
  const key = parseKey(pem);
  if (key === undefined) throw new GoError('x509: the key cannot sign');
  return key;
}

function authority(value: GoOpaque): Issuer {
  const { Cert, Key } = certificateOf(value.value);
  parseCertificate(Cert);
  return issuerOf(Cert, givenKey(Key));
}

/** How a certificate is made: for itself or by an authority, with a new key or a given one. */
interface Making {
  readonly isCa?: boolean;
  readonly ca?: GoOpaque;
  readonly pem?: string;
}

function make(context: FunctionContext, name: string, names: Names, making: Making = {}): GoOpaque {
  const { isCa = false, ca, pem } = making;
  // Drawn also when nothing is made: the next random call of the field must not depend on what is kept.
  const serial = context.entropy.next().bytes(16);
  const issuer = ca === undefined ? {} : certificateOf(ca.value);
  const inputs = [{ ...names, days: String(names.days) }, issuer, pem ?? ''];
  return kept(context, name, inputs, () => {
    const request = { ...requestOf(context.now.getTime(), names), serial, isCa };
    const signer = ca === undefined ? undefined : authority(ca);
    const key = pem === undefined ? generateRsaKey() : givenKey(pem);
    return { Cert: createCertificate(request, key, signer), Key: keyToPem(key) };
  });
}

function authorityNames(cn: string, days: bigint): Names {
  return { cn, ips: [], dns: [], days };
}

function privateKey(context: FunctionContext, kind: string): string {
  const stream = context.entropy.next();
  return context.keep('genPrivateKey', [kind], () => {
    const key = generateKey(kind, stream);
    return key === undefined ? `Unknown type ${kind}` : keyToPem(key);
  });
}

/** A certificate and a key that are there already. */
function customCertificate(encodedCert: string, encodedKey: string): GoOpaque {
  const cert = decodeBase64(toBytes(encodedCert));
  const key = decodeBase64(toBytes(encodedKey));
  if (!cert.ok || !key.ok) throw new GoError('unable to decode base64');
  const Cert = fromBytes(cert.bytes);
  const Key = fromBytes(key.bytes);
  parseCertificate(Cert);
  parseKey(Key);
  return opaque(certificateType, { Cert, Key });
}

function htpasswd(context: FunctionContext, user: string, password: string): string {
  const stream = context.entropy.next();
  return user.includes(':') ? `invalid username: ${user}` : `${user}:${bcrypt(password, stream)}`;
}

const CA = 'opaque:sprig.certificate';
const costly = { costly: true };

/** Passwords, keys, certificates. Keys and certificates are made once and kept (decisions.md, section 2); the rest is stable by itself. */
export const crypto = {
  bcrypt: fn(['string'], (context, password) => bcrypt(password, context.entropy.next()), costly),
  htpasswd: fn(['string', 'string'], htpasswd, costly),
  derivePassword: fn(
    ['uint32', 'string', 'string', 'string', 'string'],
    (_context, ...[counter, kind, password, user, site]) => derivePassword({ counter, kind, password, user, site }),
    costly,
  ),
  encryptAES: fn(['string', 'string'], (context, password, text) => encryptAes(password, text, context.entropy.next())),
  decryptAES: fn(['string', 'string'], (_context, password, encrypted) => decryptAes(password, encrypted)),
  genPrivateKey: fn(['string'], privateKey, costly),
  buildCustomCert: fn(['string', 'string'], (_context, cert, key) => customCertificate(cert, key), costly),
  genCA: fn(
    ['string', 'int'],
    (context, cn, days) => make(context, 'genCA', authorityNames(cn, days), { isCa: true }),
    costly,
  ),
  genCAWithKey: fn(
    ['string', 'int', 'string'],
    (context, cn, days, pem) => make(context, 'genCAWithKey', authorityNames(cn, days), { isCa: true, pem }),
    costly,
  ),
  genSelfSignedCert: fn(
    ['string', 'list', 'list', 'int'],
    (context, ...names) => make(context, 'genSelfSignedCert', namesOf(...names)),
    costly,
  ),
  genSelfSignedCertWithKey: fn(
    ['string', 'list', 'list', 'int', 'string'],
    (context, ...[cn, ips, dns, days, pem]) =>
      make(context, 'genSelfSignedCertWithKey', namesOf(cn, ips, dns, days), { pem }),
    costly,
  ),
  genSignedCert: fn(
    ['string', 'list', 'list', 'int', CA],
    (context, ...[cn, ips, dns, days, ca]) => make(context, 'genSignedCert', namesOf(cn, ips, dns, days), { ca }),
    costly,
  ),
  genSignedCertWithKey: fn(
    ['string', 'list', 'list', 'int', CA, 'string'],
    (context, ...[cn, ips, dns, days, ca, pem]) =>
      make(context, 'genSignedCertWithKey', namesOf(cn, ips, dns, days), { ca, pem }),
    costly,
  ),
} satisfies FunctionTable;
