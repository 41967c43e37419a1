import type { Condition } from './api/meta.ts';
import type { InventoryEntry } from './api/node.ts';
import type { NodeStatusFacts } from './status.ts';

/** An object that the form does not name any more and that cannot go yet. */
export interface BlockedLeftover {
  readonly entry: InventoryEntry;
  /** A reason, and what there is to say of it. */
  readonly why: string;
}

type Draft = NodeStatusFacts['extra'][number];

const type = 'CleanupBlocked';
const listed = 10;
const longest = 500;

function textOf({ entry, why }: BlockedLeftover): string {
  const where = entry.namespace === undefined ? '' : `${entry.namespace}/`;
  return `${entry.kind} ${where}${entry.name} (${why.length > longest ? `${why.slice(0, longest)}…` : why})`;
}

/** Condition of a node with such objects. It says nothing about what the form names: Ready stays as it is. */
export function blockedCleanup(blocked: readonly BlockedLeftover[]): readonly Draft[] {
  const [first] = blocked;
  if (first === undefined) return [];
  const named = blocked.slice(0, listed).map(textOf).join('; ');
  const more = blocked.length > listed ? `; and ${blocked.length - listed} more` : '';
  const message = `not named by the form any more, and still there: ${named}${more}`;
  return [{ type, status: 'True', reason: first.why.split(' ')[0] ?? '', message }];
}

/** The condition as it was said before, until it is known anew. */
export function saidCleanup(conditions: readonly Condition[] | undefined): readonly Draft[] {
  return (conditions ?? [])
    .filter((condition) => condition.type === type)
    .map(({ status, reason, message }) => ({ type, status, reason, message }));
}

/** Those of the objects that the condition names now and did not name before. */
export function newlyBlocked(
  blocked: readonly BlockedLeftover[],
  conditions: readonly Condition[] | undefined,
): readonly BlockedLeftover[] {
  const said = saidCleanup(conditions)[0]?.message ?? '';
  return blocked.slice(0, listed).filter((one) => !said.includes(textOf(one)));
}
