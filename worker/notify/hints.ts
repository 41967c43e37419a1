import type { HubRef } from '../../activities/contract.ts';
import type { Logger } from '../../domain/ports.ts';

/** What became of a hint that rows of a hub have changed. */
export type HintOutcome =
  /** A sync that begins after the hint will read the table. */
  | { readonly kind: 'accepted' }
  /** There is no such hub, or no schedule of it yet. */
  | { readonly kind: 'unknown' }
  /** So many hubs wait already that this one cannot be remembered. */
  | { readonly kind: 'full' };

export interface HintParts {
  /** Starts a sync now, or right after the one that is running. */
  readonly trigger: (hub: HubRef) => Promise<'triggered' | 'missing'>;
  readonly logger: Logger;
}

/**
 * Hints that follow one another closer than a quarter of the time that their burst has lasted are one burst; within these bounds. A fixed time would
 * take each stall of a long flood, of its sender or of this process, for its end.
 */
const quiet = { shortest: 1_000, longest: 15_000, share: 0.25 } as const;
/** A burst that does not end is answered by a sync this often; `syncInterval` goes on beside. */
const longestWaitMilliseconds = 60_000;
const retryMilliseconds = 5_000;

interface Burst {
  readonly hub: HubRef;
  /** When its first hint came. */
  readonly begun: number;
  /** The sync that its first hint starts. */
  readonly opening: Promise<'triggered' | 'missing'>;
  timer: NodeJS.Timeout | undefined;
  /** When the oldest hint came that no sync answers yet. */
  waitingSince: number | undefined;
}

/**
 * Coalesces hints before they reach Temporal: the first of a burst starts a sync at once, all others together one more when the burst is over. So a
 * lone change is read at once, a flood costs two syncs, and every hint is followed by a sync that begins after it.
 */
export class Hints {
  private readonly parts: HintParts;
  private readonly bursts = new Map<string, Burst>();
  /** Of which something is remembered, so that memory is bounded whatever is asked for. */
  private readonly mostHubs: number;
  private closed = false;

  constructor(parts: HintParts, mostHubs = 2_000) {
    this.parts = parts;
    this.mostHubs = mostHubs;
  }

  /** @throws what `trigger` throws when the first sync of a burst cannot be asked for; the hint is forgotten then. */
  async hint(hub: HubRef): Promise<HintOutcome> {
    const key = `${hub.namespace}/${hub.hub}`;
    const known = this.bursts.get(key);
    if (known === undefined && this.bursts.size >= this.mostHubs) return { kind: 'full' };
    const burst = known ?? this.begin(key, hub);
    const opened = await burst.opening;
    if (opened === 'missing') return { kind: 'unknown' };
    if (known !== undefined) burst.waitingSince ??= Date.now();
    this.arm(key, burst, this.pauseOf(burst));
    return { kind: 'accepted' };
  }

  close(): void {
    this.closed = true;
    for (const { timer } of this.bursts.values()) clearTimeout(timer);
    this.bursts.clear();
  }

  private begin(key: string, hub: HubRef): Burst {
    const opening = this.parts.trigger(hub);
    const burst: Burst = { hub, begun: Date.now(), opening, timer: undefined, waitingSince: undefined };
    this.bursts.set(key, burst);
    const forget = (): void => this.forget(key, burst);
    opening.then((result) => {
      if (result === 'missing') forget();
    }, forget);
    return burst;
  }

  private forget(key: string, burst: Burst): void {
    clearTimeout(burst.timer);
    if (this.bursts.get(key) === burst) this.bursts.delete(key);
  }

  private pauseOf({ begun, waitingSince }: Burst): number {
    const now = Date.now();
    const pause = Math.min(quiet.longest, Math.max(quiet.shortest, (now - begun) * quiet.share));
    if (waitingSince === undefined) return pause;
    return Math.max(0, Math.min(pause, waitingSince + longestWaitMilliseconds - now));
  }

  private arm(key: string, burst: Burst, milliseconds: number): void {
    if (this.closed || this.bursts.get(key) !== burst) return;
    clearTimeout(burst.timer);
    burst.timer = setTimeout(() => void this.pause(key, burst), milliseconds);
  }

  /** The burst has paused, or has lasted long enough for a sync in between. */
  private async pause(key: string, burst: Burst): Promise<void> {
    if (burst.waitingSince === undefined) {
      this.forget(key, burst);
      return;
    }
    burst.waitingSince = undefined;
    try {
      if ((await this.parts.trigger(burst.hub)) === 'missing') this.forget(key, burst);
      else this.arm(key, burst, this.pauseOf(burst));
    } catch (error) {
      this.parts.logger.warn('sync after hints could not be started, trying again', { key, error: String(error) });
      burst.waitingSince ??= Date.now();
      this.arm(key, burst, retryMilliseconds);
    }
  }
}
