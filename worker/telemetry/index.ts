import type { Worker } from '@temporalio/worker';
import type { JsonObject } from '../../domain/api/json.ts';
import type { SeriesFamily } from '../../domain/measures.ts';
import type { Cluster, Logger, ObjectRef } from '../../domain/ports.ts';
import type { WorkerConfig } from '../config.ts';
import type { TemporalAccess } from '../temporal.ts';
import type { Watches } from '../watch/index.ts';
import { taskQueueBacklog } from './backlog.ts';
import { identitySource } from './certificate.ts';
import { livenessChecks, readinessChecks } from './checks.ts';
import { type Fleet, fleetFamilies } from './fleet.ts';
import { processFamilies } from './process.ts';

/** What metrics and probes are read from. */
export interface TelemetrySources {
  readonly config: WorkerConfig;
  readonly temporal: TemporalAccess;
  readonly worker: Worker;
  readonly cluster: Cluster;
  readonly lease: ObjectRef;
  readonly requests: {
    snapshot(): readonly { readonly verb: string; readonly code: string; readonly count: number }[];
  };
  readonly watchHealth: { failing(): ReadonlyMap<string, number> };
  readonly review: (kind: 'TokenReview' | 'SubjectAccessReview', spec: JsonObject) => Promise<JsonObject>;
  /** What is seen of the fleet while this worker leads. */
  readonly fleet: () => Fleet | undefined;
  readonly watches: Watches;
  readonly logger: Logger;
}

async function families(sources: TelemetrySources): Promise<readonly SeriesFamily[]> {
  const { config, temporal, worker, requests, watchHealth } = sources;
  const fleet = sources.fleet();
  const { numInFlightActivities, numCachedWorkflows } = worker.getStatus();
  const facts = {
    requests: requests.snapshot(),
    failingWatches: watchHealth.failing(),
    leads: fleet !== undefined,
    activitiesRunning: numInFlightActivities,
    workflowsCached: numCachedWorkflows,
    backlog: await taskQueueBacklog(temporal.client, temporal.namespace, config.taskQueue),
  };
  return [...processFamilies(facts), ...(fleet === undefined ? [] : fleetFamilies(fleet, config.metrics.perNode))];
}

/** How the worker serves its metrics and probes (parity 7.1, 7.2); the adapter does the serving. */
export function telemetryOptions(sources: TelemetrySources) {
  const { config, logger, watchHealth } = sources;
  const { address, secure, certificate } = config.metrics;
  const { ports, hubs } = sources.watches;
  return {
    metrics: address,
    probes: config.probes.address,
    identity: secure ? identitySource(certificate) : undefined,
    ask: sources.review,
    families: () => families(sources),
    hubExists: (namespace: string, hub: string) => hubs.exists(namespace, hub),
    alive: livenessChecks(sources),
    ready: readinessChecks({
      ...sources,
      failingWatches: () => watchHealth.failing(),
      listed: () => ports.nodes.isListed(),
    }),
    logger,
  };
}
