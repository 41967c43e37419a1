import type { RemovalPage } from '../../activities/contract.ts';
import { fewDeletions, removalOrder } from '../../domain/mass-removal.ts';
import type { Logger } from '../../domain/ports.ts';
import type { NodeDigest } from '../../domain/watching.ts';

export interface MassRemovalsParts {
  /** Gives nodes to the run that removes many of a hub. */
  readonly hand: (page: RemovalPage) => Promise<void>;
  /** Wakes the node's own run. */
  readonly wake: (node: NodeDigest) => void;
  readonly logger: Logger;
}

/** So many deletions of a hub within this time are each the business of the node's own run, at once. */
const single = { count: fewDeletions, withinMilliseconds: 5_000 };
const flushMilliseconds = 300;
const pageSize = 100;
/** Nodes of a hub that are handed over and not gone yet; more wait here, so that what Temporal keeps stays small. */
const mostHanded = 500;
/** After this time a node that was handed over is its own run's business, whatever became of the message; and so are those that wait for it, when nothing became of any. */
const patienceMilliseconds = 60_000;

interface Entry {
  /** One of another uid has the name for the first time. */
  readonly uid: string;
  /** `returned`: handed over, and a pass of it has ended here since. */
  readonly state: 'own' | 'collected' | 'handed' | 'returned';
  readonly at: number;
  readonly node: NodeDigest;
}

/** The deletions of one hub. */
interface HubRemovals {
  readonly entries: Map<string, Entry>;
  singles: readonly number[];
  /** When one that was handed over went or was returned last, in time. */
  movedAt: number;
  flushing: NodeJS.Timeout | undefined;
}

/**
 * Deletions of many nodes at once: what comes beyond a few is collected and handed to one run per hub. Nothing is lost with this process: the sweeps of the one
 * that leads next come across the same nodes.
 */
export class MassRemovals {
  private readonly parts: MassRemovalsParts;
  private readonly hubs = new Map<string, HubRemovals>();

  constructor(parts: MassRemovalsParts) {
    this.parts = parts;
  }

  /** Takes in that a node is to be removed. True: its own run is not to be woken for it now. */
  takes(node: NodeDigest): boolean {
    const hub = this.hubOf(node);
    const key = keyOf(node);
    const known = hub.entries.get(key);
    if (known?.uid === node.nodeUid) return isElsewhere(known);
    const isOwn = !isAtRest(node) || this.isSingle(hub);
    hub.entries.set(key, entryOf(node, isOwn ? 'own' : 'collected'));
    if (!isOwn) this.flushSoon(hub);
    return !isOwn;
  }

  /** A pass of a node has ended here. */
  ended(key: string): void {
    for (const hub of this.hubs.values()) {
      const entry = hub.entries.get(key);
      if (entry?.state !== 'handed') continue;
      hub.entries.set(key, { ...entry, state: 'returned' });
      if (!isOver(entry.at)) hub.movedAt = Date.now();
    }
  }

  /** The node is gone. */
  forget(key: string): void {
    for (const [name, hub] of this.hubs) {
      const entry = hub.entries.get(key);
      if (entry?.state === 'handed' && !isOver(entry.at)) hub.movedAt = Date.now();
      hub.entries.delete(key);
      if (isIdle(hub)) this.hubs.delete(name);
    }
  }

  stop(): void {
    for (const { entries, flushing } of this.hubs.values()) {
      clearTimeout(flushing);
      entries.clear();
    }
    this.hubs.clear();
  }

  private hubOf({ namespace, hub }: NodeDigest): HubRemovals {
    const name = `${namespace}/${hub}`;
    const known = this.hubs.get(name);
    if (known !== undefined) return known;
    const fresh: HubRemovals = { entries: new Map(), singles: [], movedAt: 0, flushing: undefined };
    this.hubs.set(name, fresh);
    return fresh;
  }

