import { type FollowUpFacts, nextFollowUp } from '../../domain/follow-up.ts';
import type { Clock } from '../../domain/ports.ts';

/** No timer is set for longer: by then the clock is looked at again. */
const longestMilliseconds = 600_000;

/** One timer per hub that needs a further sync (domain/follow-up.ts). What is due follows from the hub's status; nothing is kept but the timers. */
export class FollowUps {
  private readonly timers = new Map<string, NodeJS.Timeout>();
  private readonly clock: Clock;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** The present facts of a hub; undefined when it is gone. */
  set(key: string, facts: FollowUpFacts | undefined, sync: () => void): void {
    this.arm(key, facts, sync, this.clock.now());
  }

  close(): void {
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.timers.clear();
  }

  private arm(key: string, facts: FollowUpFacts | undefined, sync: () => void, after: Date): void {
    clearTimeout(this.timers.get(key));
    this.timers.delete(key);
    const due = facts === undefined ? undefined : nextFollowUp(facts, after);
    if (due === undefined) return;
    const left = Math.max(0, due.getTime() - this.clock.now().getTime());
    const fire = (): void => {
      const now = this.clock.now();
      const isDue = now >= due;
      if (isDue) sync();
      this.arm(key, facts, sync, isDue ? now : after);
    };
    this.timers.set(key, setTimeout(fire, Math.min(left, longestMilliseconds)));
  }
}
