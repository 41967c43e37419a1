import type { Reflector } from '../../domain/ports.ts';
import type { NodeDigest } from '../../domain/watching.ts';
import { type ChangePublisher, openChanges } from './changes.ts';
import { WatchedChildren } from './child-index.ts';
import { WatchedHubs } from './hub-index.ts';
import { WatchedNamespaces } from './namespace-index.ts';
import { WatchedNodes } from './node-index.ts';
import { type IdleListener, LocalRuns } from './run-registry.ts';

/** What every worker watches. */
export interface Watches {
  /** What its activities decide from. */
  readonly ports: {
    readonly changes: ChangePublisher;
    readonly nodes: WatchedNodes;
    readonly children: WatchedChildren;
    readonly namespaces: WatchedNamespaces;
    readonly runs: LocalRuns;
  };
  readonly hubs: WatchedHubs;
}

export function openWatches(reflector: Reflector, signal: AbortSignal, onIdle: IdleListener): Watches {
  const changes = openChanges();
  const nodes = new WatchedNodes(changes);
  const isRecorded = (kind: string): boolean => nodes.records(kind);
  const children = new WatchedChildren({ reflector, changes, isRecorded, signal });
  nodes.onChange(({ after }) => trackRecorded(children, after));
  return {
    ports: {
      changes,
      nodes,
      children,
      namespaces: new WatchedNamespaces(changes),
      runs: new LocalRuns(onIdle),
    },
    hubs: new WatchedHubs(),
  };
}

/** Kinds of recorded objects are watched from the start, not only once a pass asks for them. */
function trackRecorded(children: WatchedChildren, node: NodeDigest | undefined): void {
  for (const [key, { apiVersion }] of node?.children ?? []) {
    const [, kind = ''] = key.split('/');
    void children.track({ apiVersion, kind });
  }
}

/** Begins to watch; resolves when the first complete lists have been seen. */
export async function startWatches(reflector: Reflector, { ports, hubs }: Watches, signal: AbortSignal): Promise<void> {
  void hubs.run(reflector, signal);
  void ports.nodes.run(reflector, signal);
  void ports.namespaces.run(reflector, signal);
  await Promise.all([ports.nodes.synced(), ports.namespaces.synced()]);
}
