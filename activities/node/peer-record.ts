import type { JsonObject } from '../../domain/api/json.ts';
import { textAt } from '../../domain/api/json.ts';
import type { InventoryEntry } from '../../domain/api/node.ts';
import { collectResources, type PlacedResource } from '../../domain/api/resource.ts';
import { labelValue } from '../../domain/identity.ts';
import { labels } from '../../domain/keys.ts';
import { classifyOwnership } from '../../domain/ownership.ts';
import { isListed, isSearched, peerInventory, peerKinds } from '../../domain/peer-inventory.ts';
import type { Deps } from '../deps.ts';
import { inParallel } from '../parallel.ts';
import type { ReadNode } from './gather.ts';

const concurrency = 8;

/**
 * The objects of a LynqNode that the Go operator made and no pass of ours has written: proven by their owner, or by their labels together with its
 * status or field manager. Empty for a node without its arrays, which has made nothing.
 *
 * @throws LynqFailure when a kind cannot be read now: nothing may be done before it is known what there is.
 */
export async function readPeerRecord(deps: Deps, read: ReadNode): Promise<readonly InventoryEntry[]> {
  const entries = collectResources(read.node.spec);
  if (entries.length === 0) return [];
  const applied = read.node.status?.appliedResources ?? [];
  const cluster = deps.childCluster(read.identity.namespace);
  const record: InventoryEntry[] = [];
  await inParallel(await candidates(deps, read, entries), concurrency, async (entry) => {
    const object = await cluster.get(entry);
    const uid = textAt(object, 'metadata', 'uid');
    if (object === undefined || uid === undefined) return;
    const ownership = classifyOwnership(object, read.identity, undefined, isListed(applied, entry));
    if (ownership.kind === 'ours') record.push({ ...entry, uid });
  });
  return record;
}

async function candidates(
  deps: Deps,
  { identity }: ReadNode,
  entries: readonly PlacedResource[],
): Promise<readonly InventoryEntry[]> {
  const { name, namespace } = identity;
  const labelSelector = `${labels.node}=${labelValue(name)},${labels.nodeNamespace}=${namespace}`;
  const found = await Promise.all(
    peerKinds(entries).map(async (kind) => {
      const info = await deps.cluster.kindInfo(kind);
      const search = info !== undefined && isSearched(entries, kind);
      const tracked: readonly JsonObject[] = search
        ? await deps.childCluster(namespace).list(kind, { labelSelector })
        : [];
      return { kind: { ...kind, namespaced: info?.namespaced }, tracked };
    }),
  );
  return peerInventory({
    namespace,
    entries,
    kinds: found.map(({ kind }) => kind),
    tracked: found.flatMap(({ kind, tracked }) =>
      tracked.map((object) => ({ ...object, apiVersion: kind.apiVersion, kind: kind.kind })),
    ),
  });
}
