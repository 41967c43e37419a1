import type { HubRef } from '../../activities/contract.ts';
import type { Logger } from '../../domain/ports.ts';
import type { NodeDigest } from '../../domain/watching.ts';
import type { DigestChange } from './digest-store.ts';

/** Changes within this time are counted together. */
const collectMilliseconds = 1_500;
/** Counting goes through all nodes of a hub: while a large one is being made it takes at most a tenth of the time. */
const restShare = 10;
const longestRestMilliseconds = 30_000;

/** Has the counts of a hub and its forms refreshed when a node of it appears, goes, or changes its readiness. */
export class CountKeeper {
  private readonly refresh: (hub: HubRef) => Promise<void>;
  private readonly logger: Logger;
  private readonly pending = new Map<string, NodeJS.Timeout>();
  /** How long a hub is left alone after it was counted, by hub. */
  private readonly rests = new Map<string, number>();

  constructor(refresh: (hub: HubRef) => Promise<void>, logger: Logger) {
    this.refresh = refresh;
    this.logger = logger;
  }

  onNode({ before, after }: DigestChange<NodeDigest>): void {
    const node = after ?? before;
    const same =
      before?.ready === after?.ready && before?.failed === after?.failed && before?.deleting === after?.deleting;
    if (node !== undefined && !same) this.soon({ namespace: node.namespace, hub: node.hub });
  }

  close(): void {
    for (const timer of this.pending.values()) clearTimeout(timer);
    this.pending.clear();
  }

  private soon(hub: HubRef): void {
    const key = `${hub.namespace}/${hub.hub}`;
    if (this.pending.has(key)) return;
    const run = (): void => {
      this.pending.delete(key);
      void this.count(key, hub);
    };
    this.pending.set(key, setTimeout(run, Math.max(collectMilliseconds, this.rests.get(key) ?? 0)));
  }

  private async count(key: string, hub: HubRef): Promise<void> {
    const began = performance.now();
    try {
      await this.refresh(hub);
    } catch (error) {
      this.logger.warn('counts of a hub could not be refreshed, the next sync does', {
        ...hub,
        error: String(error),
      });
    }
    this.rests.set(key, Math.min(longestRestMilliseconds, restShare * (performance.now() - began)));
  }
}
