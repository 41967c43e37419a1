import type { Clock, Cluster, KindDirectory, Reflector, Tables } from '../domain/ports.ts';
import type { Answer } from './asking.ts';
import type { Engine } from './engine.ts';
import type { Planner } from './planner.ts';

/** What a command may use: everything it does goes through here, so that a test can stand in for the world. */

export interface Output {
  write(text: string): void;
  /** A terminal on which a line can be written over. */
  readonly isTerminal: boolean;
  /** Colours are wanted: a terminal, and NO_COLOR is not set. */
  readonly colours: boolean;
  /** Width to wrap help at. */
  readonly columns: number;
  /** Height of the terminal; absent where there is none. */
  readonly rows?: number | undefined;
}

/** The file system. */
export interface Files {
  kind(path: string): Promise<'file' | 'folder' | 'absent'>;
  read(path: string): Promise<Uint8Array>;
  /** Names in a folder, sorted. */
  list(path: string): Promise<readonly string[]>;
  /** Makes the file, or replaces what is in it; readable by nobody else. */
  write(path: string, text: string): Promise<void>;
  /** Everything on standard input. */
  standardInput(): Promise<Uint8Array>;
}

/** Options every command takes. */
export interface GlobalOptions {
  readonly namespace?: string | undefined;
  readonly context?: string | undefined;
  readonly kubeconfig?: string | undefined;
  readonly address?: string | undefined;
  readonly temporalNamespace?: string | undefined;
  readonly profile?: string | undefined;
  /** What the `--tls` flags say, by the names of the environment variables of the temporal CLI. */
  readonly temporalTls: Readonly<Record<string, string>>;
  readonly timeoutMilliseconds: number;
}

/** Connections, opened at the first use and never for a command that does not need them. */
export interface Services {
  cluster(): Promise<Cluster>;
  /** Lists in the words they are printed with. */
  tables(): Promise<Tables>;
  /** The same for completion, by a lighter way where the kubeconfig allows it: of our own kinds and namespaces only. */
  quickTables(): Promise<Tables>;
  /** What there is to look through. */
  kinds(): Promise<KindDirectory>;
  /** Goes on whatever happens to the connection, until its signal ends it; list first to learn whether there is a cluster at all. */
  reflector(): Promise<Reflector>;
  /** Namespace of the kubeconfig's context, undefined when it names none. Needs no server. */
  contextNamespace(): Promise<string | undefined>;
  /** Names of the kubeconfig's contexts. Needs no server. */
  contextNames(): Promise<readonly string[]>;
  engine(atMostMilliseconds?: number): Promise<Engine>;
  planner(): Promise<Planner>;
  /** Decodes payloads with the keys of LYNQ_CODEC_KEYS until closed; undefined when that is not set. */
  serveCodec(request: CodecRequest): Promise<ServedCodec | undefined>;
  close(): Promise<void>;
}

export interface CodecRequest {
  readonly host: string;
  readonly port: number;
  /** Origins of the UIs that may ask. */
  readonly origins: readonly string[];
}

export interface ServedCodec {
  readonly url: string;
  close(): Promise<void>;
}

/** What the process gives to a run of `lynq`. */
export interface Host {
  readonly out: Output;
  readonly err: Output;
  readonly files: Files;
  readonly clock: Clock;
  readonly debug: boolean;
  readonly version: () => string;
  /** Ends what goes on by itself, such as `--watch`. */
  readonly stop: AbortSignal;
  /** Asks a person; undefined when nobody is there to answer. */
  ask(question: string): Promise<Answer | undefined>;
  /** Ctrl-C, SIGTERM and SIGHUP end the process, but not during this work, which is told by a signal and ends in good order; a further Ctrl-C does. */
  heedInterrupt<T>(work: (interrupted: AbortSignal) => Promise<T>): Promise<T>;
  services(options: GlobalOptions): Services;
}

export interface Context extends Omit<Host, 'services' | 'version'> {
  readonly options: GlobalOptions;
  readonly services: Services;
  /** What people type to get here, without arguments and flags: `lynq get nodes`. */
  readonly command: string;
  /** `-n`, else the context's namespace, else `lynq-system`. */
  namespace(): Promise<string>;
}

export const fallbackNamespace = 'lynq-system';

export function makeContext(host: Host, options: GlobalOptions, command: string): Context {
  const services = host.services(options);
  const { out, err, files, clock, debug, stop } = host;
  return {
    out,
    err,
    files,
    clock,
    debug,
    stop,
    options,
    services,
    command,
    ask: (question) => host.ask(question),
    heedInterrupt: (work) => host.heedInterrupt(work),
    namespace: async () => options.namespace ?? (await services.contextNamespace()) ?? fallbackNamespace,
  };
}
