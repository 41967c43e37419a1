import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { stopStack } from '../../stack/index.ts';
import { endProcess, identityOf, isAlive, type ProcessRef } from '../../stack/processes.ts';
import { ToolError } from './failure.ts';

/** Files of a demo or benchmark beside its stack, all in `<data>/run`. */
export interface RunFolder {
  readonly dataDir: string;
  readonly root: string;
  readonly record: string;
  readonly workerLog: string;
  readonly hub: string;
  readonly temporalConfig: string;
  readonly readerPassword: string;
}

const Process = z.object({ pid: z.int().positive(), identity: z.string() });
const RunRecord = z.object({ owner: Process, worker: Process.optional() });
type RunRecord = z.infer<typeof RunRecord>;

export function runFolder(dataDir: string): RunFolder {
  const root = join(dataDir, 'run');
  return {
    dataDir,
    root,
    record: join(root, 'run.json'),
    workerLog: join(root, 'worker.log'),
    hub: join(root, 'hub.yaml'),
    temporalConfig: join(root, 'temporal.toml'),
    readerPassword: join(root, 'reader-password'),
  };
}

function readRecord({ record }: RunFolder): RunRecord | undefined {
  try {
    return RunRecord.parse(JSON.parse(readFileSync(record, 'utf8')));
  } catch {
    return undefined;
  }
}

/** Notes who runs here, so that a later start can end what an interrupted one left behind. */
export function writeRecord(folder: RunFolder, worker?: ProcessRef): void {
  const owner = { pid: process.pid, identity: identityOf(process.pid) ?? '' };
  const record: RunRecord = worker === undefined ? { owner } : { owner, worker };
  mkdirSync(folder.root, { recursive: true, mode: 0o700 });
  writeFileSync(folder.record, JSON.stringify(record), { mode: 0o600 });
}

/**
 * Takes a data folder for this process. A folder with a stack that was started by other means is refused, since it would be emptied;
 * so is one in which another demo runs. What an interrupted run left is ended, and deleted unless `keep`.
 */
export async function claimFolder(folder: RunFolder, keep: boolean): Promise<'new' | 'cleaned' | 'kept'> {
  const previous = readRecord(folder);
  if (previous === undefined && existsSync(join(folder.dataDir, 'stack.json'))) {
    throw new ToolError(`${folder.dataDir} holds a stack that was started by other means`, {
      fix: 'choose another folder with --data, or delete it: npm run stack -- down --purge --data DIR',
    });
  }
  if (previous !== undefined && isAlive(previous.owner)) {
    throw new ToolError(`process ${previous.owner.pid} already runs in ${folder.dataDir}`, {
      fix: 'end that one, or choose another folder with --data',
    });
  }
  if (previous?.worker !== undefined) await endProcess(previous.worker, 10_000);
  if (previous !== undefined && !keep) await purge(folder);
  mkdirSync(folder.root, { recursive: true, mode: 0o700 });
  writeFileSync(folder.temporalConfig, '[profile.default]\n');
  writeRecord(folder);
  if (previous === undefined) return 'new';
  return keep ? 'kept' : 'cleaned';
}

/** Ends the stack and deletes what it and this run made; other files in the folder stay. */
export async function purge(folder: RunFolder): Promise<void> {
  rmSync(folder.root, { recursive: true, force: true });
  await stopStack(folder.dataDir, { purge: true });
  if (existsSync(folder.dataDir)) rmSync(join(folder.dataDir, 'stack.lock'), { force: true });
}
