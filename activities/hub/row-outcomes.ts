import type { FrozenRow } from '../../domain/api/hub.ts';
import { isLynqFailure } from '../../domain/failures.ts';
import type { Decided } from './decided.ts';
import { RefusedNodes } from './refused-nodes.ts';

/** What becomes of the rows of one sync while their LynqNodes are written: none of them holds up another. */
export class RowOutcomes {
  /** By uid and message: what is tried twice is named once. */
  private readonly refusals = new Map<string, FrozenRow>();
  readonly counts = { created: 0, updated: 0, removed: 0 };
  /** By uid: why a row could not be written yet. */
  private waiting = new Map<string, string>();
  /** The same of rows that are left to the next sync. */
  private readonly late = new Map<string, string>();
  /** Nodes that have lost their row or form and are still there. */
  private readonly staying = new RefusedNodes();

  /** Does what is to be done for a row; a failure that is of this row only ends here. */
  async attempt(uid: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!isLynqFailure(error)) throw error;
      if (error.type === 'ClusterStale') this.waiting.set(uid, error.message);
      else if (error.type === 'ClusterInvalid')
        this.refuse({ uid, reason: refusalOf(error.detail['reason']), message: error.message });
      else throw error;
    }
  }

  /** Whether one more node may be removed in this sync. */
  takeRemoval(): boolean {
    return this.staying.takeTurn();
  }

  /** The API server does not let a node go. It may later, and nothing tells of that: further syncs try. */
  refuseRemoval(uid: string, message: string): void {
    this.refuse({ uid, reason: 'NodeRefused', message });
    this.staying.add(message);
  }

  /** Rows of which the API server refuses a node, its removal, or what stands beside it. */
  get refused(): readonly FrozenRow[] {
    return [...this.refusals.values()];
  }

  private refuse(row: FrozenRow): void {
    this.refusals.set(`${row.uid} ${row.message}`, row);
  }

  /** Rows that wait, to be tried once more. */
  takeWaiting(): ReadonlySet<string> {
    const uids = new Set(this.waiting.keys());
    this.waiting = new Map();
    return uids;
  }

  /** They have waited long enough. */
  leaveWaiting(): void {
    for (const [uid, why] of this.waiting) this.late.set(uid, why);
    this.waiting = new Map();
  }

  get isWaiting(): boolean {
    return this.waiting.size > 0;
  }

  /** What is said of rows and nodes that are left to the next sync. */
  leftOpen(): readonly string[] {
    const [waits] = this.late.values();
    return [
      ...(waits === undefined ? [] : [`${this.late.size} rows wait for the next sync: ${waits}`]),
      ...this.staying.said('deleted'),
    ];
  }
}

const namedReasons: ReadonlySet<unknown> = new Set(['TooLarge', 'SecretRefused']);

function refusalOf(reason: string | number | undefined): string {
  return namedReasons.has(reason) ? String(reason) : 'NodeRefused';
}

/** What may be written of a plan: rows whose values are at hand. */
export interface Writable {
  readonly decided: Decided;
  /** Nodes whose rows have had no turn: of a row beyond what one read holds, or of a node that changed since the row streamed by. */
  readonly left: number;
}

export function withValues(decided: Decided, had: ReadonlySet<string>): Writable {
  const { plan, read } = decided;
  const isHeld = (uid: string): boolean => read.values.has(uid);
  const create = plan.create.filter(({ uid }) => isHeld(uid));
  const update = plan.update.filter(({ node, why }) => why === 'edited' || isHeld(node.rowUid));
  const uids = [...plan.create.map(({ uid }) => uid), ...plan.update.map(({ node }) => node.rowUid)];
  const left = uids.filter((uid) => !isHeld(uid) && !had.has(uid)).length;
  return { decided: { ...decided, plan: { ...plan, create, update } }, left };
}

/** The births and updates of some rows. */
export function ofRows(decided: Decided, uids: ReadonlySet<string>): Decided {
  const { plan } = decided;
  const create = plan.create.filter(({ uid }) => uids.has(uid));
  const update = plan.update.filter(({ node }) => uids.has(node.rowUid));
  return { ...decided, plan: { ...plan, create, update, remove: [] } };
}
