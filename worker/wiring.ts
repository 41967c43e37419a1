import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { PayloadCodec } from '@temporalio/common';
import { Runtime, Worker, type WorkerOptions } from '@temporalio/worker';
import { actingCluster, serviceAccountUser } from '../activities/acting.ts';
import { judgeAdmission } from '../activities/admission.ts';
import { createActivities } from '../activities/index.ts';
import type { Deps } from '../activities/deps.ts';
import { WrittenEntries } from '../activities/events.ts';
import { openFormStore } from '../activities/forms.ts';
import { reportHubless } from '../activities/hub/hubless-forms.ts';
import { refreshCounts } from '../activities/hub/refresh-counts.ts';
import { reportScheduling } from '../activities/hub/report-scheduling.ts';
import { reportStuck } from '../activities/hub/report-stuck.ts';
import { removeLateChild } from '../activities/node/late-child.ts';
import { Repairs } from '../activities/node/repairs.ts';
import { UnsaidStatuses } from '../activities/node/unsaid.ts';
import { RolloutRefusals } from '../activities/rollout/refusals.ts';
import { QuietSyncs } from '../activities/hub/quiet-syncs.ts';
import { RunReviews } from '../activities/hub/run-reviews.ts';
import { readHub } from '../activities/hub/read-hub.ts';
import { isOther, mayHold } from '../activities/hub/holding.ts';
import { openOtherOperators, yieldingCluster } from '../activities/other-operators.ts';
import { openHubKeys } from '../activities/secrets.ts';
import { createEvents, type EventWriter, openCluster, type OpenedCluster } from '../adapters/kubernetes/index.ts';
import { openMySqlRowSource } from '../adapters/mysql/index.ts';
import { openPostgresRowSource } from '../adapters/postgres/index.ts';
import { type Meters, openMeters, openTelemetry } from '../adapters/telemetry/index.ts';
import { openCodec, readCodecKeys } from '../adapters/temporal/index.ts';
import { installationId } from '../domain/identity.ts';
import type { NodeIdentity } from '../domain/ownership.ts';
import { installationLease } from '../domain/policies/other-operator.ts';
import { readCrds } from '../deploy/crds.ts';
import type { Cluster, Logger, ObjectRef, RowSource } from '../domain/ports.ts';
import { closeRenderThreads } from '../template/index.ts';
import type { WorkerConfig } from './config.ts';
import { claimNamespace } from './cluster-claim.ts';
import { installCrds } from './crds.ts';
import { failureInterceptor } from './failure-interceptor.ts';
import { holderIdentity, Leader } from './leader.ts';
import { rowHash } from './row-hash.ts';
import { rowSourceByType } from '../domain/row-source-by-type.ts';
import { type LeadingWork, leadingWork } from './leading.ts';
import { removeSchedule } from './schedules.ts';
import { telemetryOptions } from './telemetry/index.ts';
import { signalWaker, type TemporalAccess, visibilityDirectory } from './temporal.ts';
import { LateWrites } from './watch/late-writes.ts';
import { openWatches, startWatches, type Watches } from './watch/index.ts';
import { createWebhook, type Webhook } from './webhook/index.ts';
import type { Judge } from './webhook/review.ts';
import { keptBundles, workflowBundle } from './workflow-bundle.ts';

/** Everything the process runs, put together. The only place of the worker that knows an adapter. */
export interface WiredWorker {
  readonly worker: Worker;
  readonly installedCrds: readonly string[];
  /** Starts the watches; resolves when they have their first complete lists, which is never where it is closed before. */
  start(): Promise<void>;
  close(): Promise<void>;
}

export interface WiringParts {
  readonly config: WorkerConfig;
  readonly temporal: TemporalAccess;
  readonly logger: Logger;
  readonly seams?: Seams;
}

/** How long a stopping worker still writes Events. */
const eventFlushMilliseconds = 3_000;
/** How long it lets requests end that nobody waits for any more; an API server that is away would hold it up for longer than a pod has. */
const connectionMilliseconds = 1_000;

/** What activities change the world through, or wait for it by. */
export type OutwardPorts = Pick<Deps, 'cluster' | 'rows' | 'changes'>;

/** Where the tests of faults come in between. A worker in production has none. */
export interface Seams {
  readonly ports: (ports: OutwardPorts) => OutwardPorts;
  readonly worker: Pick<WorkerOptions, 'sinks' | 'stickyQueueScheduleToStartTimeout' | 'maxHeartbeatThrottleInterval'>;
  /** Modules with interceptors of workflows, as paths. */
  readonly workflowInterceptors: readonly string[];
}

/** None without keys: payloads hold names and reasons, never values (decisions.md section 6), and are readable then. */
export function payloadCodecs({ codec }: WorkerConfig): PayloadCodec[] {
  return codec === undefined ? [] : [openCodec(readCodecKeys(codec.folder, codec.current))];
}

