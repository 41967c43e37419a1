import type { HubRef } from '../contract.ts';

/** How long what a long list of Temporal's visibility said is gone by. */
const knownMilliseconds = 300_000;

interface Inherited {
  readonly at: number;
  readonly nodes: ReadonlySet<string>;
}

const nobody: ReadonlySet<string> = new Set();

/** What this process has learned of the runs of each hub, so that visibility, which takes few requests a second, is not asked for it at every sync. Losing it costs a list. */
export class RunReviews {
  private readonly strays = new Map<string, number>();
  private readonly others = new Map<string, Inherited>();

  /** Whether runs on another task queue are to be looked for: the first time after the hub was claimed, and then after a while. */
  isStrayLookDue(request: HubRef, now: Date): boolean {
    return !isKnown(this.strays.get(keyOf(request)), now);
  }

  /** They were looked for, and those that were found have ended. */
  noStrays(request: HubRef, now: Date): void {
    this.strays.set(keyOf(request), now.getTime());
  }

  /** Nodes of the hub whose runs were started for another one, whose name they bear for good: a count of its runs leaves them out. Not for long, as nobody counts them. */
  inherited(request: HubRef, now: Date): ReadonlySet<string> {
    const kept = this.others.get(keyOf(request));
    return kept !== undefined && isKnown(kept.at, now) ? kept.nodes : nobody;
  }

  inherit(request: HubRef, nodes: ReadonlySet<string>, now: Date): void {
    if (nodes.size === 0) this.others.delete(keyOf(request));
    else this.others.set(keyOf(request), { at: now.getTime(), nodes });
  }

  /** Another hub of that name, or another installation, may have come in between. */
  forget(request: HubRef): void {
    this.strays.delete(keyOf(request));
    this.others.delete(keyOf(request));
  }
}

const keyOf = ({ namespace, hub }: HubRef): string => `${namespace}/${hub}`;

const isKnown = (at: number | undefined, now: Date): boolean =>
  at !== undefined && now.getTime() - at < knownMilliseconds;
