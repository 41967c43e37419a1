import { type JsonObject, textAt } from '../../domain/api/json.ts';
import { refKey } from '../../domain/child.ts';
import { labelValue } from '../../domain/identity.ts';
import { labels } from '../../domain/keys.ts';
import { childDigest } from '../../domain/node-digest.ts';
import type { ChildDigest } from '../../domain/node-plan.ts';
import type { KindRef, ObjectRef, Reflector } from '../../domain/ports.ts';
import type { ReadyWhen } from '../../domain/readiness/ready-when.ts';
import { changeKeys, type ChildIndex } from '../../domain/watching.ts';
import type { ChangePublisher } from './changes.ts';
import { type DigestChange, DigestStore } from './digest-store.ts';
import { KindWatch } from './kind-watch.ts';

/** A tracked child together with the node its labels name (a hint: ownership is decided from the object itself). */
export interface TrackedChild extends ChildDigest {
  readonly key: string;
  readonly ref: ObjectRef;
  readonly node: string;
  readonly nodeNamespace: string;
}

export type ChildListener = (change: DigestChange<TrackedChild>) => void;

function refOf(object: JsonObject): ObjectRef {
  return {
    apiVersion: textAt(object, 'apiVersion') ?? '',
    kind: textAt(object, 'kind') ?? '',
    namespace: textAt(object, 'metadata', 'namespace'),
    name: textAt(object, 'metadata', 'name') ?? '',
  };
}

/** A name that is too long for a label stands whole in an annotation, which counts only if it fits the label. */
function trackedNode(object: JsonObject): string {
  const label = textAt(object, 'metadata', 'labels', labels.node) ?? '';
  const whole = textAt(object, 'metadata', 'annotations', labels.node) ?? label;
  return labelValue(whole) === label ? whole : label;
}

function trackedChild(object: JsonObject, rules: ReadonlyMap<string, ReadyWhen>): TrackedChild {
  const ref = refOf(object);
  const key = refKey(ref);
  return {
    ...childDigest(object, rules.get(key)),
    key,
    ref,
    node: trackedNode(object),
    nodeNamespace: textAt(object, 'metadata', 'labels', labels.nodeNamespace) ?? '',
  };
}

const groupOf = (kind: KindRef): string =>
  `${kind.apiVersion.includes('/') ? kind.apiVersion.split('/')[0] : ''}/${kind.kind}`;

const groupOfKey = (key: string): string => key.split('/').slice(0, 2).join('/');

export interface WatchedChildrenOptions {
  readonly reflector: Reflector;
  readonly changes: ChangePublisher;
  /** Whether a LynqNode has an object of this kind (`group/Kind`) on record. */
  readonly isRecorded: (kind: string) => boolean;
  readonly signal: AbortSignal;
}

/**
 * Children of all nodes, one watch per kind, by the tracking labels. A kind is watched from the first time it is asked for, and until it is not on record
 * and either not served in a version that was asked for or not to be seen by this account.
 */
export class WatchedChildren implements ChildIndex {
  private readonly watches = new Map<string, KindWatch<TrackedChild>>();
  /** Kinds of which a complete list was once seen. */
  private readonly listed = new Set<string>();
  private readonly listeners = new Set<ChildListener>();
  /** Keys of children by the LynqNode in their labels: its namespace, its name. */
  private readonly named = new Map<string, Map<string, Set<string>>>();
  /** `readyWhen` by key of the child: evaluated when an object is delivered, so that only its verdict is kept. */
  private readonly rules = new Map<string, ReadyWhen>();
  private namings = 0;
  private readonly options: WatchedChildrenOptions;

  constructor(options: WatchedChildrenOptions) {
    this.options = options;
  }

