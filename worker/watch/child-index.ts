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

/** Children of all nodes, one watch per kind, by the tracking labels. A kind is watched from the first time it is asked for. */
export class WatchedChildren implements ChildIndex {
  private readonly stores = new Map<string, DigestStore<TrackedChild>>();
  private readonly listeners = new Set<ChildListener>();
  /** Keys of children by the LynqNode in their labels: its namespace, its name. */
  private readonly named = new Map<string, Map<string, Set<string>>>();
  /** `readyWhen` by key of the child: evaluated when an object is delivered, so that only its verdict is kept. */
  private readonly rules = new Map<string, ReadyWhen>();
  private namings = 0;
  private readonly reflector: Reflector;
  private readonly changes: ChangePublisher;
  private readonly signal: AbortSignal;

  constructor(options: { reflector: Reflector; changes: ChangePublisher; signal: AbortSignal }) {
    this.reflector = options.reflector;
    this.changes = options.changes;
    this.signal = options.signal;
  }

  /** Returns how to stop listening. */
  onChange(listener: ChildListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  async track(kind: KindRef): Promise<void> {
    await this.storeOf(kind).tried;
  }

  get(ref: ObjectRef): ChildDigest | undefined {
    return this.stores.get(groupOf(ref))?.get(refKey(ref));
  }

  /** The child of a key that was reported on a node, wherever it is. */
  byKey(key: string): TrackedChild | undefined {
    const [group, kind] = key.split('/');
    return this.stores.get(`${group ?? ''}/${kind ?? ''}`)?.get(key);
  }

  /** Whether a complete list of the key's kind has been seen: only then does a missing digest mean anything. */
  isComplete(key: string): boolean {
    const [group, kind] = key.split('/');
    return this.stores.get(`${group ?? ''}/${kind ?? ''}`)?.isComplete === true;
  }

  listedAt(kind: KindRef): Date | undefined {
    return this.stores.get(groupOf(kind))?.listedAt;
  }

  observe(object: JsonObject): void {
    if (textAt(object, 'metadata', 'labels', labels.node) === undefined) return;
    this.storeOf(refOf(object)).observe(object);
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
    const store = this.stores.get(groupOf(ref));
    const known = store?.get(refKey(ref));
    if (known !== undefined) store?.forget(known.key, known.resourceVersion);
  }

  private storeOf(kind: KindRef): DigestStore<TrackedChild> {
    const known = this.stores.get(groupOf(kind));
    if (known !== undefined) return known;
    const store = new DigestStore<TrackedChild>({
      keyOf: (object) => refKey(refOf(object)),
      digest: (object) => trackedChild(object, this.rules),
      isOutdated: (before, key) => before.judgedBy !== this.rules.get(key)?.expression,
      onChange: (change) => this.onStored(change),
    });
    this.stores.set(groupOf(kind), store);
    const watched = { apiVersion: kind.apiVersion, kind: kind.kind };
    void this.reflector.run(watched, { labelSelector: labels.node }, (event) => store.onEvent(event), this.signal);
    return store;
  }

  private onStored(change: DigestChange<TrackedChild>): void {
    if (change.after === undefined) this.rules.delete(change.key);
    this.index(change);
    this.changes.publish(changeKeys.child(change.key));
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
