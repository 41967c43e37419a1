import { spawnSync } from 'node:child_process';
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { checkout } from '../demo/worker-process.ts';

/** Where and with what a measurement was made. */
export interface Machine {
  readonly cores: number;
  readonly processor: string;
  readonly memoryGiB: number;
  readonly platform: string;
  readonly node: string;
  readonly commit: string;
  readonly date: string;
  /** One minute average before the first measurement: what else the machine had to do. */
  readonly loadBefore: number;
}

export function describeMachine(now: Date): Machine {
  return {
    cores: availableParallelism(),
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    platform: `${process.platform} ${process.arch}`,
    node: process.version,
    commit: commit(),
    date: now.toISOString().slice(0, 10),
    loadBefore: Math.round((loadavg()[0] ?? 0) * 100) / 100,
  };
}

/** Short hash; `+` when files that are under version control differ from it. */
function commit(): string {
  const head = git(['rev-parse', '--short', 'HEAD']);
  if (head === undefined) return 'unknown';
  const changes = git(['status', '--porcelain', '--untracked-files=no']);
  return changes === '' ? head : `${head}+`;
}

function git(args: readonly string[]): string | undefined {
  const result = spawnSync('git', args, { cwd: checkout, encoding: 'utf8' });
  return result.status === 0 ? result.stdout.trim() : undefined;
}
