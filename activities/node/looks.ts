import { type DesiredChild, describeRef, refKey } from '../../domain/child.ts';
import type { NodeIdentity } from '../../domain/ownership.ts';
import { LynqFailure } from '../../domain/failures.ts';
import type { InventoryEntry } from '../../domain/api/node.ts';

const quickRetries = 5;

/** Which objects one pass has looked at, and which of them keep changing under it. */
export class Looks {
  private readonly recordedBefore: ReadonlySet<string>;
  private readonly looked = new Set<string>();
  private readonly collisions = new Map<string, number>();

  /** `record`: what was on record when the pass began, by coordinates. */
  constructor(record: ReadonlyMap<string, InventoryEntry>) {
    this.recordedBefore = new Set(record.keys());
  }

  /**
   * True once for each object that was not on record when the pass began: that the pass itself has put it on record since, before it writes it, says nothing
   * of whether it is there.
   */
  takeFirst({ ref }: DesiredChild): boolean {
    const key = refKey(ref);
    const isFirst = !this.looked.has(key) && !this.recordedBefore.has(key);
    this.looked.add(key);
    return isFirst;
  }

  /** An object changed between the look and the write. @throws LynqFailure ClusterStale when it does so again and again: someone else decides over it. */
  collided({ id, ref }: DesiredChild, { namespace, name }: Pick<NodeIdentity, 'namespace' | 'name'>): void {
    const times = (this.collisions.get(id) ?? 0) + 1;
    this.collisions.set(id, times);
    if (times <= quickRetries) return;
    const message = `${describeRef(ref)} of LynqNode ${namespace}/${name} keeps changing while it is written`;
    throw new LynqFailure('ClusterStale', message, { namespace, node: name, resource: id });
  }
}
