import { createHash, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';

/** Where the token of the callers is. A file is read anew for each request, so that a rotated Secret is taken without a restart. */
export type TokenSource =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'file'; readonly path: string };

/** Shorter ones can be guessed. */
export const shortestToken = 16;

/** @throws when the file cannot be read. */
export async function readToken(source: TokenSource): Promise<string> {
  return source.kind === 'text' ? source.text : (await readFile(source.path, 'utf8')).trim();
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Whether an `Authorization` header carries the token; takes the same time wherever the two differ. */
export function carriesToken(authorization: string | undefined, token: string): boolean {
  const offered = /^Bearer ([^\s]+)$/i.exec(authorization ?? '')?.[1] ?? '';
  const equal = timingSafeEqual(digest(offered), digest(token));
  return equal && token.length >= shortestToken;
}
