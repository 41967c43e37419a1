import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { eventually, notYet, there } from './eventually.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** What the programs need of a stack. */
export interface Surroundings {
  readonly temporalAddress: string;
  readonly kubeconfig: string;
  /** The account of the worker, when it is not the one above. */
  readonly workerKubeconfig?: string;
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The worker as a process of its own, as `npm run worker` runs it. */
export interface WorkerProcess {
  /** Of the process that was started last. @throws when none runs. */
  pid(): number;
  /** All it has printed, over all starts. */
  readonly output: () => string;
  /** What of it is its log. */
  readonly stdout: () => string;
  /** `more`: further variables of this start. */
  start(more?: Readonly<Record<string, string>>): Promise<void>;
  /** SIGTERM; returns the exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL, as a crash. */
  kill(): Promise<void>;
}

/** All that a program is told about a stack; nothing of the environment of the tests gets through. */
export const environment = (stack: Surroundings): NodeJS.ProcessEnv => ({
  PATH: process.env['PATH'],
  HOME: process.env['HOME'],
  TEMPORAL_ADDRESS: stack.temporalAddress,
  TEMPORAL_NAMESPACE: 'default',
  KUBECONFIG: stack.kubeconfig,
});

/** A program and how it is started. */
export interface Program {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** Whom it runs as, where that can be chosen. */
  readonly user?: { readonly uid: number; readonly gid: number };
}

const sources: Program = { file: process.execPath, args: ['tools/run.mjs', 'worker/main.ts'], cwd: root };

export function workerProcess(
  stack: Surroundings,
  settings: Readonly<Record<string, string>> = {},
  program: Program = sources,
): WorkerProcess {
  let child: ChildProcess | undefined;
  let output = '';
  let stdout = '';
  async function end(signal: NodeJS.Signals): Promise<number | null> {
    const ending = child;
    child = undefined;
    if (ending === undefined) return null;
    if (ending.exitCode !== null || ending.signalCode !== null) return ending.exitCode;
    const exit = once(ending, 'exit');
    ending.kill(signal);
    const late = setTimeout(() => ending.kill('SIGKILL'), 45_000);
    const [code] = (await exit) as [number | null];
    clearTimeout(late);
    return code;
  }
  return {
    pid: () => {
      if (child?.pid === undefined) throw new Error('no worker runs');
      return child.pid;
    },
    output: () => output,
    stdout: () => stdout,
    start: async (more = {}) => {
      const started = spawn(program.file, program.args, {
        cwd: program.cwd,
        ...program.user,
        env: { ...environment(stack), KUBECONFIG: stack.workerKubeconfig ?? stack.kubeconfig, ...settings, ...more },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      for (const stream of [started.stdout, started.stderr]) {
        stream.setEncoding('utf8').on('data', (text: string) => {
          output += text;
        });
      }
      started.stdout.on('data', (text: string) => {
        stdout += text;
      });
      child = started;
      await once(started, 'spawn');
    },
    stop: () => end('SIGTERM'),
    kill: async () => {
      await end('SIGKILL');
    },
  };
}

/** Runs a program to its end. */
export async function run(
  file: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  input?: string,
): Promise<Ended> {
  const child = spawn(file, args, { cwd: root, env, stdio: ['pipe', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  // A program may end without reading what it is given.
  child.stdin.on('error', () => undefined).end(input ?? '');
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

/** `npx lynq ...` */
export const lynq = (stack: Surroundings, args: readonly string[], input?: string): Promise<Ended> =>
  run(process.execPath, ['bin/lynq.mjs', ...args], environment(stack), input);

export const kubectl = (stack: Surroundings & { readonly kubectl: string }, args: readonly string[]): Promise<Ended> =>
  run(stack.kubectl, ['--kubeconfig', stack.kubeconfig, ...args], environment(stack));

/** The worker installs the CRDs when they are absent; before that nothing can be applied. */
export async function crdsAreServed(list: (path: string) => Promise<unknown>): Promise<void> {
  for (const plural of ['lynqhubs', 'lynqforms', 'lynqnodes']) {
    await eventually(`the API server serves ${plural}`, async () =>
      (await list(`/apis/operator.lynq.sh/v1/${plural}`).then(
        () => true,
        () => false,
      ))
        ? there(plural)
        : notYet(plural),
    );
  }
}
