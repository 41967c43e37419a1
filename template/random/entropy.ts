import { createCipheriv, createHmac, hkdfSync } from 'node:crypto';

/**
 * Random text that is unpredictable to an outsider and the same on every render (decisions.md, section 2).
 *
 * Every stream comes from the hub's 256-bit key: HKDF-SHA256 with the place of the call as `info` gives key and counter of AES-256-CTR,
 * whose key stream is the randomness. The `info` is JSON, so that no two places can spell the same bytes.
 */
export interface RandomPlace {
  readonly hub: string;
  readonly uid: string;
  readonly form: string;
  readonly resource: string;
  readonly path: string;
}

/** An endless source of random bytes that starts anew for equal places. */
export interface RandomStream {
  bytes(count: number): Uint8Array;
  /** A number in `[0, bound)`, every one as likely as any other. `bound` is at most 2^48. */
  below(bound: number): number;
}

/** The randomness of one field. Calls are counted, so that two calls of a field differ. */
export interface Entropy {
  /** The stream of the next random call of this field. */
  next(): RandomStream;
  /** The stream of a name, shared by every field and form of the row. */
  named(name: string): RandomStream;
  /** A name for something kept: the same for the same place and inputs, and telling nothing about them. */
  label(parts: readonly string[]): string;
}

export function entropyOf(key: Uint8Array, place: RandomPlace): Entropy {
  const { hub, uid, form, resource, path } = place;
  let calls = 0;
  return {
    next: () => {
      calls += 1;
      return streamOf(key, ['lynq/field/v1', hub, uid, form, resource, path, String(calls)]);
    },
    named: (name) => streamOf(key, ['lynq/generate/v1', hub, uid, name]),
    label: (parts) => {
      const info = JSON.stringify(['lynq/kept/v1', hub, uid, form, resource, path, ...parts]);
      return createHmac('sha256', key).update(info).digest('hex').slice(0, 40);
    },
  };
}

const KEY_BYTES = 32;
const COUNTER_BYTES = 16;

function streamOf(key: Uint8Array, info: readonly string[]): RandomStream {
  const derived = Buffer.from(
    hkdfSync('sha256', key, new Uint8Array(0), JSON.stringify(info), KEY_BYTES + COUNTER_BYTES),
  );
  const cipher = createCipheriv('aes-256-ctr', derived.subarray(0, KEY_BYTES), derived.subarray(KEY_BYTES));
  const bytes = (count: number): Uint8Array => cipher.update(new Uint8Array(count));
  return { bytes, below: (bound) => below(bytes, bound) };
}

/** Rejection sampling: no remainder makes some numbers likelier. */
function below(bytes: (count: number) => Uint8Array, bound: number): number {
  const size = bound <= 0x100 ? 1 : bound <= 0x1_0000_0000 ? 4 : 6;
  const range = 2 ** (8 * size);
  const limit = range - (range % bound);
  for (;;) {
    const value = Buffer.from(bytes(size)).readUIntBE(0, size);
    if (value < limit) return value % bound;
  }
}
