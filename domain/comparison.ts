import { isHashOf } from './hashes.ts';
import { hashText } from './identity.ts';
import { type ChildDigest, childSignature } from './node-plan.ts';
import type { NodeDigest, ReportedChild } from './watching.ts';

/** The periodic full comparison: when something's turn is, and what differs (architecture.md rule 7). */

/** A span of time, milliseconds since 1970; its end belongs to it. */
export interface Span {
  readonly after: number;
  readonly until: number;
}

/**
 * Whether the turn of a key falls into a span. Each key has its own place in the interval, which follows from its text: a restart or an outage does
 * not bring all turns together.
 */
export function isItsTurn(key: string, span: Span, intervalMilliseconds: number): boolean {
  const offset = Number.parseInt(hashText(key, 8), 16) % intervalMilliseconds;
  const turns = (at: number): number => Math.floor((at - offset) / intervalMilliseconds);
  return turns(span.until) > turns(span.after);
}

/** The key of the node's hub, where it is known. */
type HubKey = Uint8Array | undefined;

/** Whether fields have other values than we wrote, which is not ours to say of what is created once, and told already under `driftPolicy: Report`. */
function isEdited({ once, drifted, baseline }: ReportedChild, child: ChildDigest, key: HubKey): boolean {
  return !once && !drifted && baseline !== undefined && !isHashOf(baseline, child.ownedHash, key);
}

/** Whether what is made once and has come to be retained has an owner still. */
function isOwnedYet({ once, retained }: ReportedChild, { owned }: ChildDigest): boolean {
  return once && retained === true && owned === true;
}

/** Whether readiness is another than was told, or cannot be told from here: the expression that decides is not known yet. */
function isOtherwiseReady({ state, readyWhen }: ReportedChild, { readiness, judgedBy }: ChildDigest): boolean {
  if (readyWhen && judgedBy === undefined) return true;
  const lost = state === 'Ready' && readiness.state !== 'ready';
  const gained = state === 'Progressing' && readiness.state === 'ready';
  return lost || gained;
}

/** Text that names how a child differs from what its node reported; undefined when it does not. `known`: its kind is watched. */
function difference(reported: ReportedChild, { known, child }: LookedUp, key: HubKey): string | undefined {
  if (reported.uid === undefined || !known) return undefined;
  if (child === undefined) return 'absent';
  const isOther = child.uid !== reported.uid || isEdited(reported, child, key) || isOwnedYet(reported, child);
  return isOther || isOtherwiseReady(reported, child) ? childSignature(child) : undefined;
}

/** What is known of a child now, and whether its kind is watched at all. */
interface LookedUp {
  readonly known: boolean;
  readonly child: ChildDigest | undefined;
}

export type ChildLookup = (key: string) => LookedUp;

/** Text that names all differences between a node's record and its children as they are known; empty when there is none. */
export function nodeDifferences(node: NodeDigest, lookUp: ChildLookup, hubKey: HubKey): string {
  return [...node.children]
    .flatMap(([key, reported]) => {
      const found = difference(reported, lookUp(key), hubKey);
      return found === undefined ? [] : [`${key}=${found}`];
    })
    .toSorted()
    .join('\n');
}

/** Whether something of a node can change without any watch telling: an object of someone else carries none of our labels. */
export function needsAnotherLook(node: NodeDigest): boolean {
  return node.conflicted && !node.deleting && !node.paused;
}
