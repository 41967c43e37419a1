import { type JsonObject, textAt } from '../../domain/api/json.ts';
import type { InventoryEntry } from '../../domain/api/node.ts';
import { isLynqFailure } from '../../domain/failures.ts';
import { managers } from '../../domain/keys.ts';
import { classifyOwnership } from '../../domain/ownership.ts';
import { isDeletableAsSeen } from '../../domain/removal-as-seen.ts';
import {
  isOrphaned,
  isUntouched,
  nextRemovals,
  type OrphanReason,
  orphanPatch,
  type RemovalFact,
  removalAction,
  removalChanges,
  removalKey,
} from '../../domain/removal-plan.ts';
import type { Cluster, DeleteResult } from '../../domain/ports.ts';
import { neededObjects } from '../../domain/retain.ts';
import { isNamespace } from '../../domain/form-kinds.ts';
import { type PresentRecord, presentPolicies, withNeedsRead } from '../../domain/unread-needs.ts';
import type { Subscription } from '../../domain/watching.ts';
import { removalEvents } from '../../domain/events.ts';
import type { Deps } from '../deps.ts';
import { tellNode } from '../events.ts';
import { findRecorded } from './find-recorded.ts';
import { handOver, isHandedOver, isKeptForRow, leaveRetained } from './hand-over.ts';
import { tellKept } from './removal-events.ts';
import type { ReadNode } from './gather.ts';
import { asRecorded } from './present-policies.ts';
import { type NamespaceContent, readNamespaceContent } from './namespace-content.ts';
import { RetainedNeeds } from './retained-pods.ts';

type Refusal = Extract<DeleteResult, { readonly kind: 'refused' }>;

export interface RemovalWork {
  readonly entries: readonly InventoryEntry[];
  readonly reason: OrphanReason;
  /** What the policies of the entries come from, where that is not all known yet. */
  readonly present?: PresentRecord;
  /** What the node has on record beside them: a Namespace with one of these in it stays. */
  readonly staying?: readonly InventoryEntry[];
}

/** Takes recorded objects away, or keeps them with markers, one step at a time. Nothing but the record decides what is touched. */
export class Removal {
  entries: readonly InventoryEntry[];
  readonly facts = new Map<string, RemovalFact>();
  /** Why an entry that was asked to go is still there, for people. */
  readonly reasons = new Map<string, string>();
  /** Those of the reasons that the API server gave. */
  readonly refusals = new Map<string, string>();
  /** What was asked to go just now: most of it goes within moments. */
  readonly asked = new Set<string>();
  /** What is gone for good, and what stays of the node, now or from an attempt before. */
  readonly fates = new Map<string, 'removed' | 'retained'>();
  /** LynqNodes for which a Namespace stays. */
  readonly users = new Map<string, readonly string[]>();
  private readonly deps: Deps;
  /** For the objects themselves; lists over a namespace are the worker's own. */
  private readonly cluster: Cluster;
  private readonly read: Pick<ReadNode, 'identity'>;
  private readonly orphanReason: OrphanReason;
  private readonly staying: readonly InventoryEntry[];
  private present: PresentRecord;
  private readonly told = new Set<string>();
  /** What this round of the removal knows of them. */
  private needs: RetainedNeeds | undefined;

  constructor(deps: Deps, read: Pick<ReadNode, 'identity'>, work: RemovalWork) {
    this.deps = deps;
    this.cluster = deps.childCluster(read.identity.namespace);
    this.read = read;
    this.entries = work.entries;
    this.orphanReason = work.reason;
    this.staying = work.staying ?? [];
    this.present = work.present ?? asRecorded(work.entries);
  }

  isDone(): boolean {
    return this.entries.every((entry) => this.facts.get(removalKey(entry))?.kind === 'done');
  }

  remaining(): readonly InventoryEntry[] {
    return this.entries.filter((entry) => this.facts.get(removalKey(entry))?.kind !== 'done');
  }

  /** Everything that can be done without waiting; entries that wait for something outside are tried once per call. */
  async proceed(signal: AbortSignal): Promise<void> {
    const tried = new Set<string>();
    this.needs = this.needsNow(signal);
    for (;;) {
      const due = nextRemovals(this.entries, this.facts).filter((entry) => !tried.has(removalKey(entry)));
      if (due.length === 0) return;
      for (const entry of due) tried.add(removalKey(entry));
      await Promise.all(due.map((entry) => this.step(entry, signal)));
    }
  }

