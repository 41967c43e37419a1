import {
  Client,
  Connection,
  type ConnectionOptions,
  type WorkflowExecutionInfo,
  WorkflowNotFoundError,
} from '@temporalio/client';
import type { DataConverter, PayloadCodec } from '@temporalio/common';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { NativeConnection, type NativeConnectionOptions } from '@temporalio/worker';
import { workflowIds } from '../domain/identity.ts';
import type { Logger } from '../domain/ports.ts';
import { proxyWords, type TemporalProxy, temporalProxy } from '../domain/temporal-proxy.ts';
import type { RunDirectory, StrayRun, Waker } from '../domain/watching.ts';
import { wakeSignal, workflowTypes } from '../workflows/messages.ts';
import { searchAttributes } from '../workflows/search-attributes.ts';
import { followApiKey, readApiKey } from './api-key.ts';

export interface TemporalAccess {
  readonly client: Client;
  readonly connection: Connection;
  readonly native: NativeConnection;
  readonly namespace: string;
  readonly address: string;
  /** Encrypts payloads where keys are given. */
  readonly dataConverter: DataConverter;
  close(): Promise<void>;
}

export interface TemporalOptions {
  readonly payloadCodecs: PayloadCodec[];
  /** File with the API key, read again and again; without one the key is that of the variables and stays. */
  readonly apiKeyFile: string | undefined;
  readonly logger: Logger;
}

const defaultNamespace = 'default';

/** The Temporal namespace that these variables, or the configuration file they name, mean. */
export function temporalNamespace(env: Readonly<Record<string, string | undefined>>): string {
  const overrideEnvVars = Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  return loadClientConnectConfig({ overrideEnvVars }).namespace ?? defaultNamespace;
}

/** Both connections go the same way: the first looks for a proxy in the environment by itself, unless it is told not to; the other has to be given it. */
export function connectionsBy(proxy: TemporalProxy | undefined): {
  readonly connection: Pick<ConnectionOptions, 'channelArgs'>;
  readonly native: Pick<NativeConnectionOptions, 'proxy'>;
} {
  if (proxy === undefined) return { connection: { channelArgs: { 'grpc.enable_http_proxy': 0 } }, native: {} };
  const { address: targetHost, login: basicAuth } = proxy;
  const given = { type: 'http-connect', targetHost, ...(basicAuth === undefined ? {} : { basicAuth }) } as const;
  return { connection: {}, native: { proxy: given } };
}

function unreachable(address: string, proxy: TemporalProxy | undefined, cause: unknown): Error {
  const way = proxy === undefined ? '' : ` ${proxyWords(proxy)}`;
  const text = `Temporal at ${address} cannot be reached${way}; set TEMPORAL_ADDRESS or start it: ${String(cause)}`;
  return new Error(text, { cause });
}

/** The worker's connection has no such setting: it verifies the server, as workers that run with this variable always did. */
export function warnOfBlindTrust(env: Readonly<Record<string, string | undefined>>, logger: Logger): void {
  if (/^(?:1|true)$/i.test(env['TEMPORAL_TLS_DISABLE_HOST_VERIFICATION'] ?? ''))
    logger.warn(
      'TEMPORAL_TLS_DISABLE_HOST_VERIFICATION has no effect on a worker: the certificate of Temporal is verified',
    );
}

/** Connects as the temporal CLI would: TEMPORAL_* variables and its configuration file. */
export async function connectTemporal({ payloadCodecs, apiKeyFile, logger }: TemporalOptions): Promise<TemporalAccess> {
  warnOfBlindTrust(process.env, logger);
  const key = apiKeyFile === undefined ? undefined : readApiKey(apiKeyFile);
  const overrideEnvVars = { ...process.env, ...(key === undefined ? {} : { TEMPORAL_API_KEY: key }) };
  const { connectionOptions, namespace = defaultNamespace } = loadClientConnectConfig({ overrideEnvVars });
  const address = connectionOptions.address ?? '127.0.0.1:7233';
  const proxy = temporalProxy(address, process.env);
  const by = connectionsBy(proxy);
  try {
    const connection = await Connection.connect({ ...connectionOptions, ...by.connection, connectTimeout: '10s' });
    // What goes over it is names and counts: compressing that took a tenth of the worker's and of the server's time.
    const native = await NativeConnection.connect({
      ...connectionOptions,
      ...by.native,
      grpcCompression: { codec: 'none' },
    });
    const unfollow =
      apiKeyFile === undefined || key === undefined
        ? () => undefined
        : followApiKey({ path: apiKeyFile, current: key, takers: [connection, native], logger });
    const dataConverter = { payloadCodecs };
    const client = new Client({ connection, namespace, dataConverter });
    return {
      client,
      connection,
      native,
      namespace,
      address,
      dataConverter,
      async close() {
        unfollow();
        await native.close();
        await connection.close();
      },
    };
  } catch (error) {
    throw unreachable(address, proxy, error);
  }
}

