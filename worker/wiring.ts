import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Worker } from '@temporalio/worker';
import { createActivities } from '../activities/index.ts';
import type { Deps } from '../activities/deps.ts';
import { openFormStore } from '../activities/forms.ts';
import { FormAbsences } from '../activities/hub/read-forms.ts';
import { openHubKeys } from '../activities/secrets.ts';
import { openCluster, type OpenedCluster } from '../adapters/kubernetes/index.ts';
import { openMySqlRowSource } from '../adapters/mysql/index.ts';
import { readCrds } from '../deploy/crds.ts';
import type { Logger } from '../domain/ports.ts';
import type { WorkerConfig } from './config.ts';
import { installCrds } from './crds.ts';
import { failureInterceptor } from './failure-interceptor.ts';
import { ensureSchedule, removeSchedule, triggerSync } from './schedules.ts';
import { signalWaker, type TemporalAccess } from './temporal.ts';
import { openChanges } from './watch/changes.ts';
import { WatchedChildren } from './watch/child-index.ts';
import { Dispatcher } from './watch/dispatcher.ts';
import { HubWatch } from './watch/hub-watch.ts';
import { WatchedNamespaces } from './watch/namespace-index.ts';
import { WatchedNodes } from './watch/node-index.ts';
import { LocalRuns } from './watch/run-registry.ts';

/** Everything the process runs, put together. The only place of the worker that knows an adapter. */
export interface WiredWorker {
  readonly worker: Worker;
  readonly installedCrds: readonly string[];
  /** Starts the watches; resolves when they have their first complete lists. */
  start(): Promise<void>;
  close(): Promise<void>;
}

export interface WiringParts {
  readonly config: WorkerConfig;
  readonly temporal: TemporalAccess;
  readonly logger: Logger;
}

function openWatches(cluster: OpenedCluster, parts: WiringParts, stop: AbortController) {
  const { temporal, logger, config } = parts;
  const changes = openChanges();
  const nodes = new WatchedNodes(changes);
  const children = new WatchedChildren({ reflector: cluster.reflector, changes, signal: stop.signal });
  const namespaces = new WatchedNamespaces(changes);
  const runs = new LocalRuns((namespace, node, seen) => dispatcher.onIdle(namespace, node, seen));
  const hubs = new HubWatch(
    {
      ensure: (hub, timing) => ensureSchedule(temporal.client, hub, timing, config.taskQueue),
      trigger: (hub) => triggerSync(temporal.client, hub),
      remove: (hub) => removeSchedule(temporal.client, hub),
    },
    logger,
  );
  const onMissing = ({ namespace, hub }: { namespace: string; hub: string }) => hubs.request({ namespace, hub });
  const dispatcher = new Dispatcher({ nodes, children, runs, wake: signalWaker(temporal.client), onMissing, logger });
  nodes.onChange(({ before, after }) => {
    if (before !== undefined && after === undefined) onMissing(before);
  });
  return { changes, nodes, children, namespaces, runs, hubs, dispatcher };
}

type Watches = ReturnType<typeof openWatches>;

async function startWatches(cluster: OpenedCluster, watches: Watches, stop: AbortController): Promise<void> {
  void watches.nodes.run(cluster.reflector, stop.signal);
  void watches.namespaces.run(cluster.reflector, stop.signal);
  await Promise.all([watches.nodes.synced(), watches.namespaces.synced()]);
  watches.dispatcher.start();
  void watches.hubs.run(cluster.reflector, stop.signal);
}

function openDeps(cluster: OpenedCluster, watches: Watches, logger: Logger): Deps {
  return {
    ...watches,
    cluster: cluster.cluster,
    rows: openMySqlRowSource({ logger, connectTimeoutMs: 10_000, statementTimeoutMs: 600_000 }),
    forms: openFormStore(cluster.cluster),
    hubKeys: openHubKeys(cluster.cluster, (length) => randomBytes(length)),
    absences: new FormAbsences(),
    clock: { now: () => new Date() },
    logger,
  };
}

/** Opens all connections, installs missing CRDs and makes the worker; nothing runs until `start` and `worker.run`. */
export async function wireWorker(parts: WiringParts): Promise<WiredWorker> {
  const { config, temporal, logger } = parts;
  const cluster = await openCluster({
    ...(config.kubeconfig === undefined ? {} : { kubeconfig: config.kubeconfig }),
    inCluster: config.inCluster,
    connections: config.kubernetesConnections,
    logger,
  });
  const installedCrds = await installCrds(cluster.cluster, readCrds());
  const stop = new AbortController();
  const watches = openWatches(cluster, parts, stop);
  const deps = openDeps(cluster, watches, logger);
  const worker = await Worker.create({
    connection: temporal.native,
    namespace: temporal.namespace,
    taskQueue: config.taskQueue,
    workflowsPath: fileURLToPath(new URL('../workflows/index.ts', import.meta.url)),
    activities: { ...createActivities(deps) },
    maxCachedWorkflows: config.cachedWorkflows,
    maxConcurrentActivityTaskExecutions: config.activitySlots,
    maxHeartbeatThrottleInterval: '5s',
    shutdownGraceTime: '1s',
    shutdownForceTime: `${config.shutdownSeconds}s`,
    interceptors: {
      activity: [
        failureInterceptor((error, activity) =>
          logger.error('activity failed unexpectedly', { activity, error: stackOf(error) }),
        ),
      ],
    },
  });
  return {
    worker,
    installedCrds,
    start: () => startWatches(cluster, watches, stop),
    async close() {
      watches.dispatcher.stop();
      watches.hubs.close();
      stop.abort();
      await deps.rows.close();
      await cluster.close();
    },
  };
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
