import { LRUCache } from 'lru-cache';
import { at, type JsonObject, textAt } from '../../domain/api/json.ts';
import { apiVersion } from '../../domain/keys.ts';
import { nodeDigest } from '../../domain/node-digest.ts';
import type { Reflector, WatchEvent } from '../../domain/ports.ts';
import { changeKeys, type NodeDigest, type NodeIndex } from '../../domain/watching.ts';
import type { ChangePublisher } from './changes.ts';
import { type DigestChange, DigestStore } from './digest-store.ts';

const keyOf = (namespace: string, name: string): string => `${namespace}/${name}`;

/**
 * A sync makes the LynqNodes of all its rows before their runs start, in the same order: of more than these the first are forgotten when their turn comes, and
 * are read again.
 */
const rememberedNewborns = 2_500;

const isNewborn = (object: JsonObject): boolean =>
  at(object, 'status') === undefined && at(object, 'metadata', 'deletionTimestamp') === undefined;

export type NodeListener = (change: DigestChange<NodeDigest>) => void;

/** All LynqNodes of the cluster, watched, with look-up by hub and by the namespaces their objects are in. */
export class WatchedNodes implements NodeIndex {
  /** By hub, then by key: a sync asks for all nodes of its hub several times. */
  private readonly hubs = new Map<string, Map<string, NodeDigest>>();
  /** How many nodes of a hub are being deleted: asked for each one that goes. */
  private readonly leaving = new Map<string, number>();
  /** How often something changed in a hub, by key. */
  private readonly hubChanges = new Map<string, number>();
  /** Keys by row of a hub; lists, since there are as many as rows and each is as short as there are forms. */
  private readonly rows = new Map<string, readonly string[]>();
  private readonly namespaces = new Map<string, Set<string>>();
  private readonly removals = new Map<string, number>();
  private readonly changes: ChangePublisher;
  private readonly listeners = new Set<NodeListener>();
  /** Whole objects, for their first pass: they have just been delivered, and reading each of them again is a request a node. */
  private readonly newborns = new LRUCache<string, JsonObject>({ max: rememberedNewborns });
  private readonly store = new DigestStore<NodeDigest>({
    keyOf: (object) => keyOf(textAt(object, 'metadata', 'namespace') ?? '', textAt(object, 'metadata', 'name') ?? ''),
    digest: nodeDigest,
    onChange: (change) => this.onStored(change),
  });

  constructor(changes: ChangePublisher) {
    this.changes = changes;
  }

  run(reflector: Reflector, signal: AbortSignal): Promise<void> {
    return reflector.run({ apiVersion, kind: 'LynqNode' }, {}, (event) => this.onEvent(event), signal);
  }

