import { type JsonObject, textAt } from '../../domain/api/json.ts';
import { LynqFailure } from '../../domain/failures.ts';
import { hashText, hubKeySecret } from '../../domain/identity.ts';
import { apiVersion } from '../../domain/keys.ts';
import { namespaceOwner } from '../../domain/namespace-owner.ts';
import { nodeDigest } from '../../domain/node-digest.ts';
import { noMeasures } from '../../domain/measures.ts';
import type { Clock, Cluster, Logger, RowSource } from '../../domain/ports.ts';
import type { ScopeRules } from '../../domain/policies/scope.ts';
import type { ChildIndex, NamespaceIndex, NodeDigest, NodeIndex, RunRegistry } from '../../domain/watching.ts';
import type { Deps } from '../deps.ts';
import { WrittenEntries } from '../events.ts';
import { openFormStore } from '../forms.ts';
import { Repairs } from '../node/repairs.ts';
import { UnsaidStatuses } from '../node/unsaid.ts';
import { RolloutRefusals } from '../rollout/refusals.ts';
import { QuietSyncs } from '../hub/quiet-syncs.ts';
import { RunReviews } from '../hub/run-reviews.ts';
import { openHubKeys } from '../secrets.ts';
import { dryRunCluster } from './clusters.ts';

/** The product's own activities over a cluster that is only looked at: what they decide here is what a worker would decide. */

export interface PlanningPorts {
  readonly cluster: Cluster;
  readonly rows: RowSource;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly scope: ScopeRules;
}

export interface PlanningDeps {
  readonly deps: Deps;
  /** LynqNodes of the namespace as they were read, by name. */
  readonly nodes: ReadonlyMap<string, JsonObject>;
  /** Whether a key is what stands in for that of a hub without one, which everybody can work out. */
  readonly isStandIn: (key: Uint8Array) => boolean;
}

const noTemporal: Pick<Deps, 'directory' | 'wake' | 'schedules'> = {
  wake: () => notPlanned('wakes no runs'),
  directory: {
    listed: () => notPlanned('knows no runs'),
    count: () => notPlanned('knows no runs'),
    elsewhere: () => notPlanned('knows no runs'),
    end: () => notPlanned('ends no runs'),
  },
  schedules: { remove: () => notPlanned('knows no schedules') },
};

/** Reads what a worker's watches would know of one namespace. */
export async function planningDeps(ports: PlanningPorts, namespace: string): Promise<PlanningDeps> {
  const [listed, namespaces] = await Promise.all([
    ports.cluster.list({ apiVersion, kind: 'LynqNode' }, { namespace }),
    ports.cluster.list({ apiVersion: 'v1', kind: 'Namespace' }, {}),
  ]);
  const cluster = dryRunCluster(ports.cluster);
  const { standIn, isStandIn } = standInKeys(namespace);
  const deps: Deps = {
    cluster,
    // A plan is made with the rights of whoever asks for it.
    childCluster: () => cluster,
    rows: ports.rows,
    rowHash: (text) => hashText(text, 32),
    nodes: listedNodes(listed),
    children: noChildren,
    namespaces: listedNamespaces(namespaces),
    changes: { subscribe: () => notPlanned('waits for nothing') },
    runs: noRuns,
    ...noTemporal,
    forms: openFormStore(cluster),
    hubKeys: openHubKeys(cluster, standIn),
    formsSeen: () => undefined,
    others: { peer: () => notPlanned('asks for no other operator'), installation: () => notPlanned('asks for none') },
    unyielding: cluster,
    installation: '',
    scope: ports.scope,
    measures: noMeasures,
    events: { record: () => undefined },
    written: new WrittenEntries(),
    repairs: new Repairs(),
    unsaid: new UnsaidStatuses(),
    refusals: new RolloutRefusals(),
    quiet: new QuietSyncs(),
    reviews: new RunReviews(),
    clock: ports.clock,
    logger: ports.logger,
  };
  const nodes = new Map(listed.map((node) => [textAt(node, 'metadata', 'name') ?? '', node]));
  return { deps, nodes, isStandIn };
}

/** What a plan never comes to. */
function notPlanned(what: string): never {
  throw new LynqFailure('Internal', `a plan ${what}`);
}

/** A hub whose key is not made yet has random values nobody knows; these are their stand-ins, equal in every plan. */
function standInKeys(namespace: string): Pick<PlanningDeps, 'isStandIn'> & {
  readonly standIn: (length: number) => Uint8Array;
} {
  const made = new Set<Uint8Array>();
  const text = `lynq plan ${namespace} ${hubKeySecret('')}`;
  return {
    standIn(length) {
      const key = new TextEncoder().encode(hashText(text, length));
      made.add(key);
      return key;
    },
    isStandIn: (key) => made.has(key),
  };
}

function listedNodes(objects: readonly JsonObject[]): NodeIndex {
  const digests = new Map(objects.map(nodeDigest).map((digest) => [digest.name, digest]));
  const all = [...digests.values()];
  const inNamespace = new Map<string, NodeDigest[]>();
  const rows = new Map<string, NodeDigest[]>();
  const rowKey = (hub: string, uid: string): string => `${hub}/${uid}`;
  for (const digest of all) {
    const row = rowKey(digest.hub, digest.rowUid);
    rows.set(row, [...(rows.get(row) ?? []), digest]);
    for (const space of new Set([...digest.children.values()].map((child) => child.namespace)))
      if (space !== undefined) inNamespace.set(space, [...(inNamespace.get(space) ?? []), digest]);
  }
  return {
    synced: () => Promise.resolve(),
    get: (namespace, name) => {
      const digest = digests.get(name);
      return digest?.namespace === namespace ? digest : undefined;
    },
    ofHub: (namespace, hub) => all.filter((digest) => digest.namespace === namespace && digest.hub === hub),
    ofRow: (namespace, hub, uid) =>
      (rows.get(rowKey(hub, uid)) ?? []).filter((digest) => digest.namespace === namespace),
    withObjectsIn: (namespace, except) =>
      (inNamespace.get(namespace) ?? []).filter((node) => `${node.namespace}/${node.name}` !== except),
    changesOf: () => 0,
    removalsIn: () => 0,
    newborn: () => undefined,
    observe: () => undefined,
    forget: () => undefined,
  };
}

const noChildren: ChildIndex = {
  track: () => Promise.resolve(),
  get: () => undefined,
  observe: () => undefined,
  judge: () => undefined,
  listedAt: () => undefined,
  wasListed: () => false,
  namedIn: () => [],
  nameChanges: () => 0,
  naming: () => [],
  forget: () => undefined,
};

const noRuns: RunRegistry = {
  isRunning: () => false,
  running: () => undefined,
  isSettled: () => false,
  missing: () => undefined,
  losses: () => 0,
  enter: () => () => undefined,
  isBusy: () => false,
  busy: () => 0,
};

function listedNamespaces(objects: readonly JsonObject[]): NamespaceIndex {
  const byName = new Map(objects.map((object) => [textAt(object, 'metadata', 'name') ?? '', object]));
  return {
    synced: () => Promise.resolve(),
    tried: () => Promise.resolve(),
    state(name) {
      const object = byName.get(name);
      if (object === undefined) return 'absent';
      return textAt(object, 'metadata', 'deletionTimestamp') === undefined ? 'active' : 'terminating';
    },
    origin(name) {
      const object = byName.get(name);
      if (object === undefined) return undefined;
      return { uid: textAt(object, 'metadata', 'uid') ?? '', owner: namespaceOwner(object) };
    },
  };
}
