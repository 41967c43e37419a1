import { type LeftRuns, nextLookMilliseconds } from '../../domain/left-runs.ts';
import type { HubRef } from '../contract.ts';

/** How long what a long list of Temporal's visibility said is gone by. */
const knownMilliseconds = 300_000;

/** Where as many runs have no LynqNode as LynqNodes have no run, a count shows neither. */
const censusMilliseconds = 3_600_000;

interface Inherited {
  readonly at: number;
  readonly nodes: ReadonlySet<string>;
}

const nobody: ReadonlySet<string> = new Set();

/** What this process has learned of the runs of each hub, so that visibility, which takes few requests a second, is not asked for it at every sync. Losing it costs a list. */
export class RunReviews {
  private readonly strays = new Map<string, number>();
  private readonly others = new Map<string, Inherited>();
  private readonly lefts = new Map<string, { readonly at: number; readonly runs: LeftRuns }>();
  private readonly censuses = new Map<string, number>();

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

  /** Runs of nodes that are gone, as of the last look. */
  left(request: HubRef): LeftRuns {
    return this.lefts.get(keyOf(request))?.runs ?? new Map();
  }

  leave(request: HubRef, runs: LeftRuns, now: Date): void {
    this.lefts.set(keyOf(request), { at: now.getTime(), runs });
  }

  /** Whether there may be some, or more of them than were found at the last look. */
  isLeftLookDue(request: HubRef, now: Date): boolean {
    const last = this.lefts.get(keyOf(request));
    return last === undefined || now.getTime() - last.at >= nextLookMilliseconds(last.runs);
  }

  /** Whether all runs are to be listed, whatever their number: an hour after they were last, or after this process began. */
  isCensusDue(request: HubRef, now: Date): boolean {
    const last = this.censuses.get(keyOf(request));
    if (last === undefined) this.counted(request, now);
    return last !== undefined && now.getTime() - last >= censusMilliseconds;
  }

  counted(request: HubRef, now: Date): void {
    this.censuses.set(keyOf(request), now.getTime());
  }

  /** Another hub of that name, or another installation, may have come in between. */
  forget(request: HubRef): void {
    this.strays.delete(keyOf(request));
    this.others.delete(keyOf(request));
    this.lefts.delete(keyOf(request));
    this.censuses.delete(keyOf(request));
  }
}

const keyOf = ({ namespace, hub }: HubRef): string => `${namespace}/${hub}`;

const isKnown = (at: number | undefined, now: Date): boolean =>
  at !== undefined && now.getTime() - at < knownMilliseconds;