  /** Returns how to stop listening. */
  onChange(listener: NodeListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Tells of every node that ceases to exist. */
  onGone(listener: (namespace: string, name: string) => void): void {
    this.onChange(({ before, after }) => {
      if (before !== undefined && after === undefined) listener(before.namespace, before.name);
    });
  }

  synced(): Promise<void> {
    return this.store.synced;
  }

  /** Whether the first complete list has been seen. */
  isListed(): boolean {
    return this.store.isComplete;
  }

  get(namespace: string, name: string): NodeDigest | undefined {
    return this.store.get(keyOf(namespace, name));
  }

  all(): Iterable<NodeDigest> {
    return this.store.values();
  }

  ofHub(namespace: string, hub: string): readonly NodeDigest[] {
    return [...(this.hubs.get(keyOf(namespace, hub))?.values() ?? [])];
  }

  /** How many nodes of a hub are being deleted. */
  leavingOf(namespace: string, hub: string): number {
    return this.leaving.get(keyOf(namespace, hub)) ?? 0;
  }

  /** Whether any node has an object of this kind (`group/Kind`) on record, as far as can be told. */
  records(kind: string): boolean {
    if (!this.isListed()) return true;
    for (const { children } of this.store.values())
      for (const key of children.keys()) if (key.startsWith(`${kind}/`)) return true;
    return false;
  }

  removalsIn(namespace: string): number {
    return this.removals.get(namespace) ?? 0;
  }

  changesOf(namespace: string, hub: string): number {
    return this.hubChanges.get(keyOf(namespace, hub)) ?? 0;
  }

  ofRow(namespace: string, hub: string, uid: string): readonly NodeDigest[] {
    return this.lookUp(this.rows.get(keyOf(namespace, keyOf(hub, uid))));
  }

  withObjectsIn(namespace: string, except: string): readonly NodeDigest[] {
    return this.lookUp(this.namespaces.get(namespace)).filter((node) => keyOf(node.namespace, node.name) !== except);
  }

  newborn(namespace: string, name: string): JsonObject | undefined {
    const object = this.newborns.get(keyOf(namespace, name));
    const isPresent = textAt(object, 'metadata', 'resourceVersion') === this.get(namespace, name)?.resourceVersion;
    return isPresent ? object : undefined;
  }

  observe(object: JsonObject): void {
    this.remember(object);
    this.store.observe(object);
  }

  forget({ namespace, name, nodeUid }: Pick<NodeDigest, 'namespace' | 'name' | 'nodeUid'>): void {
    const known = this.get(namespace, name);
    if (known?.nodeUid === nodeUid) this.store.forget(keyOf(namespace, name), known.resourceVersion);
  }

  private onEvent(event: WatchEvent): void {
    if (event.kind === 'set') this.remember(event.object);
    this.store.onEvent(event);
  }

  private remember(object: JsonObject): void {
    const key = keyOf(textAt(object, 'metadata', 'namespace') ?? '', textAt(object, 'metadata', 'name') ?? '');
    if (isNewborn(object)) this.newborns.set(key, object);
    else this.newborns.delete(key);
  }

  private lookUp(keys: Iterable<string> | undefined): readonly NodeDigest[] {
    return [...(keys ?? [])].flatMap((key) => this.store.get(key) ?? []);
  }

  private onStored(change: DigestChange<NodeDigest>): void {
    const { key, before, after } = change;
    if (before !== undefined && after === undefined)
      this.removals.set(before.namespace, this.removalsIn(before.namespace) + 1);
    const left = spacesOf(before);
    const entered = spacesOf(after);
    this.moveInHubs(change);
    this.countLeaving(before, -1);
    this.countLeaving(after, 1);
    this.moveInRows(change);
    for (const space of left) if (!entered.has(space)) this.unlink(this.namespaces, space, key);
    for (const space of entered) this.link(this.namespaces, space, key);

    this.changes.publish(`node:${key}`);
    this.publishNeeds(change);
    for (const space of left) if (!entered.has(space)) this.changes.publish(changeKeys.records(space));
    for (const listener of this.listeners) listener(change);
  }

  private publishNeeds({ before, after }: DigestChange<NodeDigest>): void {
    const node = after ?? before;
    if (node === undefined || String(before?.needs ?? []) === String(after?.needs ?? [])) return;
    this.changes.publish(changeKeys.needs(node.namespace, node.hub, node.rowUid));
  }

  private moveInHubs({ key, before, after }: DigestChange<NodeDigest>): void {
    const left = before === undefined ? undefined : keyOf(before.namespace, before.hub);
    const entered = after === undefined ? undefined : keyOf(after.namespace, after.hub);
    for (const hub of new Set([left, entered])) this.countChange(hub);
    if (left !== undefined && left !== entered) {
      const nodes = this.hubs.get(left);
      nodes?.delete(key);
      if (nodes?.size === 0) this.hubs.delete(left);
    }
    if (after === undefined || entered === undefined) return;
    const nodes = this.hubs.get(entered) ?? new Map<string, NodeDigest>();
    this.hubs.set(entered, nodes.set(key, after));
  }

  private countLeaving(node: NodeDigest | undefined, by: number): void {
    if (node?.deleting !== true) return;
    const left = this.leavingOf(node.namespace, node.hub) + by;
    if (left > 0) this.leaving.set(keyOf(node.namespace, node.hub), left);
    else this.leaving.delete(keyOf(node.namespace, node.hub));
  }

  private countChange(hub: string | undefined): void {
    if (hub !== undefined) this.hubChanges.set(hub, (this.hubChanges.get(hub) ?? 0) + 1);
  }

  private moveInRows({ key, before, after }: DigestChange<NodeDigest>): void {
    const spotOf = (node: NodeDigest | undefined): string | undefined =>
      node === undefined ? undefined : keyOf(node.namespace, keyOf(node.hub, node.rowUid));
    const [left, entered] = [spotOf(before), spotOf(after)];
    if (left === entered) return;
    if (left !== undefined) {
      const others = (this.rows.get(left) ?? []).filter((other) => other !== key);
      if (others.length > 0) this.rows.set(left, others);
      else this.rows.delete(left);
    }
    if (entered !== undefined) this.rows.set(entered, [...(this.rows.get(entered) ?? []), key]);
  }

  private link(index: Map<string, Set<string>>, spot: string, key: string): void {
    index.set(spot, (index.get(spot) ?? new Set()).add(key));
  }

  private unlink(index: Map<string, Set<string>>, spot: string, key: string): void {
    const keys = index.get(spot);
    keys?.delete(key);
    if (keys?.size === 0) index.delete(spot);
  }
}

function spacesOf(digest: NodeDigest | undefined): ReadonlySet<string> {
  const spaces = [...(digest?.children.values() ?? [])].map(({ namespace }) => namespace);
  return new Set(spaces.filter((space) => space !== undefined));
}
