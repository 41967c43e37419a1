import { readFileSync } from 'node:fs';
import type { Logger } from '../domain/ports.ts';

/** The key of Temporal in a mounted file. @throws Error naming the file that has none. */
export function readApiKey(path: string): string {
  const key = readFileSync(path, 'utf8').trim();
  if (key === '') throw new Error(`the file ${path} has no API key`);
  return key;
}

const defaultMilliseconds = 10_000;

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
  /** How often the file is looked at; ten seconds when absent. */
  readonly everyMilliseconds?: number;
}

/**
 * Takes a key that was rotated, as Kubernetes brings it into the file, without another connection. A file that cannot be read changes nothing, and that is said
 * once. Returns what ends it.
 */
export function followApiKey({
  path,
  current,
  takers,
  logger,
  everyMilliseconds = defaultMilliseconds,
}: FollowedKey): () => void {
  let used = current;
  let told = '';
  const look = async () => {
    try {
      const key = readApiKey(path);
      told = '';
      if (key === used) return;
      for (const taker of takers) await taker.setApiKey(key);
      used = key;
      logger.info('the API key of Temporal was renewed');
    } catch (error) {
      const problem = String(error);
      if (problem !== told) logger.warn('the API key of Temporal could not be read', { error: problem });
      told = problem;
    }
  };
  const timer = setInterval(() => void look(), everyMilliseconds);
  timer.unref();
  return () => clearInterval(timer);
}
