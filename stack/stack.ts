import { existsSync, mkdirSync, rmdirSync, rmSync } from 'node:fs';
import { bringDown, bringUp, isRunning } from './control.ts';
import { type StackEndpoints, stackEndpoints } from './endpoints.ts';
import { type Environment, serverEnvironment } from './environment.ts';
import { StackError } from './errors.ts';
import { ensureTools } from './install/ensure-tools.ts';
import { askedKubernetes, kubernetesToUse } from './kubernetes-release.ts';
import { withLock } from './lock.ts';
import { type DataPaths, dataPaths } from './paths.ts';
import { choosePorts, isPortFree, type Ports, randomStart } from './ports.ts';
import { isAlive } from './processes.ts';
import { type OnProgress, withProgress } from './progress.ts';
import { loadOrMakeSecrets } from './secrets.ts';
import type { ServerContext } from './servers/definition.ts';
import { definitionOf } from './servers/table.ts';
import { readState, type ServerName, serverNames, type StackState, type TemporalStore, writeState } from './state.ts';

export interface StackOptions {
  /** The folder that holds everything of this stack; made when missing. Two stacks need two folders. */
  readonly dataDir: string;
  readonly onProgress?: OnProgress;
  /** Default: the store of the last start in this folder, else memory. */
  readonly temporalStore?: TemporalStore;
  /** Admission plugins of the API server beside those that are on anyway; default: those of the last start in this folder, else none. */
  readonly admissionPlugins?: readonly string[];
  /** Default: this process's environment. Only what installers and plain programs need is passed on; LYNQ_STACK_KUBERNETES chooses the control plane. */
  readonly environment?: Environment;
}

/** A stack that was ready when this was handed out. It outlives the process unless `stop` is called. */
export interface RunningStack {
  readonly dataDir: string;
  readonly endpoints: StackEndpoints;
  /** Starts one server again on its old ports and returns when it is ready; does nothing when it runs. */
  startServer(name: ServerName): Promise<void>;
  /** Ends one server: politely, or with SIGKILL when `how` is `kill`. Does nothing when it is not running. */
  stopServer(name: ServerName, options?: { readonly how?: 'ask' | 'kill' }): Promise<void>;
  /** Ends every server of this stack; the data stays. */
  stop(): Promise<void>;
}

const waitForOtherStartMs = 180_000;
const silent = (): void => undefined;

/**
 * Brings the whole stack up and returns when every server is ready: installs what is missing, starts what is not
 * running, on the ports of the last start when they are free. On failure the servers this call started are ended again.
 * @throws StackError with the text for a person.
 */
export async function startStack(options: StackOptions): Promise<RunningStack> {
  const environment = options.environment ?? process.env;
  const onProgress = options.onProgress ?? silent;
  const paths = dataPaths(options.dataDir);
  const kubernetes = kubernetesToUse(readState(paths.state), askedKubernetes(environment));
  const tools = await ensureTools({ onProgress, environment, kubernetes });
  mkdirSync(paths.root, { recursive: true, mode: 0o700 });
  return withLock(paths.lock, { waitMs: waitForOtherStartMs, onWait: silent }, async () => {
    const kept = readState(paths.state);
    kubernetesToUse(kept, kubernetes);
    const temporalStore = storeToUse(kept, options.temporalStore);
    const ports = await portsToUse(kept);
    const admissionPlugins = options.admissionPlugins ?? kept?.admissionPlugins ?? [];
    const settings = { temporalStore, admissionPlugins, kubernetes, ports, tools } as const;
    writeState(paths.state, { version: 1, ...settings, servers: aliveOnly(kept) });
    const context = makeContext(paths, environment);
    await bringUpAll(context, onProgress);
    return runningStack(context);
  });
}

/** Ends every server `up` started in this folder; with `purge` its data goes too. False when there was no stack. */
export async function stopStack(dataDir: string, options: { readonly purge?: boolean } = {}): Promise<boolean> {
  const paths = dataPaths(dataDir);
  if (!existsSync(paths.state)) return false;
  await withLock(paths.lock, { waitMs: waitForOtherStartMs, onWait: silent }, () => bringDownAll({ paths }));
  if (options.purge === true) removeData(paths);
  return true;
}

/** One line of `status`. */
export interface ServerStatus {
  readonly name: ServerName;
  readonly pid: number | undefined;
  readonly address: string;
  readonly state: 'running' | 'stopped';
}

