import { LRUCache } from 'lru-cache';
import type { LynqNodeStatus } from '../../domain/api/node.ts';
import { essence } from './pass-record.ts';

/** What a pass knows and has not written yet, because the next wave will have more to say a moment later. */
export interface Unsaid {
  /** What the LynqNode says; undefined when it has no status. */
  readonly said: LynqNodeStatus | undefined;
  readonly status: LynqNodeStatus;
  /** Since when there has been something to say. */
  readonly since: Date | undefined;
}

const rememberedNodes = 10_000;

const saying = (status: LynqNodeStatus | undefined): string => (status === undefined ? '' : essence(status));

/**
 * Statuses on their way from one wave of a node to the next, by uid of the LynqNode. Kept in this process only: whoever does not have them finds
 * the objects that are on record without a uid, as after a crash.
 */
export class UnsaidStatuses {
  private readonly byNode = new LRUCache<string, Unsaid>({ max: rememberedNodes });

  keep(nodeUid: string, unsaid: Unsaid): void {
    this.byNode.set(nodeUid, unsaid);
  }

  /** What was kept, once, if nobody has written another status since. */
  take(nodeUid: string, read: LynqNodeStatus | undefined): Unsaid | undefined {
    const kept = this.byNode.get(nodeUid);
    this.byNode.delete(nodeUid);
    return kept !== undefined && saying(kept.said) === saying(read) ? kept : undefined;
  }
}