  /**
   * Lets go of everything that is still there: our owner reference would have the garbage collector take it after all. What cannot be written is
   * left as it is. Returns what stays, as `Kind namespace/name`.
   */
  async abandon(signal: AbortSignal): Promise<readonly string[]> {
    const left: string[] = [];
    for (const entry of this.remaining()) {
      try {
        const found = await findRecorded(this.deps.cluster, this.cluster, entry, signal);
        if (found === undefined || !this.isOurs(entry, found.object)) continue;
        const handed = await this.handToRow(found.entry, found.object, signal);
        if (handed?.kind === 'done') continue;
        left.push(`${entry.kind} ${entry.namespace === undefined ? '' : `${entry.namespace}/`}${entry.name}`);
        await this.keep(found.entry, found.object, signal);
      } catch (error) {
        if (signal.aborted || !isLynqFailure(error)) throw error;
        this.deps.logger.warn('an abandoned object could not be marked', { kind: entry.kind, name: entry.name });
      }
    }
    return left;
  }

  /** Nothing goes for now, and why. A Namespace that was somebody else's may be handed to this node meanwhile (hand-over.ts). */
  hold(reason: string): void {
    for (const entry of this.entries)
      if (isNamespace(entry) && entry.uid === undefined) this.facts.delete(removalKey(entry));
    for (const entry of this.remaining()) this.reasons.set(removalKey(entry), reason);
  }

  /** Takes back `leaving`, so that the next call proves by a GET which of them are gone: of all, or of those that these keys of changes are about. */
  lookAgain(changed?: ReadonlySet<string>): void {
    for (const entry of this.entries) {
      if (this.facts.get(removalKey(entry))?.kind !== 'leaving') continue;
      const isDue = changed === undefined || removalChanges(entry).some((key) => changed.has(key));
      if (isDue) this.facts.set(removalKey(entry), { kind: 'open' });
    }
  }

  subscribe(subscription: Pick<Subscription, 'add'>): void {
    for (const key of this.remaining().flatMap(removalChanges)) subscription.add(key);
  }

  /** What cannot be read or written now is left as it is and tried again; it holds back nothing but what has to go after it. */
  private async step(entry: InventoryEntry, signal: AbortSignal): Promise<void> {
    try {
      const seen = await this.removeAsSeen(entry, signal);
      if (seen !== undefined) return void this.facts.set(removalKey(entry), seen);
      const found = await findRecorded(this.deps.cluster, this.cluster, entry, signal);
      this.takeNeeds(entry, found?.object);
      const fact = found === undefined ? this.ended(entry) : await this.release(found.entry, found.object, signal);
      this.facts.set(removalKey(entry), fact);
    } catch (error) {
      if (!isLynqFailure(error) || error.type === 'Internal') throw error;
      this.facts.set(removalKey(entry), this.blocked(entry, `${error.type} ${error.message}`));
    }
  }

  /** An object that stays, or could not be read before, says now what is to stay with it; all of that has waited for it (unread-needs.ts). */
  private takeNeeds(entry: InventoryEntry, object: JsonObject | undefined, stays = false): void {
    if (!stays && !this.present.unread.has(removalKey(entry))) return;
    this.present = withNeedsRead(this.present, entry, object === undefined ? [] : neededObjects(object));
    this.entries = presentPolicies(this.present);
  }

  /** Most objects are as the watch has shown them: nothing has to be asked. Undefined where the object has to be looked at. */
  private async removeAsSeen(entry: InventoryEntry, signal: AbortSignal): Promise<RemovalFact | undefined> {
    const seen = this.deps.children.get(entry);
    if (seen === undefined || !isDeletableAsSeen(entry, seen)) return undefined;
    const { uid, resourceVersion } = seen;
    const result = await this.cluster.delete(entry, uid, { signal, resourceVersion });
    const isUnserved = result.kind === 'refused' && result.reason === 'MissingKind';
    return result.kind === 'stale' || isUnserved ? undefined : this.removed(entry, result);
  }

