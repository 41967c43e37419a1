import { createCipheriv, createHmac } from 'node:crypto';

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
  return new FieldEntropy(key, place);
}

class FieldEntropy implements Entropy {
  readonly #key: Uint8Array;
  readonly #place: RandomPlace;
  #calls = 0;

  constructor(key: Uint8Array, place: RandomPlace) {
    this.#key = key;
    this.#place = place;
  }

  next(): RandomStream {
    this.#calls += 1;
    return streamOf(this.#key, this.#info('lynq/field/v1', String(this.#calls)));
  }

  named(name: string): RandomStream {
    return streamOf(this.#key, ['lynq/generate/v1', this.#place.hub, this.#place.uid, name]);
  }

  label(parts: readonly string[]): string {
    const info = JSON.stringify(this.#info('lynq/kept/v1', ...parts));
    return createHmac('sha256', this.#key).update(info).digest('hex').slice(0, 40);
  }

  #info(purpose: string, ...parts: readonly string[]): readonly string[] {
    const { hub, uid, form, resource, path } = this.#place;
    return [purpose, hub, uid, form, resource, path, ...parts];
  }
}

const KEY_BYTES = 32;
const COUNTER_BYTES = 16;
const BLOCK_BYTES = 256;

const secrets = new WeakMap<Uint8Array, Buffer>();

/** HKDF-SHA256 without salt (RFC 5869). The first step is the same for everything of a hub and done once for each key object. */
function derive(key: Uint8Array, info: string): Buffer {
  const secret = secrets.get(key) ?? createHmac('sha256', Buffer.alloc(HASH_BYTES)).update(key).digest();
  secrets.set(key, secret);
  const first = createHmac('sha256', secret).update(info).update(FIRST).digest();
  const second = createHmac('sha256', secret).update(first).update(info).update(SECOND).digest();
  return Buffer.concat([first, second], KEY_BYTES + COUNTER_BYTES);
}

const HASH_BYTES = 32;
const FIRST = Uint8Array.of(1);
const SECOND = Uint8Array.of(2);

function streamOf(key: Uint8Array, info: readonly string[]): RandomStream {
  const derived = derive(key, JSON.stringify(info));
  const cipher = createCipheriv('aes-256-ctr', derived.subarray(0, KEY_BYTES), derived.subarray(KEY_BYTES));
  // The key stream is read in blocks and handed out in order: how it is cut does not change it.
  let block: Uint8Array = new Uint8Array(0);
  let used = 0;
  const bytes = (count: number): Uint8Array => {
    if (used + count > block.length) {
      const rest = block.subarray(used);
      block = Buffer.concat([rest, cipher.update(new Uint8Array(Math.max(BLOCK_BYTES, count - rest.length)))]);
      used = 0;
    }
    used += count;
    return block.subarray(used - count, used);
  };
  const byte = (): number => {
    if (used === block.length) bytes(1);
    else used += 1;
    return block[used - 1] ?? 0;
  };
  return { bytes, below: (bound) => below(byte, bound) };
}

/** Rejection sampling: no remainder makes some numbers likelier. */
function below(byte: () => number, bound: number): number {
  const size = bound <= 0x100 ? 1 : bound <= 0x1_0000_0000 ? 4 : 6;
  const range = 2 ** (8 * size);
  const limit = range - (range % bound);
  for (;;) {
    let value = 0;
    for (let left = size; left > 0; left -= 1) value = value * 256 + byte();
    if (value < limit) return value % bound;
  }
}
