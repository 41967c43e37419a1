import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { withLock } from '../lock.ts';
import type { InstallContext } from './context.ts';

/** Longest wait for another start that is building the same tool. */
const waitForOtherBuildMs = 40 * 60_000;

/**
 * Makes `folder` appear complete or not at all: `fill` works in a folder aside which is then renamed. Two starts at once
 * do not build twice: the second waits and finds the folder. What an interrupted build left is removed.
 */
export async function fillOnce(
  context: InstallContext,
  folder: string,
  say: (detail: string) => void,
  fill: (aside: string) => Promise<void>,
): Promise<void> {
  if (existsSync(folder)) return;
  const onWait = (holder: number): void => say(`waiting for process ${holder}, which is installing it`);
  await withLock(`${folder}.lock`, { waitMs: waitForOtherBuildMs, onWait }, async () => {
    if (existsSync(folder)) return;
    removeLeftovers(folder);
    const aside = `${folder}.making-${context.pid}`;
    mkdirSync(aside, { recursive: true });
    try {
      await fill(aside);
      renameSync(aside, folder);
    } finally {
      rmSync(aside, { recursive: true, force: true });
    }
  });
}

function removeLeftovers(folder: string): void {
  const parent = dirname(folder);
  for (const name of readdirSync(parent)) {
    if (name.startsWith(`${basename(folder)}.making-`)) rmSync(join(parent, name), { recursive: true, force: true });
  }
}