  /** An object that was to go is proven gone. */
  private ended(entry: InventoryEntry): RemovalFact {
    const wasThere = entry.policy === 'Delete' && entry.uid !== undefined;
    if (wasThere && this.orphanReason === 'RemovedFromTemplate')
      tellNode(this.deps, this.read.identity, removalEvents.orphanDeleted(entry));
    return this.gone(entry);
  }

  private gone(entry: InventoryEntry): RemovalFact {
    if (entry.uid !== undefined) this.fates.set(removalKey(entry), 'removed');
    this.refusals.delete(removalKey(entry));
    this.deps.children.forget(entry);
    this.reasons.delete(removalKey(entry));
    return { kind: 'done' };
  }

  private async release(entry: InventoryEntry, object: JsonObject, signal: AbortSignal): Promise<RemovalFact> {
    if (!this.isOurs(entry, object)) return this.leave(entry, object, signal);
    if (isUntouched(entry, object)) return { kind: 'done' };
    return (await this.handToRow(entry, object, signal)) ?? this.dismiss(entry, object, signal);
  }

  /** What is somebody else's stays as it is; but that the row's Namespace is to be kept outlives the node whose form says so. */
  private async leave(entry: InventoryEntry, object: JsonObject, signal: AbortSignal): Promise<RemovalFact> {
    if (isOrphaned(object)) this.fates.set(removalKey(entry), 'retained');
    const isGoing = this.orphanReason === 'LynqNodeDeleted';
    const said = isGoing
      ? await leaveRetained(this.deps, this.cluster, { identity: this.read.identity, entry, object, signal })
      : undefined;
    if (said === undefined || said.kind === 'ok' || said.kind === 'missing') return { kind: 'done' };
    return said.kind === 'refused' ? this.refused(entry, said) : this.blocked(entry, 'Changed while it was marked');
  }

  private needsNow(signal: AbortSignal): RetainedNeeds {
    const recorded = () => [...this.entries, ...this.staying];
    const read = (other: InventoryEntry) => findRecorded(this.deps.cluster, this.cluster, other, signal);
    return new RetainedNeeds(this.deps, { recorded, read });
  }

  /** By policy or mark, by what another node of the row has said, or since pods of what is retained name it; of what is on its way out nobody asks the last. */
  private async isToStay(entry: InventoryEntry, object: JsonObject, signal: AbortSignal): Promise<boolean> {
    const { identity } = this.read;
    this.needs ??= this.needsNow(signal);
    if (removalAction(entry, object) === 'retain' || isOrphaned(object)) return true;
    if (isKeptForRow(this.deps, { identity, entry, object })) return true;
    return textAt(object, 'metadata', 'deletionTimestamp') === undefined && this.needs.isNamed(entry);
  }

  /** Keeps an object of ours with markers, or has it go. */
  private async dismiss(entry: InventoryEntry, object: JsonObject, signal: AbortSignal): Promise<RemovalFact> {
    const isGoing = textAt(object, 'metadata', 'deletionTimestamp') !== undefined;
    if (await this.isToStay(entry, object, signal)) return this.keep(entry, object, signal);
    const content = await this.contentOf(entry);
    if (content?.keeps === true) return this.keep(entry, object, signal);
    if (isGoing) return this.leaving(entry, 'Terminating');
    if (content !== undefined) {
      if (this.isInUse(entry, content)) return this.blocked(entry, `NamespaceInUse by ${content.users.join(', ')}`);
      this.tellTakenAlong(entry, content);
    }
    // A node of the row may have left word meanwhile that it is to be kept.
    const asSeen =
      content === undefined
        ? { signal }
        : { signal, resourceVersion: textAt(object, 'metadata', 'resourceVersion') ?? '' };
    return this.removed(entry, await this.cluster.delete(entry, textAt(object, 'metadata', 'uid') ?? '', asSeen));
  }

