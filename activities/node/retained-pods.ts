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

/** The node whose objects go. */
export interface LeavingNode {
  readonly recorded: () => readonly InventoryEntry[];
  readonly read: (entry: InventoryEntry) => Promise<Found | undefined>;
}

/**
 * What the pods of a retained workload of the namespace name is retained too, whatever form made either. Which other kinds have pods is not known: objects of
 * such a kind are looked at where the node itself has them on record. All is read once for one round of a removal: a node may have many of either.
 */
export class RetainedNeeds {
  private readonly cluster: Deps['cluster'];
  private readonly node: LeavingNode;
  private readonly known = new Map<string, Promise<ReadonlySet<string>>>();
  private readonly kept = new Set<string>();

  constructor({ cluster }: Pick<Deps, 'cluster'>, node: LeavingNode) {
    this.cluster = cluster;
    this.node = node;
  }

  /** @throws LynqFailure when it cannot be told. */
  async isNamed(entry: InventoryEntry): Promise<boolean> {
    const { namespace } = entry;
    if (!canBeNeeded(removalKey(entry)) || namespace === undefined) return false;
    const known = this.known.get(namespace) ?? this.namedIn(namespace);
    this.known.set(namespace, known);
    return (await known).has(keyOf(namespace, entry)) || this.kept.has(keyOf(namespace, entry));
  }

  /** Takes in an object that is retained from now on. */
  keep({ namespace }: InventoryEntry, object: JsonObject): void {
    if (namespace !== undefined) for (const need of neededObjects(object)) this.kept.add(keyOf(namespace, need));
  }

  private async namedIn(namespace: string): Promise<ReadonlySet<string>> {
    const others = this.node.recorded().filter((other) => other.namespace === namespace && !isFormKind(other));
    const [lists, found] = await Promise.all([
      Promise.all(podKinds.map((kind) => this.cluster.list(kind, { namespace }))),
      Promise.all(others.map(this.node.read)),
    ]);
    const objects = [...lists.flat(), ...found.flatMap((other) => (other === undefined ? [] : [other.object]))];
    return new Set(
      objects
        .filter(isRetained)
        .flatMap(neededObjects)
        .map((need) => keyOf(namespace, need)),
    );
  }
}

const keyOf = (namespace: string, { kind, name }: Pick<InventoryEntry, 'kind' | 'name'>): string =>
  `${namespace}/${kind}/${name}`;

function isRetained(workload: JsonObject): boolean {
  return isOrphaned(workload) || textAt(workload, 'metadata', 'annotations', annotations.deletionPolicy) === 'Retain';
}
