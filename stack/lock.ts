import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { StackError } from './errors.ts';
import { identityOf, isAlive } from './processes.ts';

const LockHolder = z.strictObject({ pid: z.int().positive(), identity: z.string() });
type LockHolder = z.infer<typeof LockHolder>;

export interface LockOptions {
  /** How long to wait for another holder before giving up, in milliseconds. */
  readonly waitMs: number;
  /** Called once when another process holds the lock. */
  readonly onWait: (holder: number) => void;
}

/**
 * Runs `work` while this process alone holds the lock file, and removes the file after. A lock whose holder has ended is
 * taken over. Throws `locked` when a living holder keeps it for longer than `waitMs`.
 */
export async function withLock<T>(file: string, options: LockOptions, work: () => Promise<T>): Promise<T> {
  mkdirSync(dirname(file), { recursive: true });
  await acquire(file, options);
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

async function acquire(file: string, options: LockOptions): Promise<void> {
  const startedAt = performance.now();
  let waiting = false;
  while (!tryCreate(file)) {
    const holder = readHolder(file);
    if (holder === undefined || !isAlive(holder)) {
      removeStale(file, holder);
      continue;
    }
    if (!waiting) options.onWait(holder.pid);
    waiting = true;
    const waitedMs = performance.now() - startedAt;
    if (waitedMs > options.waitMs) throw new StackError({ kind: 'locked', file, holder: holder.pid, waitedMs });
    await sleep(200);
  }
}

let created = 0;

/** The file appears with its content at once (a link of a finished file), so nobody ever reads half a lock. */
function tryCreate(file: string): boolean {
  created += 1;
  const own = `${file}.${process.pid}.${created}`;
  const holder: LockHolder = { pid: process.pid, identity: identityOf(process.pid) ?? '' };
  writeFileSync(own, JSON.stringify(holder));
  try {
    linkSync(own, file);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(own, { force: true });
  }
}

function readHolder(file: string): LockHolder | undefined {
  try {
    return LockHolder.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
}

/** Another process may have taken the stale lock over since we read it: what was moved away is looked at again. */
function removeStale(file: string, stale: LockHolder | undefined): void {
  const moved = `${file}.stale.${process.pid}`;
  try {
    renameSync(file, moved);
  } catch {
    return;
  }
  const found = readHolder(moved);
  if (found !== undefined && found.identity !== stale?.identity && isAlive(found)) linkSync(moved, file);
  rmSync(moved, { force: true });
}
