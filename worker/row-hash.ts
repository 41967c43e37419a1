import { hash } from 'node:crypto';

const length = 32;

/** The hash that digests of nodes are made with (`hashText`), from Node: five times as fast, and every row of every sync goes through it. */
export function rowHash(text: string): string {
  return hash('sha256', text).slice(0, length);
}