  /** A Namespace that another node of the row has, or is to have; undefined when there is none. */
  private async handToRow(
    entry: InventoryEntry,
    object: JsonObject,
    signal: AbortSignal,
  ): Promise<RemovalFact | undefined> {
    const { identity } = this.read;
    if (!isNamespace(entry) || isOrphaned(object)) return undefined;
    if (await isHandedOver(this.deps, { identity, entry, object })) return { kind: 'done' };
    if (textAt(object, 'metadata', 'deletionTimestamp') !== undefined) return undefined;
    const retain = this.orphanReason === 'LynqNodeDeleted' && entry.policy === 'Retain';
    const handed = await handOver(this.deps, this.cluster, { identity, entry, object, retain, signal });
    switch (handed.kind) {
      case 'nobody':
        return undefined;
      case 'unsettled':
        this.users.set(removalKey(entry), [handed.node]);
        return this.blocked(entry, `NamespaceInUse by ${handed.node}`);
      case 'failed':
        if (handed.result.kind === 'refused') return this.refused(entry, handed.result);
        return this.blocked(entry, 'Changed while it was handed over');
      case 'handed':
        this.deps.children.observe(handed.object);
        return { kind: 'done' };
    }
  }

  private isOurs(entry: InventoryEntry, object: JsonObject): boolean {
    const uid = textAt(object, 'metadata', 'uid');
    if (entry.uid !== undefined) return entry.uid === uid;
    return classifyOwnership(object, this.read.identity, entry, false).kind === 'ours';
  }

  private async keep(entry: InventoryEntry, object: JsonObject, signal: AbortSignal): Promise<RemovalFact> {
    this.fates.set(removalKey(entry), 'retained');
    this.needs?.keep(entry, object);
    this.takeNeeds(entry, object, true);
    if (isOrphaned(object)) return { kind: 'done' };
    const mark = { identity: this.read.identity, reason: this.orphanReason, now: this.deps.clock.now() };
    const result = await this.cluster.patch(entry, 'merge', orphanPatch(object, mark), {
      manager: managers.markers,
      signal,
    });
    if (result.kind === 'ok') {
      this.deps.children.forget(entry);
      tellKept(this.deps, this.read, { entry, before: object, after: result.object, reason: this.orphanReason });
      return { kind: 'done' };
    }
    if (result.kind === 'missing') return this.gone(entry);
    if (result.kind !== 'refused') return this.blocked(entry, 'Changed while it was marked');
    return this.refused(entry, result);
  }

  private removed(entry: InventoryEntry, result: DeleteResult): RemovalFact {
    switch (result.kind) {
      case 'gone':
      case 'deleted':
        return this.ended(entry);
      case 'otherUid':
        return { kind: 'done' };
      case 'accepted':
        this.asked.add(removalKey(entry));
        return this.leaving(entry, 'Deleting');
      case 'stale':
        return this.blocked(entry, 'Changed while it was deleted');
      case 'refused':
        return this.refused(entry, result);
    }
  }

  private refused(entry: InventoryEntry, { reason, message }: Refusal): RemovalFact {
    this.refusals.set(removalKey(entry), message);
    return this.blocked(entry, `${reason} ${message}`);
  }

  private leaving(entry: InventoryEntry, reason: string): RemovalFact {
    this.refusals.delete(removalKey(entry));
    this.reasons.set(removalKey(entry), reason);
    return { kind: 'leaving' };
  }

  private blocked(entry: InventoryEntry, reason: string): RemovalFact {
    this.reasons.set(removalKey(entry), reason);
    return { kind: 'open' };
  }

  /** What a Namespace holds; undefined for any other kind. */
  private async contentOf(entry: InventoryEntry): Promise<NamespaceContent | undefined> {
    if (!isNamespace(entry)) return undefined;
    const content = await readNamespaceContent(this.deps, this.read.identity, entry.name);
    const own = this.staying.some(({ namespace }) => namespace === entry.name) ? [this.read.identity.name] : [];
    // The order in which an index knows them is that of one process.
    return { ...content, users: [...content.users, ...own].toSorted() };
  }

  /** LynqNodes have other objects on record in a Namespace: it goes last. */
  private isInUse(entry: InventoryEntry, { users }: NamespaceContent): boolean {
    if (users.length > 0) this.users.set(removalKey(entry), users);
    else this.users.delete(removalKey(entry));
    return users.length > 0;
  }

  /** Said before it is done, once for a Namespace. That some kinds may not be listed is no news by itself: it is so of every Namespace. */
  private tellTakenAlong(entry: InventoryEntry, { foreign, unseen }: NamespaceContent): void {
    const key = removalKey(entry);
    if (this.told.has(key) || foreign.length === 0) return;
    this.told.add(key);
    tellNode(this.deps, this.read.identity, removalEvents.namespaceTakes(entry.name, { foreign, unseen }));
  }
}
