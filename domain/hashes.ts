import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';

/**
 * Hashes of objects that stand where more people can read than the objects themselves: in a LynqNode's status and in annotations. An object may be a
 * Secret, and what is in it must not be found by trying values, so they are HMACs with the hub's key. Plain hashes stay inside the process.
 */

const prefix = 'k-';
const keyedLength = 32;
/** What earlier versions wrote: the beginning of the plain hash. */
const formerLength = 16;

/** HMAC over a plain hash, told apart from the former kind by how it begins. */
export function keyedHash(key: Uint8Array, plain: string): string {
  const code = bytesToHex(hmac(sha256, key, utf8ToBytes(`object-hash/${plain}`)));
  return `${prefix}${code.slice(0, keyedLength)}`;
}

/** The kind that earlier versions wrote. */
export function formerHash(plain: string): string {
  return plain.slice(0, formerLength);
}

/**
 * Whether a recorded hash is that of a plain one, whichever kind it is: the former kind holds until the next write replaces it. Where the key is not
 * known yet, nothing can be said against a keyed one.
 */
export function isHashOf(recorded: string, plain: string | undefined, key: Uint8Array | undefined): boolean {
  if (plain === undefined) return false;
  if (!recorded.startsWith(prefix)) return recorded === formerHash(plain);
  return key === undefined || recorded === keyedHash(key, plain);
}
