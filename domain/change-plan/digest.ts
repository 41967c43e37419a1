import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import type { Json } from '../api/json.ts';
import { canonicalJson } from '../canonical.ts';
import { fieldsOf } from './groups.ts';
import type { PlannedObject } from './types.ts';

/** What an outlook follows from, so that two plans can be compared without keeping what they are about. */
export interface OutlookFacts {
  readonly name: string;
  /** uid of the LynqNode; empty for one that is to be made. */
  readonly nodeUid: string;
  /** Hash of the form's content. */
  readonly content: string;
  /** Hash of the row's values, those of secret columns by their seal. */
  readonly values: string;
  readonly overrides: string;
  readonly objects: readonly PlannedObject[];
}

/** HMAC-SHA-256 with the hub's key: values of rows cannot be guessed from it. Random values of a render do not count, what they go into does. */
export function outlookDigest(key: Uint8Array, { objects, ...facts }: OutlookFacts): string {
  const planned = objects.map(({ id, ref, change, seen }): Json => {
    const paths = fieldsOf(change).map(({ path }) => path);
    return [id, ref.apiVersion, ref.kind, ref.namespace ?? '', ref.name, change.kind, paths, seen ?? ''];
  });
  return bytesToHex(hmac(sha256, key, utf8ToBytes(canonicalJson({ ...facts, objects: planned })))).slice(0, 32);
}
