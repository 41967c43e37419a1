import { type JsonObject, textAt } from '../../domain/api/json.ts';
import type { InventoryEntry } from '../../domain/api/node.ts';
import { isFormKind } from '../../domain/form-kinds.ts';
import { annotations } from '../../domain/keys.ts';
import { isOrphaned, removalKey } from '../../domain/removal-plan.ts';
import { neededObjects } from '../../domain/retain.ts';
import { canBeNeeded } from '../../domain/row-needs.ts';
import type { Deps } from '../deps.ts';
import type { Found } from './find-recorded.ts';
import { podKinds } from './row-needs.ts';

/**
 * What the pods of a retained workload of the namespace name is retained too, whatever form made either. Which other kinds have pods is not known: objects of
 * such a kind are looked at where the node itself has them on record.
 *
 * @throws LynqFailure when it cannot be told.
 */
export async function isNamedByRetained(
  { cluster }: Pick<Deps, 'cluster'>,
  entry: InventoryEntry,
  node: {
    readonly recorded: readonly InventoryEntry[];
    readonly read: (entry: InventoryEntry) => Promise<Found | undefined>;
  },
): Promise<boolean> {
  const { namespace } = entry;
  if (!canBeNeeded(removalKey(entry)) || namespace === undefined) return false;
  const others = node.recorded.filter((other) => other.namespace === namespace && !isFormKind(other));
  const [lists, found] = await Promise.all([
    Promise.all(podKinds.map((kind) => cluster.list(kind, { namespace }))),
    Promise.all(others.map(node.read)),
  ]);
  return [...lists.flat(), ...found.flatMap((other) => (other === undefined ? [] : [other.object]))]
    .filter(isRetained)
    .some((workload) => neededObjects(workload).some(({ kind, name }) => kind === entry.kind && name === entry.name));
}

function isRetained(workload: JsonObject): boolean {
  return isOrphaned(workload) || textAt(workload, 'metadata', 'annotations', annotations.deletionPolicy) === 'Retain';
}
