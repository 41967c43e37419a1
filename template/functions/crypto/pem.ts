import { toBytes } from '../../values/text.ts';

export interface PemBlock {
  readonly type: string;
  readonly der: Buffer;
}

/** The first block of a PEM text, as `pem.Decode`; what stands around it does not matter. */
export function decodePem(text: string): PemBlock | undefined {
  const block = firstBlock(toBytes(text).toString('latin1').split('\n'));
  if (block === undefined) return undefined;
  const { type, lines } = block;
  const body = withoutHeaders(lines)
    .join('')
    .replace(/[\r\t ]/g, '');
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(body)) return undefined;
  return { type, der: Buffer.from(body, 'base64') };
}

interface Block {
  readonly type: string;
  /** What stands between its first line and its last, one at least. */
  readonly lines: readonly string[];
}

const BEGIN = '-----BEGIN ';
const END = '-----END ';

/** By lines and not by one pattern, which would look for its end from every beginning. */
function firstBlock(lines: readonly string[]): Block | undefined {
  const lastEnds = new Map<string, number>();
  for (const [index, line] of lines.entries()) {
    const type = typeOf(line, END);
    if (type !== undefined) lastEnds.set(type, index);
  }
  for (const [index, line] of lines.slice(0, -1).entries()) {
    const type = typeOf(line, BEGIN);
    if (type === undefined || (lastEnds.get(type) ?? 0) < index + 2) continue;
    const end = lines.findIndex((other, at) => at >= index + 2 && typeOf(other, END) === type);
    return { type, lines: lines.slice(index + 1, end) };
  }
  return undefined;
}

/** The type that a line begins or ends a block of. */
function typeOf(line: string, start: string): string | undefined {
  if (!line.startsWith(start)) return undefined;
  let end = line.length;
  while (end > 0 && ' \t\r'.includes(line.charAt(end - 1))) end -= 1;
  const from = end - DASHES.length;
  return from >= start.length && line.startsWith(DASHES, from) ? line.slice(start.length, from) : undefined;
}

const DASHES = '-----';

/** A header is a name, a colon and anything. The last line is none: a header is followed by a line. */
function withoutHeaders(lines: readonly string[]): readonly string[] {
  const first = lines.findIndex((line, index) => index === lines.length - 1 || line.indexOf(':') < 1);
  return lines.slice(Math.max(first, 0));
}

export function encodePem(type: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${type}-----`, ...lines, `-----END ${type}-----`, ''].join('\n');
}
