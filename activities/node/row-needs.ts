import type { JsonObject } from '../../domain/api/json.ts';
import type { InventoryEntry } from '../../domain/api/node.ts';
import { type DesiredChild, refKey } from '../../domain/child.ts';
import { isLynqFailure } from '../../domain/failures.ts';
import type { NodeIdentity } from '../../domain/ownership.ts';
import { canBeNeeded, neededByOrphans, neededElsewhere } from '../../domain/row-needs.ts';
import type { NodeDigest } from '../../domain/watching.ts';
import type { Deps } from '../deps.ts';
import { siblingsOf } from './boundaries.ts';
import type { NodePass } from './gather.ts';

/** Gathers what retained objects of other forms of the row need of a node's objects (domain/row-needs.ts). */

/** Kinds that have pods. */
export const podKinds = [
  { apiVersion: 'apps/v1', kind: 'StatefulSet' },
  { apiVersion: 'apps/v1', kind: 'Deployment' },
  { apiVersion: 'apps/v1', kind: 'DaemonSet' },
  { apiVersion: 'batch/v1', kind: 'CronJob' },
  { apiVersion: 'batch/v1', kind: 'Job' },
] as const;

/** Which of the objects that a node's form names the row's other nodes had on record as needed. */
export interface RowNeeds {
  /** Keys of all its objects. */
  readonly keys: readonly string[];
  readonly needed: ReadonlySet<string>;
  /** The marks these records had, as text: while they have no others the answer is the same. */
  readonly said: string;
}

function saidBy(siblings: readonly NodeDigest[]): string {
  return siblings.flatMap(({ needs }) => needs).join();
}

export function rowNeedsOf(
  deps: Deps,
  identity: NodeIdentity,
  { keys, hubKey }: { readonly keys: readonly string[]; readonly hubKey: Uint8Array },
): RowNeeds {
  const siblings = siblingsOf(deps, identity);
  return { keys, needed: neededElsewhere(keys, siblings, hubKey), said: saidBy(siblings) };
}

/** Whether the row's other nodes say something else by now than when the pass was planned. */
export function hasOtherNeeds(deps: Deps, { identity, hubKey, rowNeeds }: NodePass): boolean {
  if (saidBy(siblingsOf(deps, identity)) === rowNeeds.said) return false;
  const { needed } = rowNeedsOf(deps, identity, { keys: rowNeeds.keys, hubKey });
  return needed.size !== rowNeeds.needed.size || [...needed].some((key) => !rowNeeds.needed.has(key));
}

/**
 * Objects that were retained and would be no more. A workload that outlived its node, or its entry, has no record that says what it needs: it is
 * looked for. Where that cannot be, they stay retained.
 */
export async function neededByLeft(
  deps: Deps,
  record: readonly InventoryEntry[],
  planned: readonly DesiredChild[],
): Promise<ReadonlySet<string>> {
  const retained = new Set(record.flatMap((entry) => (entry.policy === 'Retain' ? [refKey(entry)] : [])));
  const freed = planned.filter(({ ref, policy }) => {
    const key = refKey(ref);
    return policy === 'Delete' && canBeNeeded(key) && retained.has(key);
  });
  const kept = new Set<string>();
  for (const namespace of new Set(freed.map(({ ref }) => ref.namespace))) {
    const refs = freed.map(({ ref }) => ref).filter((ref) => ref.namespace === namespace);
    const workloads = await workloadsIn(deps, namespace ?? '');
    const needed = workloads === undefined ? refs : neededByOrphans(refs, workloads);
    for (const ref of needed) kept.add(refKey(ref));
  }
  return kept;
}

/** Undefined where they cannot be read. */
async function workloadsIn({ cluster }: Deps, namespace: string): Promise<readonly JsonObject[] | undefined> {
  try {
    return (await Promise.all(podKinds.map((kind) => cluster.list(kind, { namespace })))).flat();
  } catch (error) {
    if (!isLynqFailure(error) || error.type === 'Internal') throw error;
    return undefined;
  }
}
