import { LRUCache } from 'lru-cache';
import type { LateChildOutcome } from '../../activities/node/late-child.ts';
import { workflowIds } from '../../domain/identity.ts';
import { type RemovedNode, standsAgain } from '../../domain/late-child.ts';
import type { NodeIdentity } from '../../domain/ownership.ts';
import type { Logger, ObjectRef } from '../../domain/ports.ts';
import type { NodeDigest } from '../../domain/watching.ts';
import type { TrackedChild, WatchedChildren } from './child-index.ts';
import type { DigestChange } from './digest-store.ts';
import type { WatchedNodes } from './node-index.ts';

export interface LateWritesParts {
  readonly nodes: Pick<WatchedNodes, 'onChange'>;
  readonly children: Pick<WatchedChildren, 'onChange' | 'byKey'>;
  readonly remove: (node: NodeIdentity, ref: ObjectRef) => Promise<LateChildOutcome>;
  readonly logger: Logger;
}

const rememberedNodes = 10_000;
const retryMilliseconds = 5_000;

/**
 * A create may arrive at the API server long after the client gave it up, and so after its node was removed: nothing in the request could make it
 * fail then. From its construction on, this remembers the nodes that went, and has what stands again of them taken away.
 */
export class LateWrites {
  private readonly parts: LateWritesParts;
  private readonly removed = new LRUCache<string, RemovedNode>({ max: rememberedNodes });
  private readonly retries = new Map<string, NodeJS.Timeout>();
  private readonly stopListening: () => void;

  constructor(parts: LateWritesParts) {
    this.parts = parts;
    const stopNodes = this.parts.nodes.onChange((change) => this.onNode(change));
    const stopChildren = this.parts.children.onChange(({ after }) => this.onChild(after));
    this.stopListening = () => {
      stopNodes();
      stopChildren();
    };
  }

  close(): void {
    this.stopListening();
    for (const timer of this.retries.values()) clearTimeout(timer);
    this.retries.clear();
  }

  private onNode({ key, before, after }: DigestChange<NodeDigest>): void {
    if (after !== undefined) this.removed.delete(key);
    else if (before?.deleting === true) {
      const { namespace, name, nodeUid, hub, form, rowUid: uid, children: left } = before;
      this.removed.set(key, { identity: { namespace, name, nodeUid, hub, form, uid }, left });
      for (const child of left.keys()) this.onChild(this.parts.children.byKey(child));
    }
  }

  private onChild(child: TrackedChild | undefined): void {
    if (child === undefined || child.deleting) return;
    const node = this.removed.get(`${child.nodeNamespace}/${child.node}`);
    if (node !== undefined && standsAgain(node, child.key, child.uid)) this.take(node, child);
  }

  private take({ identity }: RemovedNode, child: TrackedChild): void {
    if (this.retries.has(child.key)) return;
    const { remove, logger } = this.parts;
    const { namespace: nodeNamespace, name: node } = identity;
    const what = { workflowId: workflowIds.node(nodeNamespace, node), nodeNamespace, node, ...child.ref };
    remove(identity, child.ref).then(
      (outcome) => {
        if (outcome === 'removed')
          logger.warn('a create arrived after its node was removed, the object is taken away', what);
      },
      (error: unknown) => {
        logger.warn('what a late create made could not be taken away, trying again', { ...what, error: String(error) });
        const again = (): void => {
          this.retries.delete(child.key);
          this.onChild(this.parts.children.byKey(child.key));
        };
        this.retries.set(child.key, setTimeout(again, retryMilliseconds));
      },
    );
  }
}
