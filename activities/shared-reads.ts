/**
 * Reads that many ask for at the same moment, once for all of them. Each answer is to a request that was sent after it was asked for, so that it is as
 * fresh as one to a request of the asker's own.
 */
export class SharedReads<V> {
  private readonly underWay = new Map<string, Promise<unknown>>();
  private readonly following = new Map<string, Promise<V>>();

  /** `send` reads what `key` names; of all that ask while a read is under way, one sends the next. */
  read(key: string, send: () => Promise<V>): Promise<V> {
    const following = this.following.get(key);
    if (following !== undefined) return following;
    const before = this.underWay.get(key);
    if (before === undefined) return this.begin(key, send);
    const next = before.then(() => {
      this.following.delete(key);
      return this.begin(key, send);
    });
    this.following.set(key, next);
    return next;
  }

  private begin(key: string, send: () => Promise<V>): Promise<V> {
    const answer = send();
    const ended = answer.then(
      () => undefined,
      () => undefined,
    );
    const cleared = ended.then(() => {
      if (this.underWay.get(key) === cleared) this.underWay.delete(key);
    });
    this.underWay.set(key, cleared);
    return answer;
  }
}
