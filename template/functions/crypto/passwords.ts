import { createHmac, scryptSync } from 'node:crypto';
import { encodeBase64, hashSync } from 'bcryptjs';
import { GoError } from '../../problems.ts';
import type { RandomStream } from '../../random/entropy.ts';
import { byteLength, isValidText, toBytes } from '../../values/text.ts';

const ROUNDS = '10';
const LONGEST_PASSWORD = 72;

/** bcrypt with Go's default cost and prefix; the salt comes from the stream. An error is a text, as in sprig. */
export function bcrypt(password: string, stream: RandomStream): string {
  const salt = encodeBase64(Array.from(stream.bytes(16)), 16);
  if (byteLength(password) > LONGEST_PASSWORD) {
    return 'failed to encrypt string with bcrypt: bcrypt: password length exceeds 72 bytes';
  }
  if (!isValidText(password)) throw new GoError('needs a password in UTF-8');
  return hashSync(password, `$2a$${ROUNDS}$${salt}`);
}

const NAMESPACE = 'com.lyndir.masterpassword';

const templates: ReadonlyMap<string, readonly string[]> = new Map([
  ['maximum', ['anoxxxxxxxxxxxxxxxxx', 'axxxxxxxxxxxxxxxxxno']],
  [
    'long',
    (
      'CvcvnoCvcvCvcv CvcvCvcvnoCvcv CvcvCvcvCvcvno CvccnoCvcvCvcv CvccCvcvnoCvcv CvccCvcvCvcvno CvcvnoCvccCvcv ' +
      'CvcvCvccnoCvcv CvcvCvccCvcvno CvcvnoCvcvCvcc CvcvCvcvnoCvcc CvcvCvcvCvccno CvccnoCvccCvcv CvccCvccnoCvcv ' +
      'CvccCvccCvcvno CvcvnoCvccCvcc CvcvCvccnoCvcc CvcvCvccCvccno CvccnoCvcvCvcc CvccCvcvnoCvcc CvccCvcvCvccno'
    ).split(' '),
  ],
  ['medium', ['CvcnoCvc', 'CvcCvcno']],
  ['short', ['Cvcn']],
  ['basic', ['aaanaaan', 'aannaaan', 'aaannaaa']],
  ['pin', ['nnnn']],
]);

const characters: Readonly<Record<string, string>> = {
  V: 'AEIOU',
  C: 'BCDFGHJKLMNPQRSTVWXYZ',
  v: 'aeiou',
  c: 'bcdfghjklmnpqrstvwxyz',
  A: 'AEIOUBCDFGHJKLMNPQRSTVWXYZ',
  a: 'AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz',
  n: '0123456789',
  o: "@&%?,=[]_:-+*$#!'^~;()/.",
  x: 'AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz0123456789!@#$%^&*()',
};

export interface PasswordInputs {
  readonly counter: bigint;
  readonly kind: string;
  readonly password: string;
  readonly user: string;
  readonly site: string;
}

function number32(value: bigint | number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(Number(BigInt.asUintN(32, BigInt(value))));
  return bytes;
}

/** The Master Password algorithm (version 3): the same inputs, the same password, everywhere. */
export function derivePassword({ counter, kind, password, user, site }: PasswordInputs): string {
  const choices = templates.get(kind);
  if (choices === undefined) return `cannot find password template ${kind}`;
  const salt = Buffer.concat([Buffer.from(NAMESPACE), number32(byteLength(user)), toBytes(user)]);
  const key = scryptSync(toBytes(password), salt, 64, { N: 32_768, r: 8, p: 2, maxmem: 128 * 1_048_576 });
  const seed = createHmac('sha256', key)
    .update(Buffer.concat([Buffer.from(NAMESPACE), number32(byteLength(site)), toBytes(site), number32(counter)]))
    .digest();
  const template = choices[(seed[0] ?? 0) % choices.length] ?? '';
  return Array.from(template, (place, index) => {
    const choice = characters[place] ?? '';
    return choice.charAt((seed[index + 1] ?? 0) % choice.length);
  }).join('');
}
