import type { JsonObject } from '../../../domain/api/json.ts';
import type { Answer } from '../../../client/asking.ts';
import type { Files, GlobalOptions, Host, ServedCodec } from '../../../client/context.ts';
import type { Engine, ScaleResult, SentResult } from '../../../client/engine.ts';
import type { ExitCode } from '../../../client/exit-codes.ts';
import type { Planner } from '../../../client/planner.ts';
import { runProgram } from '../../../client/program.ts';
import type { ScaleRequest } from '../../../workflows/messages.ts';
import { createFakeCluster, type FakeCluster } from '../../support/fake-cluster.ts';
import { fakeTables } from './fake-tables.ts';

/** Runs a command line against fakes and returns everything it did. */

export const now = new Date('2026-11-22T12:00:00Z');

export interface World {
  readonly cluster?: FakeCluster;
  readonly engine?: FakeEngine;
  /** Told how long a command would wait for Temporal at most. */
  readonly engineLimit?: (milliseconds: number | undefined) => void;
  readonly planner?: Planner;
  /** Path to text. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  readonly stdin?: string;
  /** Namespace of the kubeconfig's context. */
  readonly contextNamespace?: string;
  /** What a person answers; absent means nobody is there. */
  readonly answer?: Answer;
  /** Stands for a cluster that cannot be connected to. */
  readonly clusterError?: Error;
  readonly clusterNeverAnswers?: true;
  readonly programName?: string;
  /** Standard output is a terminal this wide. */
  readonly terminalColumns?: number;
  /** And this high. */
  readonly terminalRows?: number;
  /** Standard error is a terminal. */
  readonly errorTerminal?: true;
  /** Sees everything on standard output so far. */
  readonly onOut?: (out: string) => void;
  /** Sees everything on standard error so far. */
  readonly onErr?: (err: string) => void;
  /** Time goes by as outside; it stands still otherwise. */
  readonly timePasses?: true;
  /** Somebody presses Ctrl-C during work that heeds it. */
  readonly interrupted?: AbortSignal;
  /** What decodes payloads; absent means there are no keys. */
  readonly codec?: ServedCodec;
  /** Ends a watch. */
  readonly stop?: AbortSignal;
}

export interface Ran {
  readonly exitCode: ExitCode;
  readonly out: string;
  readonly err: string;
  readonly options: readonly GlobalOptions[];
  readonly questions: readonly string[];
  /** Path to text. */
  readonly written: Readonly<Record<string, string>>;
}

export async function run(line: string, world: World = {}): Promise<Ran> {
  const ran = {
    out: '',
    err: '',
    options: [] as GlobalOptions[],
    questions: [] as string[],
    written: {} as Record<string, string>,
  };
  let made: FakeCluster | undefined;
  const cluster = async (): Promise<FakeCluster> => {
    if (world.clusterError !== undefined) throw world.clusterError;
    if (world.clusterNeverAnswers) await new Promise(() => undefined);
    made ??= world.cluster ?? createFakeCluster();
    return made;
  };
  const write = (text: string): void => {
    ran.out += text;
    world.onOut?.(ran.out);
  };
  const writeError = (text: string): void => {
    ran.err += text;
    world.onErr?.(ran.err);
  };
  const began = performance.now();
  const host: Host = {
    out: {
      write,
      isTerminal: world.terminalColumns !== undefined,
      colours: false,
      columns: world.terminalColumns ?? 100,
      rows: world.terminalRows,
    },
    err: { write: writeError, isTerminal: world.errorTerminal === true, colours: false, columns: 100 },
    files: fakeFiles(world.files ?? {}, world.stdin ?? '', ran.written),
    clock: { now: () => new Date(now.getTime() + (world.timePasses ? performance.now() - began : 0)) },
    debug: false,
    stop: world.stop ?? new AbortController().signal,
    version: () => '1.2.3',
    ask: async (question) => {
      ran.questions.push(question);
      return world.answer;
    },
    heedInterrupt: (work) => work(world.interrupted ?? new AbortController().signal),
    services: (options) => {
      ran.options.push(options);
      return {
        cluster,
        tables: async () => fakeTables(await cluster(), now),
        quickTables: async () => fakeTables(await cluster(), now),
        kinds: async () => (await cluster()).kinds,
        reflector: async () => (await cluster()).reflector,
        contextNamespace: async () => world.contextNamespace,
        contextNames: async () => ['kind', 'production'],
        serveCodec: async () => world.codec,
        engine: async (atMostMilliseconds) => {
          world.engineLimit?.(atMostMilliseconds);
          return world.engine ?? fakeEngine();
        },
        planner: async () => {
          if (world.planner === undefined) throw new Error('this world has no planner');
          return world.planner;
        },
        close: async () => undefined,
      };
    },
  };
  const { programName } = world;
  const exitCode = await runProgram(words(line), host, programName === undefined ? {} : { name: programName });
  return { ...ran, exitCode };
}

