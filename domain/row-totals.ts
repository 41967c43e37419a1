import type { HubPlan, KnownNode } from './hub-plan.ts';
import type { RowCounts } from './rows.ts';

/**
 * Where every row is (reliability: nothing is lost silently). Of one complete read
 *
 *     seen = active + inactive + repeated + frozen      active = provisioned + waiting + failed
 *
 * and so seen - inactive - repeated + held = provisioned + waiting + failed + frozen + held. A held row is gone from the table or inactive.
 */
export interface RowTotals {
  /** Rows the server delivered. */
  readonly seen: number;
  /** Different uids that are acted on. */
  readonly active: number;
  readonly inactive: number;
  /** Further rows equal to an active one. */
  readonly repeated: number;
  /** Rows that are not acted on. */
  readonly frozen: number;
  /** Rows whose deletion is held. */
  readonly held: number;
  /** Of the active ones: with a Ready node of every form. */
  readonly provisioned: number;
  /** Of the active ones: with a node that has failed or was refused. */
  readonly failed: number;
  /** Of the active ones: the rest. */
  readonly waiting: number;
}

export interface NodeState extends Pick<KnownNode, 'rowUid' | 'form' | 'deleting'> {
  readonly ready: boolean;
  readonly failed: boolean;
}

export interface RowTotalsFacts {
  readonly counts: RowCounts;
  /** uids to act on. */
  readonly active: Iterable<string>;
  readonly plan: Pick<HubPlan, 'collisions'>;
  /** Names of all forms of the hub, unusable ones included: a row without a node of such a form waits for it. */
  readonly forms: readonly string[];
  readonly nodes: readonly NodeState[];
  readonly held: number;
  /** uids of which the API server refused a node. */
  readonly refused: ReadonlySet<string>;
}

type Place = 'provisioned' | 'waiting' | 'failed';

function placeOf(forms: readonly string[], nodes: readonly NodeState[]): Place {
  if (nodes.some(({ failed }) => failed)) return 'failed';
  const ready = new Set(nodes.filter((node) => node.ready && !node.deleting).map(({ form }) => form));
  return forms.length > 0 && forms.every((form) => ready.has(form)) ? 'provisioned' : 'waiting';
}

function groupedByRow(nodes: readonly NodeState[]): ReadonlyMap<string, readonly NodeState[]> {
  const groups = new Map<string, NodeState[]>();
  for (const node of nodes) {
    const group = groups.get(node.rowUid);
    if (group === undefined) groups.set(node.rowUid, [node]);
    else group.push(node);
  }
  return groups;
}

export function rowTotals(facts: RowTotalsFacts): RowTotals {
  const byRow = groupedByRow(facts.nodes);
  const collided = new Set(facts.plan.collisions.map(({ uid }) => uid));
  const places: Record<Place, number> = { provisioned: 0, waiting: 0, failed: 0 };
  let active = 0;
  let frozenByName = 0;
  for (const uid of facts.active) {
    if (collided.has(uid)) {
      frozenByName += 1;
      continue;
    }
    active += 1;
    places[facts.refused.has(uid) ? 'failed' : placeOf(facts.forms, byRow.get(uid) ?? [])] += 1;
  }
  const { seen, inactive, repeated, frozen } = facts.counts;
  return { seen, active, inactive, repeated, frozen: frozen + frozenByName, held: facts.held, ...places };
}
