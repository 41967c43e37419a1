import type { ResourceStatus } from '../../../domain/api/node.ts';
import type { TResource } from '../../../domain/api/resource.ts';
import { buildGraph, type Graph, type GraphEntry } from '../../../domain/graph.ts';
import {
  type ChildDigest,
  type EntryVerdict,
  type Observation,
  type PassFacts,
  type PlannedEntry,
  planWave,
} from '../../../domain/node-plan.ts';
import { aChild } from './resources.ts';

/** The moment of every pass that names no other. */
export const noon = new Date('2026-03-01T12:00:00.000Z');

/** So many seconds after (or before) noon. */
export function afterNoon(seconds: number): Date {
  return new Date(noon.getTime() + seconds * 1000);
}

/** A live object that is as we wrote it and ready. */
export function aDigest(change: Partial<ChildDigest> = {}): ChildDigest {
  return {
    uid: 'live-uid',
    resourceVersion: '7',
    deleting: false,
    readiness: { state: 'ready' },
    appliedHash: 'hash-1',
    ownedHash: 'owned-1',
    ...change,
  };
}

export const live = {
  ready: { kind: 'ours', digest: aDigest() },
  progressing: {
    kind: 'ours',
    digest: aDigest({ readiness: { state: 'progressing', reason: 'NotYet', message: 'is on its way' } }),
  },
  failed: {
    kind: 'ours',
    digest: aDigest({ readiness: { state: 'failed', reason: 'BackoffLimitExceeded', message: 'the job failed' } }),
  },
  outdated: { kind: 'ours', digest: aDigest({ appliedHash: 'hash-0' }) },
  firstConsumer: {
    kind: 'ours',
    digest: aDigest({
      readiness: { state: 'progressing', reason: 'NotBound', message: 'phase is Pending', satisfies: true },
    }),
  },
  foreign: { kind: 'foreign', owner: 'Deployment someone-else' },
  held: { kind: 'held', by: 'LynqNode tenants/acme-api', digest: aDigest() },
  claimed: { kind: 'claimed', by: 'LynqNode tenants/acme-api' },
  absent: { kind: 'absent' },
  unread: { kind: 'unread' },
} as const satisfies Record<string, Observation>;

/** The graph of entries that are known to be right. */
export function graphOf(entries: readonly GraphEntry[]): Graph {
  const result = buildGraph(entries);
  if (!result.ok) throw new Error(`not a graph: ${JSON.stringify(result.problems)}`);
  return result.graph;
}

export type Entries = Readonly<Record<string, Partial<TResource>>>;

/** A pass over entries that all render; nothing has been written in it yet. */
export function aPass(entries: Entries, change: Partial<PassFacts> = {}): PassFacts {
  const names = Object.keys(entries);
  return {
    graph: graphOf(names.map((id) => ({ id, dependIds: entries[id]?.dependIds ?? [] }))),
    entries: new Map(
      names.map((id): [string, PlannedEntry] => [id, { kind: 'desired', child: aChild(id, entries[id]) }]),
    ),
    observed: new Map(),
    baselines: new Map(),
    written: new Map(),
    reportDrift: false,
    attempts: new Map(),
    previous: new Map(),
    inputChanged: false,
    appliedAt: new Map(),
    forced: new Set(),
    fights: new Map(),
    now: noon,
    ...change,
  };
}

/** Observations by id. */
export function seen(observations: Readonly<Record<string, Observation>>): ReadonlyMap<string, Observation> {
  return new Map(Object.entries(observations));
}

/** What the last status said of one entry. */
export function reported(
  id: string,
  state: ResourceStatus['state'],
  change: Partial<ResourceStatus> = {},
): ReadonlyMap<string, ResourceStatus> {
  return new Map([[id, { id, kind: 'ConfigMap', name: `${id}-object`, state, since: noon.toISOString(), ...change }]]);
}

/** The verdict of one entry of a pass. */
export function verdictOf(facts: PassFacts, id: string): EntryVerdict {
  const verdict = planWave(facts).get(id);
  if (verdict === undefined) throw new Error(`no verdict for ${id}`);
  return verdict;
}

/** Step and state of every entry, for comparison at one glance. */
export function overview(facts: PassFacts): Readonly<Record<string, string>> {
  return Object.fromEntries([...planWave(facts)].map(([id, { step, status }]) => [id, `${step} ${status.state}`]));
}
