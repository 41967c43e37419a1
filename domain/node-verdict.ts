import type { ResourceState } from './api/node.ts';

/** What a pass makes of one entry, before the clock has its say. */

/** Reason of an entry whose Namespace another node of the row keeps, or is about to (shared-namespace.ts). */
export const heldBySibling = 'HeldBySibling';

export type Step = 'look' | 'apply' | 'none';

export interface Verdict {
  readonly step?: Step;
  readonly state: ResourceState;
  readonly reason?: string;
  readonly message?: string;
  /** Dependents may go on. */
  readonly done?: boolean;
  readonly drifted?: true;
  /** When to look again. */
  readonly until?: Date;
}

/** Reason and message where they are there. */
export function textOf(status: {
  readonly reason?: string | undefined;
  readonly message?: string | undefined;
}): Pick<Verdict, 'reason' | 'message'> {
  return {
    ...(status.reason === undefined ? {} : { reason: status.reason }),
    ...(status.message === undefined ? {} : { message: status.message }),
  };
}