function words(line: string): readonly string[] {
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '');
}

function fakeFiles(
  given: Readonly<Record<string, string | Uint8Array>>,
  stdin: string,
  written: Record<string, string>,
): Files {
  const files = given;
  const inside = (folder: string) =>
    Object.keys(files).filter((path) => path.startsWith(`${folder.replace(/\/$/, '')}/`));
  const bytes = (text: string | Uint8Array) => (typeof text === 'string' ? new TextEncoder().encode(text) : text);
  return {
    kind: async (path) => (files[path] !== undefined ? 'file' : inside(path).length > 0 ? 'folder' : 'absent'),
    read: async (path) => bytes(files[path] ?? ''),
    list: async (folder) => {
      const names = inside(folder).map((path) => path.slice(folder.replace(/\/$/, '').length + 1).split('/')[0] ?? '');
      return [...new Set(names)].toSorted();
    },
    write: async (path, text) => void (written[path] = text),
    standardInput: async () => bytes(stdin),
  };
}

export interface FakeEngine extends Engine {
  /** `resync lynq-system/acme`, `sync …`, `scale … {"overrides":…}` in the order they came. */
  readonly sent: readonly string[];
}

/** An engine that knows these nodes and hubs; names are `namespace/name`. */
export function fakeEngine(known: readonly string[] = [], scaleAnswer?: ScaleResult): FakeEngine {
  const sent: string[] = [];
  const answer = (what: string, namespace: string, name: string): SentResult => {
    sent.push(`${what} ${namespace}/${name}`);
    return { kind: known.includes(`${namespace}/${name}`) ? 'sent' : 'absent' };
  };
  return {
    sent,
    address: 'temporal.test:7233',
    resyncNode: async (namespace, node) => answer('resync', namespace, node),
    syncHub: async (namespace, hub) => answer('sync', namespace, hub),
    // Each that was asked for has begun and ended at once.
    hubSyncs: async () =>
      sent.filter((one) => one.startsWith('sync ')).map((one, index) => ({ workflowId: one, runId: `sync-${index}` })),
    syncState: async () => ({ kind: 'ended', outcome: 'synced' }),
    wakeNode: async (namespace, node) => answer('wake', namespace, node),
    nodeRun: async () => undefined,
    nodeRuns: async () => [],
    pageOf: (namespace, node, runId) =>
      `http://ui.test/namespaces/default/workflows/node%2F${namespace}%2F${node}/${runId}/history`,
    hubSchedule: async () => ({ next: new Date(now.getTime() + 25_000), paused: false, note: '', running: false }),
    scale: async (namespace, node, request: ScaleRequest) => {
      sent.push(`scale ${namespace}/${node} ${JSON.stringify(request)}`);
      return scaleAnswer ?? { kind: 'accepted', reply: { node, overridden: Object.keys(request.overrides) } };
    },
    namespaceMark: async () => ({ namespace: 'default', cluster: undefined }),
    close: async () => undefined,
  };
}

/** A LynqNode as the worker leaves it. */
export function aNode(name: string, over: { readonly [key: string]: string | number } = {}): JsonObject {
  const value = {
    uid: 'acme-corp',
    form: 'data-tier',
    ready: 6,
    desired: 6,
    status: 'True',
    reason: 'Reconciled',
    ...over,
  };
  return {
    apiVersion: 'operator.lynq.sh/v1',
    kind: 'LynqNode',
    metadata: {
      name,
      namespace: 'lynq-system',
      creationTimestamp: '2026-11-22T11:50:00Z',
      labels: { 'lynq.sh/hub': 'multi-tier-nodes', 'lynq.sh/uid': value.uid },
    },
    spec: { uid: value.uid, templateRef: value.form, formRevision: `${value.form}-0a1b2c` },
    status: {
      readyResources: value.ready,
      desiredResources: value.desired,
      skippedResources: 0,
      failedResources: 0,
      conditions: [
        {
          type: 'Ready',
          status: value.status,
          reason: value.reason,
          message: 'Successfully reconciled all resources',
          lastTransitionTime: '2026-11-22T11:52:00Z',
        },
      ],
    },
  };
}
