import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Payload, PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';

/**
 * AES-256-GCM over whole payloads, metadata included. The id of the key stands in the clear beside each, so that keys can be rotated: new payloads are
 * written with the current key, old ones read with theirs for as long as it is kept.
 */
export interface CodecKeys {
  /** Id of the key that new payloads are written with. */
  readonly current: string;
  /** 32 bytes by id. */
  readonly keys: ReadonlyMap<string, Uint8Array>;
}

const encoding = 'binary/encrypted';
const cipherName = 'AES-256-GCM';
const nonceBytes = 12;
const tagBytes = 16;

const { Payload: message } = proto.temporal.api.common.v1;

const text = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString('utf8');
const bytes = (value: string): Uint8Array => Buffer.from(value, 'utf8');

function keyOf({ keys }: CodecKeys, id: string): Uint8Array {
  const key = keys.get(id);
  if (key === undefined) throw new Error(`payload key ${id} is not among the keys of LYNQ_CODEC_KEYS`);
  return key;
}

/** The id of the key is authenticated with the text: a payload cannot be passed off as one of another key. */
function encrypt(keys: CodecKeys, payload: Payload): Payload {
  const id = keys.current;
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', keyOf(keys, id), nonce).setAAD(bytes(id));
  const sealed = [cipher.update(message.encode(payload).finish()), cipher.final()];
  return {
    metadata: {
      encoding: bytes(encoding),
      'encryption-cipher': bytes(cipherName),
      'encryption-key-id': bytes(id),
    },
    data: Buffer.concat([nonce, ...sealed, cipher.getAuthTag()]),
  };
}

export const isEncrypted = ({ metadata }: Payload): boolean => text(metadata?.['encoding']) === encoding;

function decrypt(keys: CodecKeys, payload: Payload): Payload {
  if (!isEncrypted(payload)) return payload;
  const id = text(payload.metadata?.['encryption-key-id']);
  const data = Buffer.from(payload.data ?? []);
  const decipher = createDecipheriv('aes-256-gcm', keyOf(keys, id), data.subarray(0, nonceBytes))
    .setAAD(bytes(id))
    .setAuthTag(data.subarray(-tagBytes));
  const opened = [decipher.update(data.subarray(nonceBytes, -tagBytes)), decipher.final()];
  return message.decode(Buffer.concat(opened));
}

/** Payloads of a history that was begun without keys stay readable. `decode` rejects for a key that is not there and for a text that was changed. */
export function openCodec(keys: CodecKeys): PayloadCodec {
  return {
    encode: async (payloads) => payloads.map((payload) => encrypt(keys, payload)),
    decode: async (payloads) => payloads.map((payload) => decrypt(keys, payload)),
  };
}
