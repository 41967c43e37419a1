import { needsAnotherLook, nodeDifferences } from '../../domain/comparison.ts';
import { isHashOf } from '../../domain/hashes.ts';
import { workflowIds } from '../../domain/identity.ts';
import { neededDifferences } from '../../domain/row-needs.ts';
import { childSignature } from '../../domain/node-plan.ts';
import type { Logger } from '../../domain/ports.ts';
import { spacesGivenUp } from '../../domain/shared-namespace.ts';
import type { NodeDigest, ReportedChild, Waker } from '../../domain/watching.ts';
import type { TrackedChild, WatchedChildren } from './child-index.ts';
import type { DigestChange } from './digest-store.ts';
import { MassRemovals, type MassRemovalsParts } from './mass-removals.ts';
import type { WatchedNodes } from './node-index.ts';
import type { LocalRuns } from './run-registry.ts';

export interface DispatcherParts {
  readonly nodes: WatchedNodes;
  readonly children: WatchedChildren;
  readonly runs: LocalRuns;
  /** The key of a hub, once it is known here. */
  readonly hubKey: (namespace: string, hub: string) => Uint8Array | undefined;
  readonly wake: Waker;
  readonly removeMany: MassRemovalsParts['hand'];
  /** A node has no run though it needs one. */
  readonly onMissing: (node: NodeDigest) => void;
  readonly logger: Logger;
}

/** A run that was woken gets this long to begin its pass before it is woken again. */
const patienceMilliseconds = 15_000;
/**
 * The message waits at the server for as long as its run has to wait for its turn. Where a thousand runs do, on a busy machine, telling each of them again
 * every half a minute took more steps than were done in that time; so the time doubles while nothing comes of it, up to this.
 */
const longestPatienceMilliseconds = 240_000;
const sweepMilliseconds = 30_000;
const concurrentWakes = 32;
/** What happened before this process led came to the watches while nobody listened: the first sweeps compare everything. */
const comparingSweeps = 2;
const wakesPerDifference = 3;

/** When a run was woken last, over which state of its LynqNode, how often in a row over that one, and whether a pass has ended there since. */
interface Woken {
  readonly at: number;
  readonly resourceVersion: string;
  readonly times: number;
  readonly ended?: true;
}

/**
 * Wakes the runs of nodes whose LynqNode or children changed. Level-triggered: what counts is the difference between what the watches see and what
 * the node's status says, so a restart or a lost event costs time, nothing else. Nodes whose pass is being executed here are left to it.
 */
export class Dispatcher {
  private readonly parts: DispatcherParts;
  private readonly woken = new Map<string, Woken>();
  private readonly queue = new Map<string, { node: NodeDigest; cause: string }>();
  /** Differences that a comparison found at a node, and how often in a row. */
  private readonly compared = new Map<string, { readonly differences: string; readonly times: number }>();
  /**
   * Nodes that a person lets go on after a pause, until their run has been told: what they are made of is what their last pass was about, and yet that pass
   * may not have come to its end.
   */
  private readonly resumed = new Set<string>();
  /** Nodes with a pass under way when what others need of them changed: it may have looked before. */
  private readonly unheard = new Set<string>();
  /** Nodes with a pass under way when an object was given to them. */
  private readonly given = new Set<string>();
  private readonly removals: MassRemovals;
  private active = 0;
  private firstSweeps = 0;
  private sweeping: NodeJS.Timeout | undefined;
  private stopListening: (() => void) | undefined;

  constructor(parts: DispatcherParts) {
    this.parts = parts;
    const { removeMany: hand, logger } = parts;
    this.removals = new MassRemovals({ hand, wake: (node) => this.queueUp(node, 'nodeChanged'), logger });
  }

  /** Begins to wake runs: from now on for each change, and at once for whatever differs already. */
  start(): void {
    if (this.stopListening !== undefined) return;
    const stopNodes = this.parts.nodes.onChange((change) => {
      this.noteResumed(change);
      this.considerRow(change);
      if (change.after === undefined) this.forget(change.key);
      else if (!this.isNewborn(change)) this.considerNode(change.after);
    });
    const stopChildren = this.parts.children.onChange((change) => this.considerChild(change));
    this.stopListening = () => {
      stopNodes();
      stopChildren();
    };
    this.firstSweeps = comparingSweeps;
    this.sweeping = setInterval(() => this.sweep(), sweepMilliseconds);
    this.sweep();
  }

  stop(): void {
    clearInterval(this.sweeping);
    this.stopListening?.();
    this.stopListening = undefined;
    this.queue.clear();
    this.removals.stop();
    this.unheard.clear();
    this.given.clear();
  }

