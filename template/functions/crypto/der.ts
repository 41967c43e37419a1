/** The little of DER (X.690) that certificates and keys need. */

export type Der = Buffer;

/** A tag with its content, the length in its shortest form. */
export function element(tag: number, ...content: readonly Uint8Array[]): Der {
  const body = Buffer.concat(content);
  if (body.length < 0x80) return Buffer.concat([Buffer.of(tag, body.length), body]);
  const digits = body.length.toString(16);
  const length = Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex');
  return Buffer.concat([Buffer.of(tag, 0x80 | length.length), length, body]);
}

export function sequence(...content: readonly Uint8Array[]): Der {
  return element(0x30, ...content);
}

/** A whole number of no sign, from its bytes. */
export function unsigned(bytes: Uint8Array): Der {
  let from = 0;
  while (from < bytes.length - 1 && bytes[from] === 0) from += 1;
  const shortest = bytes.subarray(from);
  return element(
    0x02,
    Buffer.of(...((shortest[0] ?? 0) >= 0x80 ? [0] : [])),
    shortest.length === 0 ? Buffer.of(0) : shortest,
  );
}

/** `1.2.840.113549.1.1.11` */
export function objectId(dotted: string): Der {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return element(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

function base128(value: number): number[] {
  const digits = [value & 0x7f];
  for (let left = value >>> 7; left > 0; left >>>= 7) digits.unshift((left & 0x7f) | 0x80);
  return digits;
}

export function octets(content: Uint8Array): Der {
  return element(0x04, content);
}

/** Bits that fill whole bytes, or leave `unused` of the last one. */
export function bits(content: Uint8Array, unused = 0): Der {
  return element(0x03, Buffer.of(unused), content);
}

export const asn1True: Der = element(0x01, Buffer.of(0xff));

export const asn1Null: Der = element(0x05);

/** One element that was read: its tag, its content, and itself as it was written. */
export interface Element {
  readonly tag: number;
  readonly content: Buffer;
  readonly raw: Buffer;
}

/** The elements a text of DER consists of; undefined when it is none. */
export function readElements(bytes: Buffer): readonly Element[] | undefined {
  const elements: Element[] = [];
  for (let at = 0; at < bytes.length; ) {
    const next = readElement(bytes, at);
    if (next === undefined) return undefined;
    elements.push(next);
    at += next.raw.length;
  }
  return elements;
}

function readElement(bytes: Buffer, at: number): Element | undefined {
  const tag = bytes[at];
  const first = bytes[at + 1];
  if (tag === undefined || first === undefined) return undefined;
  const digits = first < 0x80 ? 0 : first & 0x7f;
  if (digits > 4 || (first >= 0x80 && digits === 0)) return undefined;
  const from = at + 2 + digits;
  if (from > bytes.length) return undefined;
  const length = digits === 0 ? first : bytes.readUIntBE(at + 2, digits);
  if (from + length > bytes.length) return undefined;
  return { tag, content: bytes.subarray(from, from + length), raw: bytes.subarray(at, from + length) };
}

const nothing = Buffer.alloc(0);

/** Parts of a constructed element by their places, one level down for each: `contentAt(certificate, 0, 0)`. Empty when there is none. */
export function contentAt(bytes: Buffer, ...path: readonly number[]): Buffer {
  return path.reduce((content, index) => readElements(content)?.[index]?.content ?? nothing, bytes);
}
