import { isLynqFailure } from '../../domain/failures.ts';

/** After so many refusals it is the server, or a webhook, more than the nodes: the rest would cost as many slow requests, and Events, at every sync. */
const mostRefusals = 50;

/** LynqNodes that the API server refuses to change or delete in one sync: none of them holds up another, but after many the next sync goes on. */
export class RefusedNodes {
  private readonly messages: string[] = [];
  private postponed = 0;

  /** Whether one more node may be asked for; one that may not is counted as left to the next sync. */
  takeTurn(): boolean {
    if (this.messages.length < mostRefusals) return true;
    this.postponed += 1;
    return false;
  }

  /** Does what is to be done for a node whose turn it is; a refusal, which is of this node only, ends here. */
  async attempt(work: () => Promise<void>): Promise<void> {
    if (!this.takeTurn()) return;
    try {
      await work();
    } catch (error) {
      if (!isLynqFailure(error) || error.type !== 'ClusterInvalid') throw error;
      this.add(error.message);
    }
  }

  add(message: string): void {
    this.messages.push(message);
  }

  /** What the hub says of them. The same from sync to sync while they are the same, in whatever order they were refused. */
  said(what: 'deleted' | 'taken up again'): readonly string[] {
    const [first] = this.messages.toSorted();
    const more = this.postponed === 0 ? '' : `, and ${this.postponed} more wait for the next sync`;
    return first === undefined ? [] : [`${this.messages.length} LynqNodes cannot be ${what}${more}: ${first}`];
  }
}

/** Many nodes begin anywhere among them, another place at each sync: those that are refused for ever do not keep the others from their turn. */
export function fromAnywhere<T>(nodes: readonly T[]): readonly T[] {
  if (nodes.length <= mostRefusals) return nodes;
  const first = Math.floor(Math.random() * nodes.length);
  return [...nodes.slice(first), ...nodes.slice(0, first)];
}
