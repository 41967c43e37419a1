import { Client, Connection, WorkflowNotFoundError } from '@temporalio/client';
import type { DataConverter, PayloadCodec } from '@temporalio/common';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { NativeConnection } from '@temporalio/worker';
import { workflowIds } from '../domain/identity.ts';
import type { Logger } from '../domain/ports.ts';
import type { RunDirectory } from '../domain/watching.ts';
import { wakeSignal, workflowTypes } from '../workflows/messages.ts';
import { searchAttributes } from '../workflows/search-attributes.ts';
import { followApiKey, readApiKey } from './api-key.ts';
import type { Waker } from './watch/dispatcher.ts';

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

/** Connects as the temporal CLI would: TEMPORAL_* variables and its configuration file. */
export async function connectTemporal({ payloadCodecs, apiKeyFile, logger }: TemporalOptions): Promise<TemporalAccess> {
  const key = apiKeyFile === undefined ? undefined : readApiKey(apiKeyFile);
  const overrideEnvVars = { ...process.env, ...(key === undefined ? {} : { TEMPORAL_API_KEY: key }) };
  const { connectionOptions, namespace = 'default' } = loadClientConnectConfig({ overrideEnvVars });
  const address = connectionOptions.address ?? '127.0.0.1:7233';
  try {
    const connection = await Connection.connect({ ...connectionOptions, connectTimeout: '10s' });
    // What goes over it is names and counts: compressing that took a tenth of the worker's and of the server's time.
    const native = await NativeConnection.connect({ ...connectionOptions, grpcCompression: { codec: 'none' } });
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
    throw new Error(`Temporal at ${address} cannot be reached; set TEMPORAL_ADDRESS or start it: ${String(error)}`, {
      cause: error,
    });
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
function openRuns(namespace: string, hub: string): string {
  if (/['"\\]/.test(namespace + hub)) throw new Error('a name that cannot be a Kubernetes name');
  const prefix = workflowIds.node(namespace, '');
  return `WorkflowType='${workflowTypes.node}' AND LynqHub='${hub}' AND WorkflowId STARTS_WITH '${prefix}' AND ExecutionStatus='Running'`;
}

export function visibilityDirectory(client: Client): RunDirectory {
  return {
    count: (namespace, hub, signal) =>
      client.withAbortSignal(signal, async () => (await client.workflow.count(openRuns(namespace, hub))).count),
    listed: (namespace, hub, signal, onAnswer) =>
      client.withAbortSignal(signal, async () => {
        const names = new Set<string>();
        for await (const run of client.workflow.list({ query: openRuns(namespace, hub), pageSize: 1000 })) {
          const name = run.typedSearchAttributes.get(searchAttributes.node);
          if (typeof name === 'string') names.add(name);
          onAnswer();
        }
        return names;
      }),
  };
}
