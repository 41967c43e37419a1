import type { PayloadCodec } from '@temporalio/common';
import { credentials } from '@grpc/grpc-js';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import {
  Client,
  Connection,
  type ConnectionOptions,
  isGrpcServiceError,
  NamespaceNotFoundError,
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { workflowIds } from '../domain/identity.ts';
import { clusterKey } from '../domain/keys.ts';
import { proxyWords, temporalProxy } from '../domain/temporal-proxy.ts';
import { resyncSignal, scaleUpdate, type ScaleRequest, wakeSignal } from '../workflows/messages.ts';
import type { GlobalOptions } from './context.ts';
import type { Engine, NamespaceMark, ScaleResult, ScheduleView, SentResult } from './engine.ts';
import { CommandError, usageError } from './errors.ts';
import { exitCodes } from './exit-codes.ts';
import { pageOf, readNodeRun, readNodeRuns } from './temporal-runs.ts';
import { readHubSyncs, readSyncState } from './temporal-syncs.ts';

/**
 * `Engine` on Temporal. Address, namespace, TLS and API key come from where the temporal CLI takes them (profiles, TEMPORAL_*), flags first.
 * Handles carry no run id: it would pin them to a run that has continued as new.
 */

interface Link {
  readonly client: Client;
  readonly address: string;
  readonly namespace: string;
  readonly timeoutMilliseconds: number;
}

export async function openEngine(
  options: GlobalOptions,
  environment: Readonly<Record<string, string | undefined>>,
  payloadCodecs: PayloadCodec[],
): Promise<Engine> {
  const link = await connect(options, environment, payloadCodecs);
  return {
    address: link.address,
    resyncNode: (namespace, node) => within(link, () => signalNode(link, namespace, node, resyncSignal)),
    syncHub: (namespace, hub) => within(link, () => syncHub(link, namespace, hub)),
    wakeNode: (namespace, node) => within(link, () => signalNode(link, namespace, node, wakeSignal)),
    nodeRun: (namespace, node) => within(link, () => readNodeRun(link.client, workflowIds.node(namespace, node))),
    nodeRuns: (namespace, node, limit) =>
      within(link, () => readNodeRuns(link.client, workflowIds.node(namespace, node), limit)),
    pageOf: (namespace, node, runId) =>
      pageOf({ ui: environment['LYNQ_TEMPORAL_UI'], ...link }, workflowIds.node(namespace, node), runId),
    hubSyncs: (namespace, hub) => within(link, () => readHubSyncs(link.client, namespace, hub)),
    syncState: (run) => within(link, () => readSyncState(link.client, run)),
    hubSchedule: (namespace, hub) => within(link, () => hubSchedule(link, namespace, hub)),
    scale: (namespace, node, request) => within(link, () => scale(link, workflowIds.node(namespace, node), request)),
    namespaceMark: () => within(link, () => namespaceMark(link)),
    close: () => link.client.connection.close(),
  };
}

/** What the library takes; anything else it calls a TypeError. */
const hostAndPort = /^(?:\[[\da-f:.]+\]|[^\s/:[\]]+)(?::\d{1,5})?$/i;

async function connect(
  options: GlobalOptions,
  environment: Readonly<Record<string, string | undefined>>,
  payloadCodecs: PayloadCodec[],
): Promise<Link> {
  const config = readConfig(options, environment);
  const address = options.address ?? config.connectionOptions.address ?? 'localhost:7233';
  const namespace = options.temporalNamespace ?? config.namespace ?? 'default';
  const { timeoutMilliseconds } = options;
  if (!hostAndPort.test(address)) {
    throw usageError(
      `"${address}" is no address of Temporal`,
      'write HOST or HOST:PORT, without https://, in --address, TEMPORAL_ADDRESS or the profile',
    );
  }
  try {
    const connection = await Connection.connect({
      ...trusting(config.connectionOptions, { ...environment, ...options.temporalTls }),
      address,
      connectTimeout: timeoutMilliseconds,
    });
    const client = new Client({ connection, namespace, dataConverter: { payloadCodecs } });
    return { client, address, namespace, timeoutMilliseconds };
  } catch (error) {
    const translated = translate(error, { address, namespace, timeoutMilliseconds });
    throw translated instanceof CommandError || error instanceof TypeError ? translated : unreachable(address);
  }
}

type ServerOptions = ReturnType<typeof readConfig>['connectionOptions'];

/**
 * The options, with any certificate of the server believed where that is asked for, as `temporal` does. The library for the configuration reads this setting
 * and leaves it out. A connection in the clear stays one.
 */
export function trusting(
  options: ServerOptions,
  environment: Readonly<Record<string, string | undefined>>,
): ServerOptions | (Omit<ServerOptions, 'tls'> & Pick<ConnectionOptions, 'credentials' | 'channelArgs'>) {
  if (!/^(?:1|true)$/i.test(environment['TEMPORAL_TLS_DISABLE_HOST_VERIFICATION'] ?? '')) return options;
  const { tls, ...others } = options;
  if (others.apiKey !== undefined)
    throw usageError(
      'an API key is sent to no server that is not verified',
      'leave --tls-disable-host-verification out',
    );
  if (tls === undefined || tls === null || tls === false) return options;
  const { serverNameOverride: name, serverRootCACertificate, clientCertPair } = tls === true ? {} : tls;
  const buffer = (bytes: Uint8Array | undefined): Buffer | null => (bytes === undefined ? null : Buffer.from(bytes));
  const [root, key, cert] = [serverRootCACertificate, clientCertPair?.key, clientCertPair?.crt].map(buffer);
  const made = credentials.createSsl(root, key, cert, { rejectUnauthorized: false });
  if (name === undefined) return { ...others, credentials: made };
  // As the library does it for its own credentials: a proxy in front of Temporal may go by this name.
  const named = { 'grpc.ssl_target_name_override': name, 'grpc.default_authority': name };
  return { ...others, credentials: made, channelArgs: named };
}

function readConfig(options: GlobalOptions, environment: Readonly<Record<string, string | undefined>>) {
  const set = Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined);
  try {
    return loadClientConnectConfig({
      ...(options.profile === undefined ? {} : { profile: options.profile }),
      overrideEnvVars: { ...Object.fromEntries(set), ...options.temporalTls },
    });
  } catch (error) {
    throw new CommandError(`the Temporal configuration cannot be used: ${messageOf(error)}`, {
      fix: 'check --profile, the TEMPORAL_* variables and the file `temporal config list` shows',
    });
  }
}

