import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CodecKeys } from './codec.ts';

const keyBytes = 32;

function readKey(folder: string, id: string): Uint8Array {
  const key = Buffer.from(readFileSync(join(folder, id), 'utf8').trim(), 'base64');
  if (key.length === keyBytes) return key;
  throw new Error(
    `payload key ${id} in ${folder} is not ${keyBytes} bytes in base64; make one: openssl rand -base64 32`,
  );
}

/**
 * Keys of the payload codec: one file a key in a folder, as a mounted Secret has them; the name is the id, the content 32 bytes in base64. `current` names
 * the one to write with; without it the last in the order of their names, so that keys named by date rotate by themselves.
 *
 * @throws Error that names what cannot be used, never a key.
 */
export function readCodecKeys(folder: string, current?: string): CodecKeys {
  // Mounted Secrets keep their versions in hidden folders.
  const ids = readdirSync(folder)
    .filter((name) => !name.startsWith('.'))
    .toSorted();
  const last = ids.at(-1);
  if (last === undefined) throw new Error(`there is no payload key in ${folder}`);
  if (current !== undefined && !ids.includes(current))
    throw new Error(`payload key ${current} is not in ${folder}; there are ${ids.join(', ')}`);
  return { current: current ?? last, keys: new Map(ids.map((id) => [id, readKey(folder, id)])) };
}
