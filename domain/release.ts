import type { Condition, ConditionStatus } from './api/meta.ts';

/** What is said on a hub of its release to the Go operator (decisions.md section 1). */

/** A node that could not be stored as the Go operator does. */
export interface Unstored {
  readonly node: string;
  readonly why: string;
}

export interface ReleaseFacts {
  /** The mark on the hub: which release it is. */
  readonly released: string;
  readonly nodes: number;
  readonly unstored: readonly Unstored[];
}

const mostNamed = 10;

/** Condition `Released`. Its message ends with the mark, so that an answer to an earlier request is not taken for one to this. */
export function releasedCondition({ released, nodes, unstored }: ReleaseFacts): {
  readonly type: string;
  readonly status: ConditionStatus;
  readonly reason: string;
  readonly message: string;
} {
  const type = 'Released';
  if (unstored.length === 0) {
    const message = `${nodes} nodes are as the Go operator stores them; nothing is written since ${released}`;
    return { type, status: 'True', reason: 'ReleaseRequested', message };
  }
  const named = unstored.slice(0, mostNamed).map(({ node, why }) => `${node}: ${why}`);
  const more = unstored.length > mostNamed ? [`and ${unstored.length - mostNamed} more`] : [];
  const which = [...named, ...more].join('; ');
  const message = `${unstored.length} of ${nodes} nodes are not as the Go operator stores them, it would delete their objects: ${which}; tried for the release of ${released}`;
  return { type, status: 'False', reason: 'NodesNotStored', message };
}

/** Whether the hub says that all is done for the release with this mark. */
export function isReleaseDone(conditions: readonly Condition[], released: string): boolean {
  return conditions.some(
    ({ type, status, message }) => type === 'Released' && status === 'True' && message.endsWith(released),
  );
}
