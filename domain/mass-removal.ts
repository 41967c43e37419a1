/**
 * Cause of the wake-up of a run whose LynqNode is gone: at rest it ends, and in the middle of something it looks first. A worker of an older version looks in any
 * case.
 */
export const removedCause = 'removed';

/** As many deletions of a hub as a person may be looking at. */
export const fewDeletions = 16;

/** Whether so many are more than that. */
export const areMany = (leaving: number): boolean => leaving > fewDeletions;

/** Whether so many nodes are still to go that what follows from one that went can wait for the next ones. */
export function manyAreLeaving(nodes: Iterable<{ readonly deleting: boolean }>): boolean {
  let leaving = 0;
  for (const { deleting } of nodes) {
    if (deleting) leaving += 1;
    if (areMany(leaving)) return true;
  }
  return false;
}

/** A node among many that are being deleted. */
export interface MassNode {
  readonly name: string;
  readonly rowUid: string;
  readonly form: string;
  /** Forms whose nodes of the row it goes before. */
  readonly dependsOn: readonly string[];
}

/**
 * Row by row, and of a row first what others of it wait for: then few are begun that have to wait. It only makes it fast; what may go when is decided for each
 * node by itself (form-order.ts).
 */
export function removalOrder<N extends MassNode>(nodes: readonly N[]): readonly N[] {
  const rows = new Map<string, N[]>();
  for (const node of nodes.toSorted((left, right) => (left.name < right.name ? -1 : 1))) {
    const row = rows.get(node.rowUid);
    if (row === undefined) rows.set(node.rowUid, [node]);
    else row.push(node);
  }
  return [...rows.values()].flatMap(rowOrder);
}

function rowOrder<N extends MassNode>(row: readonly N[]): readonly N[] {
  const ordered: N[] = [];
  for (let rest = row; rest.length > 0; ) {
    const waiting = rest;
    const first = waiting.filter(({ form }) => !waiting.some(({ dependsOn }) => dependsOn.includes(form)));
    // Forms that wait for each other, as after edits at different times, are all as good a beginning.
    const next = first.length > 0 ? first : waiting;
    ordered.push(...next);
    rest = waiting.filter((node) => !next.includes(node));
  }
  return ordered;
}
