import type { Reflector } from '../../domain/ports.ts';
import { type ChangePublisher, openChanges } from './changes.ts';
import { WatchedChildren } from './child-index.ts';
import { WatchedNamespaces } from './namespace-index.ts';
import { WatchedNodes } from './node-index.ts';
import { type IdleListener, LocalRuns } from './run-registry.ts';

/** What every worker watches, because its activities decide from it. */
export interface Watches {
  readonly ports: {
    readonly changes: ChangePublisher;
    readonly nodes: WatchedNodes;
    readonly children: WatchedChildren;
    readonly namespaces: WatchedNamespaces;
    readonly runs: LocalRuns;
  };
}

export function openWatches(reflector: Reflector, signal: AbortSignal, onIdle: IdleListener): Watches {
  const changes = openChanges();
  return {
    ports: {
      changes,
      nodes: new WatchedNodes(changes),
      children: new WatchedChildren({ reflector, changes, signal }),
      namespaces: new WatchedNamespaces(changes),
      runs: new LocalRuns(onIdle),
    },
  };
}

/** Begins to watch; resolves when the first complete lists have been seen. */
export async function startWatches(reflector: Reflector, { ports }: Watches, signal: AbortSignal): Promise<void> {
  void ports.nodes.run(reflector, signal);
  void ports.namespaces.run(reflector, signal);
  await Promise.all([ports.nodes.synced(), ports.namespaces.synced()]);
}