function openRowSource({ statementSeconds }: WorkerConfig, logger: Logger): RowSource {
  const options = { logger, connectTimeoutMs: 10_000, statementTimeoutMs: statementSeconds * 1_000 };
  return rowSourceByType({ mysql: openMySqlRowSource(options), postgres: openPostgresRowSource(options) });
}

interface Told {
  readonly events: EventWriter;
  readonly meters: Meters;
  readonly leading: LeadingWork;
}

function openDeps(
  opened: OpenedCluster,
  watches: Watches,
  { events, meters, leading }: Told,
  parts: WiringParts,
): Deps {
  const { config, logger, seams } = parts;
  const outward: OutwardPorts = {
    cluster: opened.cluster,
    rows: openRowSource(config, logger),
    changes: watches.ports.changes,
  };
  const seamed = seams?.ports(outward) ?? outward;
  const others = openOtherOperators(seamed.cluster, opened.clock);
  const ports = { ...seamed, cluster: yieldingCluster(seamed.cluster, others) };
  logger.info('objects of forms are written', { as: config.impersonate ?? 'the account of the worker' });
  const childCluster = childClusters(ports.cluster, config.impersonate, (user) =>
    yieldingCluster(opened.clusterAs(user), others),
  );
  return {
    ...watches.ports,
    ...ports,
    ...processMemory(),
    rowHash,
    childCluster,
    ...throughTemporal(parts),
    forms: openFormStore(ports.cluster),
    hubKeys: openHubKeys(ports.cluster, (length) => randomBytes(length)),
    formsSeen: leading.formsSeen,
    others,
    unyielding: seamed.cluster,
    installation: installationOf(opened, parts),
    scope: { policy: config.scopePolicy, workerNamespace: opened.namespace },
    events,
    measures: meters,
    clock: opened.clock,
    logger,
  };
}

function throughTemporal({
  config,
  temporal: { client },
}: WiringParts): Pick<Deps, 'directory' | 'wake' | 'schedules'> {
  return {
    directory: visibilityDirectory(client, config.taskQueue),
    wake: signalWaker(client),
    schedules: { remove: (namespace, hub) => removeSchedule(client, { namespace, hub }) },
  };
}

/** What a process remembers from one activity to the next. Losing it costs time. */
function processMemory(): Pick<Deps, 'written' | 'repairs' | 'unsaid' | 'refusals' | 'quiet' | 'reviews'> {
  return {
    written: new WrittenEntries(),
    repairs: new Repairs(),
    unsaid: new UnsaidStatuses(),
    refusals: new RolloutRefusals(),
    quiet: new QuietSyncs(),
    reviews: new RunReviews(),
  };
}

/** Optional: without its settings nothing listens. */
function webhookOf({ webhook }: WorkerConfig, opened: OpenedCluster, deps: Deps): Webhook {
  if (webhook === undefined) return { start: async () => undefined, close: async () => undefined };
  const { cluster, namespace } = opened;
  const judge: Judge = (request) => judgeAdmission({ ...deps, cluster }, request);
  return createWebhook({ settings: webhook, cluster, namespace, judge, logger: deps.logger });
}

/** One cluster per namespace when an account is to be impersonated; namespaces are as few as those with hubs. */
function childClusters(
  own: Cluster,
  account: string | undefined,
  open: (user: string) => Cluster,
): (namespace: string) => Cluster {
  if (account === undefined) return () => own;
  const clusters = new Map<string, Cluster>();
  return (namespace) => {
    const user = serviceAccountUser(namespace, account);
    const cluster = clusters.get(namespace) ?? actingCluster(open(user), user);
    clusters.set(namespace, cluster);
    return cluster;
  };
}

function installationOf({ namespace }: OpenedCluster, { config, temporal }: WiringParts): string {
  return installationId({ namespace, temporalNamespace: temporal.namespace, taskQueue: config.taskQueue });
}

async function openWorker(parts: WiringParts, deps: Deps): Promise<Worker> {
  const { config, temporal, logger, seams } = parts;
  const report = (error: unknown, activity: string) =>
    logger.error('activity failed unexpectedly', { activity, error: stackOf(error) });
  return Worker.create({
    connection: temporal.native,
    namespace: temporal.namespace,
    taskQueue: config.taskQueue,
    workflowBundle: await workflowBundle({
      folder: keptBundles,
      logger: Runtime.instance().logger,
      interceptors: seams?.workflowInterceptors ?? [],
    }),
    activities: { ...createActivities(deps) },
    dataConverter: temporal.dataConverter,
    maxCachedWorkflows: config.cachedWorkflows,
    ...workflowLimits,
    maxConcurrentActivityTaskExecutions: config.activitySlots,
    maxHeartbeatThrottleInterval: '5s',
    shutdownGraceTime: '1s',
    shutdownForceTime: `${config.shutdownSeconds}s`,
    interceptors: { activity: [failureInterceptor(report)] },
    ...versioning(config),
    ...seams?.worker,
  });
}

/**
 * How long workflow code may compute in one go. A step that takes in 10,000 signals takes longer than the default of 5 s on a busy machine, and Node ends
 * the whole process where a step is cut (seen: "async hook stack has become corrupted"), again and again for as long as the run is there. The SDK takes it, though its public type does not name it.
 */
