import type { Clock, Cluster, KindDirectory, Logger, Reflector, Tables } from '../../domain/ports.ts';
import { createCluster } from './client.ts';
import { openConnection, type ConnectionOptions } from './connection.ts';
import { createRequestMeter, type RequestCounters } from './counters.ts';
import { createDiscovery } from './discovery.ts';
import { createReflector, reflectorLimits } from './reflector.ts';
import { createReview, type Review } from './reviews.ts';
import { createSend } from './send.ts';
import { systemTiming } from './timing.ts';
import { openWatchHealth, type WatchHealth } from './watch-health.ts';
import { openServerClock } from './server-clock.ts';
import { readTable } from './table.ts';
import { createTransport } from './transport.ts';

export { createEvents, type EventWriter } from './events.ts';
export type { RequestCount, RequestCounters } from './counters.ts';

export interface OpenClusterOptions extends ConnectionOptions {
  readonly logger: Logger;
  /** Seconds after which a watch lists everything again. */
  readonly relistSeconds?: number | undefined;
}

export interface OpenedCluster {
  readonly cluster: Cluster;
  /** The same, whose refusals quote what was sent: only for a person who sends something of their own, never for a worker. */
  readonly quotingCluster: Cluster;
  /** The same server, asked in the name of another user. */
  clusterAs(user: string): Cluster;
  readonly reflector: Reflector;
  readonly tables: Tables;
  readonly kinds: KindDirectory;
  /** URL of the API server. */
  readonly server: string;
  readonly context: string;
  /** Namespace of the context, `default` when it names none. */
  readonly namespace: string;
  readonly requests: RequestCounters;
  readonly review: Review;
  /** Watches that get nothing at present. */
  readonly watchHealth: WatchHealth;
  /** The API server's time; this machine's until it has answered once. */
  readonly clock: Clock;
  /** Lets requests in flight end and cuts watches. */
  close(): Promise<void>;
}

/**
 * Opens one API server, named by a kubeconfig or by the pod this runs in. Sends no request.
 *
 * @throws LynqFailure ClusterUnreachable when the kubeconfig cannot be used.
 */
export async function openCluster(options: OpenClusterOptions): Promise<OpenedCluster> {
  const connection = await openConnection(options, systemTiming);
  const requests = createRequestMeter();
  const clock = openServerClock();
  const transport = createTransport(connection, requests, (date) => clock.observe(date));
  const send = createSend(transport, systemTiming);
  const discovery = createDiscovery(send, systemTiming);
  const { server, context, namespace } = connection;
  const relist = options.relistSeconds === undefined ? reflectorLimits.relist : options.relistSeconds * 1_000;
  const watchHealth = openWatchHealth();
  const { onFailures } = watchHealth;
  const parts = { send, transport, discovery, timing: systemTiming, logger: options.logger, onFailures };
  return {
    cluster: createCluster(send, discovery),
    quotingCluster: createCluster(send, discovery, { quoting: true }),
    clusterAs: (user) => createCluster((request, repeat) => send({ ...request, as: user }, repeat), discovery),
    reflector: createReflector({ ...parts, limits: { ...reflectorLimits, relist } }),
    kinds: discovery,
    tables: { read: (kind, where) => readTable(send, discovery, kind, where) },
    server,
    context,
    namespace,
    requests,
    review: createReview(send),
    watchHealth,
    clock,
    close: () => connection.close(),
  };
}