  /** Returns how to stop listening. */
  onChange(listener: ChildListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  async track(kind: KindRef): Promise<void> {
    await this.watchOf(kind).ask(kind.apiVersion);
  }

  get(ref: ObjectRef): ChildDigest | undefined {
    return this.storeOf(groupOf(ref))?.get(refKey(ref));
  }

  /** The child of a key that was reported on a node, wherever it is. */
  byKey(key: string): TrackedChild | undefined {
    return this.storeOf(groupOfKey(key))?.get(key);
  }

  /** Whether a complete list of the key's kind has been seen, and it is still watched: only then does a missing digest mean anything. */
  isComplete(key: string): boolean {
    return this.storeOf(groupOfKey(key))?.isComplete === true;
  }

  listedAt(kind: KindRef): Date | undefined {
    return this.storeOf(groupOf(kind))?.listedAt;
  }

  wasListed(kind: KindRef): boolean {
    return this.listed.has(groupOf(kind));
  }

  observe(object: JsonObject): void {
    if (textAt(object, 'metadata', 'labels', labels.node) === undefined) return;
    const ref = refOf(object);
    const watch = this.watchOf(ref);
    void watch.ask(ref.apiVersion);
    watch.store.observe(object);
  }

  judge(ref: ObjectRef, readyWhen: ReadyWhen | undefined): void {
    if (readyWhen === undefined) this.rules.delete(refKey(ref));
    else this.rules.set(refKey(ref), readyWhen);
  }

  namedIn(nodeNamespace: string): readonly string[] {
    return [...(this.named.get(nodeNamespace)?.keys() ?? [])];
  }

  nameChanges(): number {
    return this.namings;
  }

  naming(nodeNamespace: string, node: string): readonly ObjectRef[] {
    const keys = this.named.get(nodeNamespace)?.get(node) ?? [];
    return [...keys].flatMap((key) => {
      const child = this.byKey(key);
      return child === undefined || child.deleting ? [] : [child.ref];
    });
  }

  forget(ref: ObjectRef): void {
    const store = this.storeOf(groupOf(ref));
    const known = store?.get(refKey(ref));
    if (known !== undefined) store?.forget(known.key, known.resourceVersion);
  }

  private storeOf(group: string): DigestStore<TrackedChild> | undefined {
    return this.watches.get(group)?.store;
  }

  private watchOf({ apiVersion, kind }: KindRef): KindWatch<TrackedChild> {
    const group = groupOf({ apiVersion, kind });
    const known = this.watches.get(group);
    if (known !== undefined) return known;
    const { reflector, signal } = this.options;
    const watch: KindWatch<TrackedChild> = new KindWatch({
      kind,
      store: new DigestStore<TrackedChild>({
        keyOf: (object) => refKey(refOf(object)),
        digest: (object) => trackedChild(object, this.rules),
        isOutdated: (before, object) => this.isOutdated(before, object, watch.version),
        onChange: (change) => this.onStored(change),
      }),
      reflector,
      signal,
      onListed: () => this.listed.add(group),
      onMissing: () => this.drop(group),
      onRefused: () => this.drop(group),
    });
    this.watches.set(group, watch);
    return watch;
  }

  /** By another rule of readiness, or addressed in a version that is not watched any more and may not be served. */
  private isOutdated(before: TrackedChild, object: JsonObject, version: string | undefined): boolean {
    if (before.judgedBy !== this.rules.get(before.key)?.expression) return true;
    return before.ref.apiVersion !== version && textAt(object, 'apiVersion') === version;
  }

  /** Watched for ever, a kind that nobody needs would be told of as a watch that fails. */
  private drop(group: string): void {
    if (this.options.isRecorded(group)) return;
    const watch = this.watches.get(group);
    watch?.stop();
    for (const [key, { resourceVersion }] of watch?.store.entries() ?? []) watch?.store.forget(key, resourceVersion);
    this.watches.delete(group);
  }

  private onStored(change: DigestChange<TrackedChild>): void {
    if (change.after === undefined) this.rules.delete(change.key);
    this.index(change);
    this.options.changes.publish(changeKeys.child(change.key));
    for (const listener of this.listeners) listener(change);
  }

  private index({ key, before, after }: DigestChange<TrackedChild>): void {
    if (before?.node === after?.node && before?.nodeNamespace === after?.nodeNamespace) return;
    this.namings += 1;
    if (before !== undefined) this.unname(before);
    if (after === undefined) return;
    const nodes = this.named.get(after.nodeNamespace) ?? new Map<string, Set<string>>();
    this.named.set(after.nodeNamespace, nodes.set(after.node, (nodes.get(after.node) ?? new Set()).add(key)));
  }

  private unname({ key, node, nodeNamespace }: TrackedChild): void {
    const nodes = this.named.get(nodeNamespace);
    const keys = nodes?.get(node);
    keys?.delete(key);
    if (keys?.size === 0) nodes?.delete(node);
    if (nodes?.size === 0) this.named.delete(nodeNamespace);
  }
}
