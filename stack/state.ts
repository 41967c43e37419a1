import { z } from 'zod';
import { readJson, writeWhole } from './files.ts';
import { defaultKubernetes, KubernetesRelease } from './kubernetes-release.ts';
import { type PortName, portNames } from './ports.ts';

/** The servers of the stack, in the order `status` shows them. */
export const serverNames = [
  'etcd',
  'apiserver',
  'controller-manager',
  'scheduler',
  'kwok',
  'mariadb',
  'temporal',
] as const;

export const ServerName = z.enum(serverNames);
export type ServerName = z.infer<typeof ServerName>;

/** Where Temporal keeps its workflows: in memory (fast, forgets at restart) or in a file of the data folder. */
export const TemporalStore = z.enum(['memory', 'file']);
export type TemporalStore = z.infer<typeof TemporalStore>;

const port = z.int().min(1).max(65_535);
const portShape = Object.fromEntries(portNames.map((name) => [name, port])) as Record<PortName, typeof port>;

/** A server that was started: its pid and what tells it from a later process of the same pid. */
export const ServerRecord = z.strictObject({
  pid: z.int().positive(),
  identity: z.string(),
  startedAt: z.iso.datetime(),
});
export type ServerRecord = z.infer<typeof ServerRecord>;

const program = z.string().startsWith('/');

/** Absolute paths of the programs the servers run. */
export const Tools = z.strictObject({
  etcd: program,
  kubeApiserver: program,
  kubeControllerManager: program,
  kubeScheduler: program,
  kubectl: program,
  kwok: program,
  temporal: program,
  mariadbd: program,
  mariadbInstallDb: program,
});
export type Tools = Readonly<z.infer<typeof Tools>>;

/** `stack.json`: what `up` started, so that `down` ends exactly that, and the ports for the next start. */
export const StackState = z.strictObject({
  version: z.literal(1),
  temporalStore: TemporalStore,
  /** Switched on in the API server beside those that are on anyway. */
  admissionPlugins: z.array(z.string()).readonly().default([]),
  /** Whose data etcd holds. */
  kubernetes: KubernetesRelease.default(defaultKubernetes),
  tools: Tools,
  ports: z.strictObject(portShape),
  servers: z.partialRecord(ServerName, ServerRecord),
});
export type StackState = z.infer<typeof StackState>;

/** The recorded state, undefined when nothing was ever started in this folder; throws `bad-file` for a foreign file. */
export function readState(file: string): StackState | undefined {
  return readJson(file, StackState);
}

export function writeState(file: string, state: StackState): void {
  writeWhole(file, `${JSON.stringify(state, null, 2)}\n`);
}

/** The same state with one server recorded, or forgotten with `undefined`. */
export function withServer(state: StackState, name: ServerName, record: ServerRecord | undefined): StackState {
  const { [name]: _, ...others } = state.servers;
  return { ...state, servers: record === undefined ? others : { ...others, [name]: record } };
}
