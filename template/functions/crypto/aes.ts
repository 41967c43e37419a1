import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto';
import { GoError } from '../../problems.ts';
import type { RandomStream } from '../../random/entropy.ts';
import { fromBytes, toBytes } from '../../values/text.ts';
import { decodeBase64 } from '../encoding/base64.ts';

const BLOCK = 16;
const CIPHER = 'aes-256-cbc';

/** The password itself is the key: cut or filled with zeros to 32 bytes, as in sprig. */
function keyOf(password: string): Buffer {
  const key = Buffer.alloc(32);
  toBytes(password).copy(key);
  return key;
}

/**
 * AES-256 in CBC mode, the vector in front, base64. The vector depends on the text: two texts at one place do not share one, and the
 * result stays the same as long as the text does.
 */
export function encryptAes(password: string, text: string, stream: RandomStream): string {
  const secret = stream.bytes(32);
  if (text === '') return '';
  const bytes = toBytes(text);
  const iv = createHmac('sha256', secret).update(bytes).digest().subarray(0, BLOCK);
  const cipher = createCipheriv(CIPHER, keyOf(password), iv);
  return Buffer.concat([iv, cipher.update(bytes), cipher.final()]).toString('base64');
}

/** sprig looks at the last byte of the padding only. Throws `GoError` where Go panics. */
export function decryptAes(password: string, encrypted: string): string {
  if (encrypted === '') return '';
  const decoded = decodeBase64(toBytes(encrypted));
  if (!decoded.ok) throw new GoError('illegal base64 data');
  const { bytes } = decoded;
  if (bytes.length <= BLOCK || bytes.length % BLOCK !== 0) throw new GoError('crypto/cipher: input not full blocks');
  const decipher = createDecipheriv(CIPHER, keyOf(password), bytes.subarray(0, BLOCK)).setAutoPadding(false);
  const text = Buffer.concat([decipher.update(bytes.subarray(BLOCK)), decipher.final()]);
  const padding = text.at(-1) ?? 0;
  if (padding > text.length) throw new GoError('slice bounds out of range');
  return fromBytes(text.subarray(0, text.length - padding));
}
