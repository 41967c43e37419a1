import { LRUCache } from 'lru-cache';
import { type JsonObject, textAt } from '../../domain/api/json.ts';
import type { WatchEvent } from '../../domain/ports.ts';
import { isNewer } from '../../domain/resource-version.ts';

export interface Digest {
  readonly resourceVersion: string;
}

export interface DigestChange<D> {
  readonly key: string;
  readonly before: D | undefined;
  readonly after: D | undefined;
}

export interface DigestStoreOptions<D> {
  readonly keyOf: (object: JsonObject) => string;
  readonly digest: (object: JsonObject) => D;
  readonly onChange: (change: DigestChange<D>) => void;
  /** Whether the known digest was made by a rule that does not hold any more; a new one of the same version takes its place without being news. */
  readonly isOutdated?: (before: D, object: JsonObject) => boolean;
}

const rememberedRemovals = 10_000;

/**
 * The latest digest of each object of a watch. Invariants: a digest never goes back to an older version, a late answer does not bring a removed
 * object back, and after a relist only what the list or a write since then showed is kept.
 */
export class DigestStore<D extends Digest> {
  private readonly digests = new Map<string, D>();
  private readonly removed = new LRUCache<string, string>({ max: rememberedRemovals });
  private readonly options: DigestStoreOptions<D>;
  private fresh = new Set<string>();
  private markSynced: () => void = () => undefined;
  private complete = false;
  /** When the last complete list was delivered. */
  listedAt: Date | undefined;
  readonly synced = new Promise<void>((resolve) => {
    this.markSynced = resolve;
  });
  private markTried: () => void = () => undefined;
  /** Resolves when the first list has been seen or could not be read. */
  readonly tried = new Promise<void>((resolve) => {
    this.markTried = resolve;
  });

  constructor(options: DigestStoreOptions<D>) {
    this.options = options;
  }

  /** Whether a complete list has been seen: only then does an absent digest mean anything. */
  get isComplete(): boolean {
    return this.complete;
  }

  /** Nobody tells of the objects any more: an absent digest means nothing until they have been listed again. */
  cease(): void {
    this.complete = false;
    this.listedAt = undefined;
  }

  get(key: string): D | undefined {
    return this.digests.get(key);
  }

  values(): Iterable<D> {
    return this.digests.values();
  }

  entries(): Iterable<[string, D]> {
    return this.digests.entries();
  }

  observe(object: JsonObject): void {
    const key = this.options.keyOf(object);
    const version = textAt(object, 'metadata', 'resourceVersion') ?? '';
    const before = this.digests.get(key);
    // Each write of ours comes twice, as its answer and by the watch: a digest is made once.
    if (before !== undefined && !isNewer(version, before.resourceVersion)) {
      this.fresh.add(key);
      const same = version === before.resourceVersion;
      if (same && this.options.isOutdated?.(before, object) === true)
        this.digests.set(key, this.options.digest(object));
      return;
    }
    const removedAt = this.removed.get(key);
    if (removedAt !== undefined && !isNewer(version, removedAt)) return;
    const after = this.options.digest(object);
    this.fresh.add(key);
    this.digests.set(key, after);
    this.options.onChange({ key, before, after });
  }

  forget(key: string, version: string): void {
    const before = this.digests.get(key);
    this.removed.set(key, version);
    if (before === undefined) return;
    this.digests.delete(key);
    this.options.onChange({ key, before, after: undefined });
  }

  onEvent(event: WatchEvent): void {
    switch (event.kind) {
      case 'restarted':
        this.fresh = new Set();
        return;
      case 'set':
        this.observe(event.object);
        return;
      case 'removed': {
        this.forget(this.options.keyOf(event.object), textAt(event.object, 'metadata', 'resourceVersion') ?? '');
        return;
      }
      case 'unlisted':
        this.markTried();
        return;
      case 'synced':
        this.dropUnlisted(event.version);
        this.complete = true;
        this.listedAt = new Date();
        this.markSynced();
        this.markTried();
    }
  }

  /** What was written after the list was read is in none of its pages, and not gone. */
  private dropUnlisted(listed: string): void {
    for (const [key, { resourceVersion }] of this.digests)
      if (!this.fresh.has(key) && !isNewer(resourceVersion, listed)) this.forget(key, resourceVersion);
    this.fresh = new Set();
  }
}