async function within<T>(link: Link, call: () => Promise<T>): Promise<T> {
  try {
    return await link.client.connection.withDeadline(Date.now() + link.timeoutMilliseconds, call);
  } catch (error) {
    throw translate(error, link);
  }
}

async function namespaceMark({ client, namespace }: Link): Promise<NamespaceMark> {
  try {
    const { namespaceInfo } = await client.workflowService.describeNamespace({ namespace });
    return { namespace, cluster: namespaceInfo?.data?.[clusterKey] };
  } catch (error) {
    // A managed one lets nobody look, and the worker could not mark it either.
    if (isGrpcServiceError(error) && withheld.has(error.code)) return { namespace, cluster: undefined };
    throw error;
  }
}

async function signalNode(
  link: Link,
  namespace: string,
  node: string,
  signal: typeof resyncSignal,
): Promise<SentResult> {
  try {
    await link.client.workflow.getHandle(workflowIds.node(namespace, node)).signal(signal, { cause: 'resync' });
    return { kind: 'sent' };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return { kind: 'absent' };
    throw error;
  }
}

async function syncHub(link: Link, namespace: string, hub: string): Promise<SentResult> {
  try {
    await link.client.schedule
      .getHandle(workflowIds.schedule(namespace, hub))
      .trigger(ScheduleOverlapPolicy.BUFFER_ONE);
    return { kind: 'sent' };
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return { kind: 'absent' };
    throw error;
  }
}

async function hubSchedule(link: Link, namespace: string, hub: string): Promise<ScheduleView | undefined> {
  try {
    const { info, state } = await link.client.schedule.getHandle(workflowIds.schedule(namespace, hub)).describe();
    return {
      next: info.nextActionTimes[0],
      paused: state.paused,
      note: state.note ?? '',
      running: info.runningActions.length > 0,
    };
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return undefined;
    throw error;
  }
}

async function scale(link: Link, workflowId: string, request: ScaleRequest): Promise<ScaleResult> {
  try {
    const handle = link.client.workflow.getHandle(workflowId);
    // Who could not read the answer must not send either: overrides would stand in the clear beside encrypted payloads.
    await handle.describe();
    return { kind: 'accepted', reply: await handle.executeUpdate(scaleUpdate, { args: [request] }) };
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError) return { kind: 'refused', message: messageOf(rootCause(error)) };
    if (error instanceof WorkflowNotFoundError) return { kind: 'absent' };
    if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return { kind: 'noAnswer' };
    throw error;
  }
}

/** gRPC status codes, by number: importing the library's enum would load all of it. */
const grpc = {
  deadlineExceeded: 4,
  notFound: 5,
  permissionDenied: 7,
  unimplemented: 12,
  unavailable: 14,
  unauthenticated: 16,
} as const;
const withheld: ReadonlySet<number> = new Set([grpc.permissionDenied, grpc.unimplemented]);

function translate(error: unknown, link: Omit<Link, 'client'>): unknown {
  if (error instanceof CommandError) return error;
  const cause = error instanceof Error && isGrpcServiceError(error.cause) ? error.cause : error;
  const code = isGrpcServiceError(cause) ? cause.code : undefined;
  const { address, namespace } = link;
  if (code === grpc.permissionDenied || code === grpc.unauthenticated) {
    return new CommandError(`Temporal at ${address} refuses the credentials`, {
      fix: 'check the API key or certificate of the profile (--profile)',
    });
  }
  if (error instanceof NamespaceNotFoundError || code === grpc.notFound) {
    return new CommandError(`Temporal at ${address} has no namespace "${namespace}"`, {
      fix: 'name the right one with --temporal-namespace, or create it: temporal operator namespace create',
    });
  }
  if (code === grpc.unimplemented) {
    return new CommandError(`what answers at ${address} is no Temporal server`, {
      exitCode: exitCodes.unreachable,
      fix: 'check --address or TEMPORAL_ADDRESS: the gRPC port of its frontend (7233), not that of the UI, and no path of a proxy',
    });
  }
  return code === grpc.unavailable || code === grpc.deadlineExceeded ? unreachable(address) : error;
}

/** The connection finds a proxy in the environment by itself. */
function unreachable(address: string): CommandError {
  const proxy = temporalProxy(address, process.env);
  if (proxy !== undefined) {
    return new CommandError(`Temporal at ${address} cannot be reached ${proxyWords(proxy)}`, {
      exitCode: exitCodes.unreachable,
      fix: 'check --address or TEMPORAL_ADDRESS, and whether the proxy is the way there: no_proxy leaves it out',
    });
  }
  return new CommandError(`Temporal at ${address} cannot be reached`, {
    exitCode: exitCodes.unreachable,
    fix: 'check --address or TEMPORAL_ADDRESS, and that the server is running',
  });
}

/** What was really said: a failed activity wraps its reason. */
function rootCause(error: Error): unknown {
  let cause: unknown = error;
  while (cause instanceof Error && cause.cause !== undefined) cause = cause.cause;
  return cause;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
