import { readFileSync } from 'node:fs';
import type { Logger } from '../domain/ports.ts';

/** The key of Temporal in a mounted file. @throws Error naming the file that has none. */
export function readApiKey(path: string): string {
  const key = readFileSync(path, 'utf8').trim();
  if (key === '') throw new Error(`the file ${path} has no API key`);
  return key;
}

const lookMilliseconds = 10_000;

/** What takes a key for the calls to come. */
export interface KeyTaker {
  setApiKey(key: string): void | Promise<void>;
}

export interface FollowedKey {
  readonly path: string;
  /** The key that is in use. */
  readonly current: string;
  readonly takers: readonly KeyTaker[];
  readonly logger: Pick<Logger, 'info' | 'warn'>;
}

/** Takes a key that was rotated, as Kubernetes brings it into the file, without another connection. A file that cannot be read changes nothing. Returns what ends it. */
export function followApiKey({ path, current, takers, logger }: FollowedKey): () => void {
  let used = current;
  const look = async () => {
    try {
      const key = readApiKey(path);
      if (key === used) return;
      for (const taker of takers) await taker.setApiKey(key);
      used = key;
      logger.info('the API key of Temporal was renewed');
    } catch (error) {
      logger.warn('the API key of Temporal could not be read', { error: String(error) });
    }
  };
  const timer = setInterval(() => void look(), lookMilliseconds);
  timer.unref();
  return () => clearInterval(timer);
}
