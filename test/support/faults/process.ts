import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Surroundings } from '../e2e/programs.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** How a process ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A worker with failpoints, as a process of its own. */
export interface FaultyWorker {
  readonly pid: number;
  readonly ended: Promise<Ending>;
  isAlive(): boolean;
  send(signal: NodeJS.Signals): void;
  /** The last lines it printed. */
  output(): string;
}

const keptOutput = 20_000;

export function startFaultyWorker(stack: Surroundings, settings: Readonly<Record<string, string>>): FaultyWorker {
  const child = spawn(process.execPath, ['tools/run.mjs', 'test/support/faults/worker-main.ts'], {
    cwd: root,
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      TEMPORAL_ADDRESS: stack.temporalAddress,
      TEMPORAL_NAMESPACE: 'default',
      KUBECONFIG: stack.kubeconfig,
      ...settings,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      printed = (printed + text).slice(-keptOutput);
    });
  }
  const ended = endingOf(child);
  return {
    pid: child.pid ?? 0,
    ended,
    isAlive: () => child.exitCode === null && child.signalCode === null,
    send: (signal) => void child.kill(signal),
    output: () => printed,
  };
}

function endingOf(child: ChildProcess): Promise<Ending> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
}