  /** While many go, one more is one of them. */
  private isSingle(hub: HubRemovals): boolean {
    for (const entry of hub.entries.values()) if (isUnderWay(entry)) return false;
    const now = Date.now();
    const recent = hub.singles.filter(isRecent);
    const isOne = recent.length < single.count;
    hub.singles = isOne ? [...recent, now] : recent;
    return isOne;
  }

  private flushSoon(hub: HubRemovals): void {
    hub.flushing ??= setTimeout(() => {
      hub.flushing = undefined;
      this.flush(hub);
    }, flushMilliseconds);
  }

  private flush(hub: HubRemovals): void {
    const entries = [...hub.entries.values()];
    const free = mostHanded - entries.filter(({ state, at }) => state === 'handed' && !isOver(at)).length;
    const collected = nodesOf(entries.filter(({ state }) => state === 'collected'));
    if (this.isStalled(hub, entries)) return this.giveUp(hub, collected);
    if (collected.length > free) this.flushSoon(hub);
    if (free <= 0) return;
    const nodes = removalOrder(collected).slice(0, free);
    for (const node of nodes) hub.entries.set(keyOf(node), entryOf(node, 'handed'));
    for (let from = 0; from < nodes.length; from += pageSize) void this.hand(hub, nodes.slice(from, from + pageSize));
  }

  /** Whether nothing has become of nodes that were handed over, nor of any other one since. They are their own runs' now, whatever comes next. */
  private isStalled({ entries, movedAt }: HubRemovals, all: readonly Entry[]): boolean {
    const late = all.filter(({ state, at }) => state === 'handed' && isOver(at));
    for (const entry of late) entries.set(keyOf(entry.node), { ...entry, state: 'own' });
    return late.some(({ at }) => at >= movedAt);
  }

  private async hand(hub: HubRemovals, nodes: readonly NodeDigest[]): Promise<void> {
    const [first] = nodes;
    if (first === undefined) return;
    try {
      await this.parts.hand({ namespace: first.namespace, hub: first.hub, nodes: nodes.map(({ name }) => name) });
    } catch (error) {
      const { namespace, hub: name } = first;
      const about = { namespace, hub: name, nodes: nodes.length, error: String(error) };
      this.parts.logger.warn('nodes could not be handed over to be removed together, their own runs do it', about);
      this.giveUp(hub, nodes);
    }
  }

  /** Leaves nodes to their own runs. */
  private giveUp(hub: HubRemovals, nodes: readonly NodeDigest[]): void {
    for (const node of nodes) {
      if (!hub.entries.has(keyOf(node))) continue;
      hub.entries.set(keyOf(node), entryOf(node, 'own'));
      this.parts.wake(node);
    }
  }
}

const nodesOf = (entries: readonly Entry[]): readonly NodeDigest[] => entries.map(({ node }) => node);

const keyOf = ({ namespace, name }: NodeDigest): string => `${namespace}/${name}`;

const entryOf = (node: NodeDigest, state: Entry['state']): Entry => ({
  uid: node.nodeUid,
  state,
  at: Date.now(),
  node,
});

const isRecent = (at: number): boolean => Date.now() - at < single.withinMilliseconds;

/** Nothing is known of the hub that a new record would not begin with. */
const isIdle = ({ entries, singles, flushing }: HubRemovals): boolean =>
  entries.size === 0 && flushing === undefined && !singles.some(isRecent);

const isOver = (at: number): boolean => Date.now() - at >= patienceMilliseconds;

/** Collected or handed over, so that its own run has nothing to do with it yet. */
const isElsewhere = ({ state, at }: Entry): boolean => state === 'collected' || (state !== 'own' && !isOver(at));

const isUnderWay = ({ state, at }: Entry): boolean => state === 'collected' || (state === 'handed' && !isOver(at));

/** What its last pass acted on is what it is made of: no pass of it is due, here or elsewhere, but for its removal. */
const isAtRest = ({ observedInput, inputHash }: NodeDigest): boolean => observedInput === inputHash;
