import { isLynqFailure } from '../../domain/failures.ts';

/** LynqNodes that the API server refuses to change or delete in one sync: none of them holds up another. */
export class RefusedNodes {
  private readonly messages: string[] = [];

  /** Does what is to be done for a node; a refusal, which is of this node only, ends here. */
  async attempt(work: () => Promise<void>): Promise<void> {
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
    return first === undefined ? [] : [`${this.messages.length} LynqNodes cannot be ${what}: ${first}`];
  }
}