/** Wakes runs by signal; a closed or unknown run is told apart from a failure. */
export function signalWaker(client: Client): Waker {
  return async (namespace, node, cause) => {
    try {
      await client.workflow.getHandle(workflowIds.node(namespace, node)).signal(wakeSignal, { cause });
      return 'woken';
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return 'missing';
      throw error;
    }
  };
}

/** Visibility values are quoted; names of Kubernetes objects hold no quotes, and anything else is refused rather than escaped. */
function quoted(text: string): string {
  if (/['"\\]/.test(text)) throw new Error('a name that cannot be a Kubernetes name');
  return `'${text}'`;
}

const isOpen = "ExecutionStatus='Running'";

const ofNodes = (namespace: string): string =>
  `WorkflowType='${workflowTypes.node}' AND WorkflowId STARTS_WITH ${quoted(workflowIds.node(namespace, ''))}`;

const ofRollouts = (namespace: string): string =>
  `WorkflowType='${workflowTypes.rollout}' AND WorkflowId STARTS_WITH ${quoted(workflowIds.rollout(namespace, ''))}`;

const ofRemovals = (namespace: string): string =>
  `WorkflowType='${workflowTypes.removals}' AND WorkflowId STARTS_WITH ${quoted(workflowIds.removals(namespace, ''))}`;

type NameKey = (typeof searchAttributes)['hub' | 'form' | 'node'];

function nameOf({ typedSearchAttributes }: WorkflowExecutionInfo, key: NameKey): string | undefined {
  const name = typedSearchAttributes.get(key);
  return typeof name === 'string' ? name : undefined;
}

function strayOf(run: WorkflowExecutionInfo): StrayRun {
  const { workflowId, runId } = run;
  const [hub, form] = [nameOf(run, searchAttributes.hub), nameOf(run, searchAttributes.form)];
  return { workflowId, runId, hub, form, node: nameOf(run, searchAttributes.node) };
}

/** What Temporal's visibility shows of the runs on a task queue, and beside it. */
export function visibilityDirectory(client: Client, taskQueue: string): RunDirectory {
  const ours = (namespace: string) => `${ofNodes(namespace)} AND ${isOpen} AND TaskQueue='${taskQueue}'`;
  return {
    count: (namespace, hub, signal) =>
      client.withAbortSignal(
        signal,
        async () => (await client.workflow.count(`${ours(namespace)} AND LynqHub=${quoted(hub)}`)).count,
      ),
    // The run of a node that was taken over from another hub keeps that one's name.
    listed: (namespace, signal, onAnswer) =>
      client.withAbortSignal(signal, async () => {
        const hubs = new Map<string, string | undefined>();
        for await (const run of client.workflow.list({ query: ours(namespace), pageSize: 1000 })) {
          const name = nameOf(run, searchAttributes.node);
          if (name !== undefined) hubs.set(name, nameOf(run, searchAttributes.hub));
          onAnswer();
        }
        return hubs;
      }),
    elsewhere: (namespace, signal, onAnswer) =>
      client.withAbortSignal(signal, async () => {
        const found: StrayRun[] = [];
        const either = `((${ofNodes(namespace)}) OR (${ofRollouts(namespace)}) OR (${ofRemovals(namespace)}))`;
        const query = `${either} AND ${isOpen} AND TaskQueue!='${taskQueue}'`;
        for await (const run of client.workflow.list({ query, pageSize: 1000 })) {
          // What is to be ended is told by the run itself, whatever a store makes of the query.
          if (run.taskQueue !== taskQueue) found.push(strayOf(run));
          onAnswer();
        }
        return found;
      }),
    end: ({ workflowId, runId }, reason) => endRun(client, { workflowId, runId }, reason),
  };
}

/** Terminates a run; `false` for one that is not open any more. Termination deletes nothing (decisions.md section 4). */
export async function endRun(
  client: Client,
  { workflowId, runId }: { readonly workflowId: string; readonly runId?: string },
  reason: string,
): Promise<boolean> {
  try {
    await client.workflow.getHandle(workflowId, runId).terminate(reason);
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}