  /** The last pass of a node here has ended: whatever it did not see is looked at now. */
  onIdle(namespace: string, name: string, seen: ReadonlyMap<string, string>): void {
    const key = `${namespace}/${name}`;
    this.removals.ended(key);
    const node = this.parts.nodes.get(namespace, name);
    const last = this.woken.get(key);
    // A pass that said nothing of the LynqNode it was woken for (it failed, or has said before why it cannot) would say nothing again at once.
    if (last !== undefined && last.resourceVersion === node?.resourceVersion)
      this.woken.set(key, { ...last, ended: true });
    else this.woken.delete(key);
    if (this.stopListening === undefined || node === undefined) return;
    this.considerNode(node);
    if (this.unheard.delete(key)) this.considerNeeds(node);
    if (this.given.delete(key)) this.considerGiven(node);
    const missed = [...seen].some(([key, signature]) => childSignature(this.parts.children.byKey(key)) !== signature);
    if (missed) this.enqueue(node, 'childrenChanged');
  }

  /**
   * Wakes a node whose children are not as it reported, whatever became of the wake-up that was due then. A difference that stays as it is, because
   * no pass can end it, is not worth more than a few passes.
   */
  compare(node: NodeDigest): void {
    const key = `${node.namespace}/${node.name}`;
    const { children } = this.parts;
    const lookUp = (child: string) => ({ known: children.isComplete(child), child: children.byKey(child) });
    const found = [nodeDifferences(node, lookUp, this.keyOf(node)), ...this.needDifferences(node)];
    const differences = node.deleting || node.paused ? '' : found.filter((text) => text !== '').join('\n');
    const before = this.compared.get(key);
    const times = before?.differences === differences ? before.times + 1 : 1;
    if (differences === '') this.compared.delete(key);
    else this.compared.set(key, { differences, times });
    if ((differences !== '' && times <= wakesPerDifference) || needsAnotherLook(node)) this.enqueue(node, 'compared');
  }

  private forget(key: string): void {
    this.compared.delete(key);
    this.woken.delete(key);
    this.removals.forget(key);
  }

  private sweep(): void {
    const compares = this.firstSweeps > 0;
    this.firstSweeps -= 1;
    for (const node of this.parts.nodes.all()) {
      this.considerNode(node);
      if (compares) this.compare(node);
      if (!node.deleting && !node.paused && this.hasDrifted(node)) this.enqueue(node, 'childrenChanged');
    }
  }

  /** Whether a child of a node that said Ready is gone or is not as it was written, which the watches may have shown while nobody led. */
  private hasDrifted(node: NodeDigest): boolean {
    const hubKey = this.keyOf(node);
    return [...node.children].some(([key, reported]) => {
      if (reported.drifted) return false;
      if (reported.state !== 'Ready' || reported.baseline === undefined || !this.parts.children.isComplete(key))
        return false;
      const child = this.parts.children.byKey(key);
      return child?.uid !== reported.uid || (!reported.once && !isHashOf(reported.baseline, child?.ownedHash, hubKey));
    });
  }

  /** What other nodes of the row need is known from their records; a node that is to keep something for them, or need not any more, hears of it. */
  private considerRow({ before, after }: DigestChange<NodeDigest>): void {
    const node = after ?? before;
    const spaces = spacesGivenUp(before, after);
    if (node !== undefined && spaces.length > 0) this.considerSpaces(node, spaces);
    if (node === undefined || String(before?.needs ?? []) === String(after?.needs ?? [])) return;
    for (const sibling of this.siblingsOf(node)) {
      const { namespace, name } = sibling;
      if (this.parts.runs.isBusy(namespace, name)) this.unheard.add(`${namespace}/${name}`);
      else this.considerNeeds(sibling);
    }
  }

  /** A Namespace that a node has no more may be that of another one of the row, to which it was there already. */
  private considerSpaces(node: NodeDigest, spaces: readonly string[]): void {
    for (const sibling of this.siblingsOf(node)) {
      const waits = spaces.some((key) => sibling.children.has(key) && sibling.children.get(key)?.uid === undefined);
      if (waits) this.considerGiven(sibling);
    }
  }

  /** A pass that is under way may have looked before. */
  private considerGiven(node: NodeDigest): void {
    const key = `${node.namespace}/${node.name}`;
    if (node.deleting || node.paused) return;
    if (this.parts.runs.isBusy(node.namespace, node.name)) this.given.add(key);
    else this.enqueue(node, 'childrenChanged');
  }

  private considerNeeds(node: NodeDigest): void {
    if (!node.deleting && !node.paused && this.needDifferences(node).length > 0) this.enqueue(node, 'childrenChanged');
  }

  private needDifferences(node: NodeDigest): readonly string[] {
    const hubKey = this.keyOf(node);
    return hubKey === undefined ? [] : neededDifferences(node, this.siblingsOf(node), hubKey);
  }

  private siblingsOf({ namespace, hub, rowUid, name }: NodeDigest): readonly NodeDigest[] {
    return this.parts.nodes.ofRow(namespace, hub, rowUid).filter((node) => node.name !== name);
  }

  private keyOf({ namespace, hub }: NodeDigest): Uint8Array | undefined {
    return this.parts.hubKey(namespace, hub);
  }

  /**
   * A node that has just been made gets its run from the sync that made it. A message would have no receiver yet, and for each of them a further sync
   * would be asked for; where the run is not started after all, a sweep finds out.
   */
  private isNewborn({ before, after }: DigestChange<NodeDigest>): boolean {
    if (before !== undefined || after === undefined || after.observedInput !== undefined) return false;
    return !after.deleting && !this.parts.runs.isRunning(after.namespace, after.name);
  }