const workflowLimits = { isolateExecutionTimeout: '60s' } as const;

/** Runs live for months and workflow code is an append-only contract: each moves to the version that is current with its next task. */
function versioning({ version }: WorkerConfig): Pick<WorkerOptions, 'workerDeploymentOptions'> {
  if (version === undefined) return {};
  return {
    workerDeploymentOptions: { version, useWorkerVersioning: true, defaultVersioningBehavior: 'AUTO_UPGRADE' },
  };
}

function openLeader(opened: OpenedCluster, parts: WiringParts, onChange: (leads: boolean) => void): Leader {
  const { cluster, namespace } = opened;
  const lease = installationLease(installationOf(opened, parts));
  return new Leader({ cluster, namespace, lease, identity: holderIdentity(), logger: parts.logger }, { onChange });
}

export function openKubernetes(config: WorkerConfig, logger: Logger): Promise<OpenedCluster> {
  return openCluster({
    ...(config.kubeconfig === undefined ? {} : { kubeconfig: config.kubeconfig }),
    inCluster: config.inCluster,
    connections: config.kubernetesConnections,
    relistSeconds: config.relistSeconds,
    logger,
  });
}

/**
 * Keys are loaded before they are needed, so that a difference between a node and its children can be told at once. Each worker counts what its own
 * activities meet, so each forgets.
 */
function followNodes(deps: Deps, { ports }: Watches, meters: Meters): LateWrites {
  ports.nodes.onGone((namespace, node) => void meters.forgetNode(namespace, node));
  ports.nodes.onChange(({ after }) => after && deps.hubKeys.known(after.namespace, after.hub));
  const remove = (node: NodeIdentity, ref: ObjectRef) => removeLateChild(deps, node, ref);
  return new LateWrites({ ...ports, remove, logger: deps.logger });
}

interface LeadingContext {
  readonly opened: OpenedCluster;
  readonly parts: WiringParts;
  /** The activities' view of the world, which is opened after what leads. */
  readonly deps: () => Deps;
}

function openLeading({ opened, parts, deps }: LeadingContext): LeadingWork {
  const { config, temporal, logger } = parts;
  return leadingWork({
    installation: installationOf(opened, parts),
    reflector: opened.reflector,
    client: temporal.client,
    taskQueue: config.taskQueue,
    refreshCounts: (hub) => refreshCounts(deps(), hub),
    comparisonMilliseconds: config.relistSeconds * 1_000,
    mayHold: (hub) => mayHold(deps(), hub),
    isOthers: (holder) => isOther(deps(), holder),
    isGone: async (hub) => (await readHub(deps(), hub)) === undefined,
    reportHubless: (form) => reportHubless(deps(), form),
    hubKey: (namespace, hub) => deps().hubKeys.known(namespace, hub),
    reportStuck: (hub, since) => reportStuck(deps(), hub, since),
    reportScheduling: (hub, why) => reportScheduling(deps(), hub, why),
    stuckMilliseconds: config.stuckSeconds * 1_000,
    clock: opened.clock,
    logger,
  });
}

/** Opens all connections, installs missing CRDs and makes the worker; nothing runs until `start` and `worker.run`. */
export async function wireWorker(parts: WiringParts): Promise<WiredWorker> {
  const { config, temporal, logger } = parts;
  const cluster = await openKubernetes(config, logger);
  await claimNamespace({ temporal, cluster: cluster.cluster, takenOver: config.takenOver, logger });
  const installedCrds = await installCrds(cluster.cluster, readCrds());
  const stop = new AbortController();
  const meters = openMeters();
  const leading = openLeading({ opened: cluster, parts, deps: () => deps });
  const watches = openWatches(cluster.reflector, stop.signal, leading.onIdle);
  const events = createEvents({ ...cluster, logger });
  const deps = openDeps(cluster, watches, { events, meters, leading }, parts);
  const late = followNodes(deps, watches, meters);
  const webhook = webhookOf(config, cluster, deps);
  const leader = openLeader(cluster, parts, (leads) => leading.change(leads, watches));
  const worker = await openWorker(parts, deps);
  const { lease } = leader;
  const sources = { ...cluster, config, temporal, worker, fleet: leading.fleet, watches, lease, logger };
  const telemetry = openTelemetry(meters, telemetryOptions(sources));
  return {
    worker,
    installedCrds,
    async start() {
      await telemetry.start();
      await startWatches(cluster.reflector, watches, stop.signal);
      await Promise.all([deps.hubKeys.settled(), webhook.start()]);
      await leader.start();
    },
    async close() {
      await telemetry.close();
      await Promise.all([webhook.close(), leader.stop()]);
      late.close();
      stop.abort();
      await events.close(eventFlushMilliseconds);
      await Promise.all([deps.rows.close(), closeRenderThreads()]);
      await Promise.race([cluster.close(), pause(connectionMilliseconds, undefined, { ref: false })]);
    },
  };
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
