import { isUtf8 } from 'node:buffer';

/**
 * Text columns arrive as UTF-8 and stay it. BINARY, BLOB and wider BIT are read the same way; bytes that are not UTF-8 become
 * one character each (Latin-1), which loses nothing.
 */
export function bytesText(bytes: Buffer): string {
  return bytes.toString(isUtf8(bytes) ? 'utf8' : 'latin1');
}