  private noteResumed({ before, after }: DigestChange<NodeDigest>): void {
    const node = after ?? before;
    if (node === undefined) return;
    const key = `${node.namespace}/${node.name}`;
    if (after === undefined || after.paused) this.resumed.delete(key);
    else if (before?.paused === true) this.resumed.add(key);
  }

  private considerNode(node: NodeDigest): void {
    const resumed = this.resumed.has(`${node.namespace}/${node.name}`);
    const stale = node.deleting || resumed || node.inputHash !== node.observedInput;
    // A person who pauses a node keeps it as it is, but does not keep it; one that is released is the other operator's to remove. One of the Go operator
    // that no sync could give a revision yet is left as it is, too (activities/node/gather.ts).
    const isHeld = node.deleting ? node.released : node.paused || node.revision === undefined;
    if (stale && !isHeld) this.enqueue(node, 'nodeChanged');
  }

  /** The labels of a child are a hint that anyone can change: the node that had it before hears of it too. */
  private considerChild({ key, before, after }: DigestChange<TrackedChild>): void {
    const named = [before, after].flatMap((child) =>
      child === undefined ? [] : (this.parts.nodes.get(child.nodeNamespace, child.node) ?? []),
    );
    for (const node of new Set(named)) {
      const reported = node.children.get(key);
      if (reported === undefined || node.deleting) continue;
      if (before !== undefined && after !== undefined && before.node !== after.node && after.node === node.name)
        this.considerGiven(node);
      if (isNews(reported, { before, after }, this.keyOf(node))) this.enqueue(node, 'childrenChanged');
    }
  }

  private enqueue(node: NodeDigest, cause: string): void {
    const key = `${node.namespace}/${node.name}`;
    if (this.parts.runs.isBusy(node.namespace, node.name)) return;
    const last = this.woken.get(key);
    if (last !== undefined && Date.now() - last.at < patienceFor(last, node, cause)) return;
    if (node.deleting && this.removals.takes(node)) return;
    this.queueUp(node, cause);
  }

  private queueUp(node: NodeDigest, cause: string): void {
    this.queue.set(`${node.namespace}/${node.name}`, { node, cause });
    this.drain();
  }

  private drain(): void {
    while (this.active < concurrentWakes) {
      const next = this.queue.entries().next().value;
      if (next === undefined) return;
      const [key, { node, cause }] = next;
      this.queue.delete(key);
      this.woken.set(key, wokenNow(this.woken.get(key), node));
      this.active += 1;
      void this.send(node, cause).finally(() => {
        this.active -= 1;
        this.drain();
      });
    }
  }

  private async send(node: NodeDigest, cause: string): Promise<void> {
    const { runs, wake, onMissing, logger } = this.parts;
    try {
      const answer = await wake(node.namespace, node.name, cause);
      this.resumed.delete(`${node.namespace}/${node.name}`);
      if (answer === 'woken') return;
      // No message waits for a run that there is not.
      this.woken.set(`${node.namespace}/${node.name}`, wokenNow(undefined, node));
      runs.missing(node.namespace, node.name);
      onMissing(node);
    } catch (error) {
      this.woken.delete(`${node.namespace}/${node.name}`);
      const { namespace, name } = node;
      const about = { workflowId: workflowIds.node(namespace, name), namespace, node: name };
      logger.warn('waking a node failed, the next sweep tries again', { ...about, error: String(error) });
    }
  }
}

function wokenNow(last: Woken | undefined, { resourceVersion }: NodeDigest): Woken {
  const times = last?.resourceVersion === resourceVersion ? last.times + 1 : 1;
  return { at: Date.now(), resourceVersion, times };
}

/** Only a pass that has something to say about the LynqNode itself is sure to show in it. What came after the end of a pass waits for nothing. */
function patienceFor({ resourceVersion, times, ended }: Woken, node: NodeDigest, cause: string): number {
  if (cause !== 'nodeChanged' || resourceVersion !== node.resourceVersion) return ended ? 0 : patienceMilliseconds;
  return Math.min(longestPatienceMilliseconds, patienceMilliseconds * 2 ** (times - 1));
}

/**
 * Whether a change of a child is something its node has not reported. While this process does not know the expression that decides over a child's
 * readiness (it has just started), any change may be; the pass that looks makes it known.
 */
export function isNews(
  reported: ReportedChild,
  { before, after }: Pick<DigestChange<TrackedChild>, 'before' | 'after'>,
  hubKey: Uint8Array | undefined,
): boolean {
  if (after === undefined) return true;
  if (reported.readyWhen && after.judgedBy === undefined) return true;
  if (before === undefined) {
    const { once, baseline } = reported;
    const drifted = !once && baseline !== undefined && !isHashOf(baseline, after.ownedHash, hubKey);
    return (
      drifted || reported.uid !== after.uid || (reported.state === 'Ready') !== (after.readiness.state === 'ready')
    );
  }
  return childSignature(before) !== childSignature(after);
}