/** How the servers of a folder are; undefined when no stack was ever started there. */
export function stackStatus(dataDir: string): readonly ServerStatus[] | undefined {
  const paths = dataPaths(dataDir);
  const state = readState(paths.state);
  if (state === undefined) return undefined;
  return serverNames.map((name) => {
    const running = isRunning({ paths }, name);
    const pid = running ? state.servers[name]?.pid : undefined;
    return { name, pid, address: definitionOf(name).address(state.ports), state: running ? 'running' : 'stopped' };
  });
}

/** The endpoints of a stack that was started before, running or not. */
export function endpointsOf(dataDir: string): StackEndpoints {
  const { paths, ports, secrets, tools } = makeContext(dataPaths(dataDir), {});
  return stackEndpoints(paths, ports, secrets, tools);
}

function runningStack(context: ServerContext): RunningStack {
  return {
    dataDir: context.paths.root,
    endpoints: stackEndpoints(context.paths, context.ports, context.secrets, context.tools),
    startServer: async (name) => {
      await bringUp(context, name, silent);
    },
    stopServer: (name, options) => bringDown(context, name, options?.how === 'kill' ? 0 : undefined),
    stop: async () => {
      await stopStack(context.paths.root);
    },
  };
}

function makeContext(paths: DataPaths, environment: Environment): ServerContext {
  const state = readState(paths.state);
  if (state === undefined) throw new StackError({ kind: 'not-running', dataDir: paths.root });
  return {
    paths,
    ports: state.ports,
    tools: state.tools,
    temporalStore: state.temporalStore,
    admissionPlugins: state.admissionPlugins,
    kubernetes: state.kubernetes,
    secrets: loadOrMakeSecrets(paths.secrets),
    env: serverEnvironment(environment),
    asRoot: process.getuid?.() === 0,
  };
}

function aliveOnly(state: StackState | undefined): StackState['servers'] {
  const entries = Object.entries(state?.servers ?? {});
  return Object.fromEntries(entries.filter(([, server]) => isAlive(server)));
}

function storeToUse(kept: StackState | undefined, wanted: TemporalStore | undefined): TemporalStore {
  const running = aliveOnly(kept).temporal === undefined ? undefined : kept?.temporalStore;
  if (running !== undefined && wanted !== undefined && running !== wanted) {
    throw new StackError({ kind: 'other-store', running, wanted });
  }
  return wanted ?? kept?.temporalStore ?? 'memory';
}

/** While some servers run, the others know them by their ports, so none may change. */
async function portsToUse(kept: StackState | undefined): Promise<Ports> {
  if (kept !== undefined && Object.keys(aliveOnly(kept)).length > 0) return kept.ports;
  return choosePorts(kept?.ports ?? {}, isPortFree, randomStart(Math.random()));
}

async function bringUpAll(context: ServerContext, onProgress: OnProgress): Promise<void> {
  const started: ServerName[] = [];
  const tasks = new Map<ServerName, Promise<void>>();
  const task = (name: ServerName): Promise<void> => {
    const known = tasks.get(name);
    if (known !== undefined) return known;
    const made = Promise.all(definitionOf(name).needs.map(task)).then(() => up(name));
    tasks.set(name, made);
    return made;
  };
  const up = async (name: ServerName): Promise<void> => {
    const step = { phase: 'start', step: serverNames.indexOf(name) + 1, of: serverNames.length, what: name } as const;
    const wasRunning = isRunning(context, name);
    if (!wasRunning) started.push(name);
    await withProgress(wasRunning ? silent : onProgress, step, (say) => bringUp(context, name, say));
  };
  const results = await Promise.allSettled(serverNames.map(task));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed === undefined) return;
  for (const name of started.toReversed()) await bringDown(context, name);
  throw failed.reason;
}

/** Those that need a server end before it. */
async function bringDownAll(context: Pick<ServerContext, 'paths'>): Promise<void> {
  const tasks = new Map<ServerName, Promise<void>>();
  const task = (name: ServerName): Promise<void> => {
    const known = tasks.get(name);
    if (known !== undefined) return known;
    const dependents = serverNames.filter((other) => definitionOf(other).needs.includes(name));
    const made = Promise.all(dependents.map(task)).then(() => bringDown(context, name));
    tasks.set(name, made);
    return made;
  };
  await Promise.all(serverNames.map(task));
}

/** Removes only what the stack made, so that a wrong folder loses nothing else. */
function removeData(paths: DataPaths): void {
  const { root, ...parts } = paths;
  for (const part of Object.values(parts)) rmSync(part, { recursive: true, force: true });
  rmSync(`${root}/flex-volumes`, { recursive: true, force: true });
  try {
    rmdirSync(root);
  } catch {
    // Something else is kept there.
  }
}
