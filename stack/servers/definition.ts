import type { KubernetesRelease } from '../kubernetes-release.ts';
import type { DataPaths } from '../paths.ts';
import type { PortName, Ports } from '../ports.ts';
import type { CommandLine } from '../processes.ts';
import type { StackSecrets } from '../secrets.ts';
import type { ServerName, TemporalStore, Tools } from '../state.ts';

/** All a server definition may know about its stack. */
export interface ServerContext {
  readonly tools: Tools;
  readonly paths: DataPaths;
  readonly ports: Ports;
  readonly secrets: StackSecrets;
  readonly temporalStore: TemporalStore;
  readonly admissionPlugins: readonly string[];
  readonly kubernetes: KubernetesRelease;
  /** The filtered environment of every server (see `environment.ts`). */
  readonly env: Readonly<Record<string, string>>;
  /** True when this process is root; some servers insist on being told. */
  readonly asRoot: boolean;
}

/** A readiness probe's answer; `why` is what the person sees when it never becomes ready. */
export type Readiness = { readonly kind: 'ready' } | { readonly kind: 'not-yet'; readonly why: string };

/** One row of the server table. */
export interface ServerDefinition {
  /** Servers that must be ready before this one starts. */
  readonly needs: readonly ServerName[];
  readonly ports: readonly PortName[];
  /** The address for `status`. */
  readonly address: (ports: Ports) => string;
  /** Writes the files the server reads. Runs before each start; must be repeatable on kept data. */
  readonly prepare: (context: ServerContext) => Promise<void>;
  readonly command: (context: ServerContext) => CommandLine;
  /** One quick look; may reject, which counts as not yet. */
  readonly probe: (context: ServerContext) => Promise<Readiness>;
  /** Runs once the probe says ready, before dependents start; must be repeatable on kept data. */
  readonly settle: (context: ServerContext) => Promise<void>;
  /** How long the server may take to become ready, in milliseconds. */
  readonly readyWithinMs: number;
  /** How long it may take to end after SIGTERM before it is killed, in milliseconds. */
  readonly stopWithinMs: number;
}

export const ready: Readiness = { kind: 'ready' };

export function notYet(why: string): Readiness {
  return { kind: 'not-yet', why };
}

/** For definitions without files to write or work to do afterwards. */
export async function nothing(): Promise<void> {}

export const loopback = '127.0.0.1';
