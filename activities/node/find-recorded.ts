import type { JsonObject } from '../../domain/api/json.ts';
import type { InventoryEntry } from '../../domain/api/node.ts';
import type { Cluster } from '../../domain/ports.ts';

export interface Found {
  /** The entry in the version its object was found in: what is sent about the object has to name that one. */
  readonly entry: InventoryEntry;
  readonly object: JsonObject;
}

/**
 * The object of an entry on record, whose version may not be served any more while its kind is: the object is the same in all of them. Undefined proves
 * it gone: the API server has no object of that name in a version that it serves, or serves the kind in none.
 *
 * @throws LynqFailure when it cannot be told.
 */
export async function findRecorded(
  kinds: Pick<Cluster, 'servedAs'>,
  cluster: Pick<Cluster, 'get'>,
  entry: InventoryEntry,
  signal: AbortSignal,
): Promise<Found | undefined> {
  let served = await kinds.servedAs(entry);
  while (served !== undefined) {
    const { apiVersion } = served;
    const asServed = { ...entry, apiVersion };
    const object = await cluster.get(asServed, signal);
    if (object !== undefined) return { entry: asServed, object };
    // Also the answer for a version that has left meanwhile: only of one that is served still does it prove anything.
    served = await kinds.servedAs(entry);
    if (served?.apiVersion === apiVersion) return undefined;
  }
  return undefined;
}
