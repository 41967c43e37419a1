import { toBytes } from '../../values/text.ts';

export interface PemBlock {
  readonly type: string;
  readonly der: Buffer;
}

const BLOCK = /(?:^|\n)-----BEGIN ([^\n]*?)-----[ \t\r]*\n([\s\S]*?)(?:^|\n)-----END \1-----[ \t\r]*(?:\n|$)/;
const HEADER = /^[^\n:]+:[^\n]*\n/;

/** The first block of a PEM text, as `pem.Decode`; what stands around it does not matter. */
export function decodePem(text: string): PemBlock | undefined {
  const match = BLOCK.exec(toBytes(text).toString('latin1'));
  if (match === null) return undefined;
  const [, type = '', lines = ''] = match;
  const body = withoutHeaders(lines).replace(/[\r\n\t ]/g, '');
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(body)) return undefined;
  return { type, der: Buffer.from(body, 'base64') };
}

function withoutHeaders(lines: string): string {
  let rest = lines;
  while (HEADER.test(rest)) rest = rest.replace(HEADER, '');
  return rest;
}

export function encodePem(type: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${type}-----`, ...lines, `-----END ${type}-----`, ''].join('\n');
}
