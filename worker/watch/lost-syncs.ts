import { nextAfterLost } from '../../domain/follow-up.ts';
import type { StartedSync, SyncEnd } from '../schedules.ts';

interface Known {
  readonly workflowId: string;
  readonly end: SyncEnd;
  /** Syncs in a row that were lost, this one included. */
  readonly times: number;
}

/**
 * Hubs whose last sync was lost to an outage: nothing of it is on the hub, so that what had asked for it (an edit, `lynq notify`) would wait for the interval, or
 * for ever without one. A worker that begins to lead counts anew.
 */
export class LostSyncs {
  private readonly hubs = new Map<string, Known>();

  /** Whether a hub is to be synced again now. How a sync ended is asked until it has. */
  async isDue(key: string, last: StartedSync | undefined, interval: number, now: Date): Promise<boolean> {
    if (last === undefined) return false;
    const known = this.hubs.get(key);
    const found = known?.workflowId === last.workflowId && known.end !== 'open' ? known : await next(known, last);
    this.hubs.set(key, found);
    if (found.end !== 'lost') return false;
    const due = nextAfterLost({ interval, times: found.times, begun: last.at });
    return due !== undefined && now >= due;
  }

  forget(key: string): void {
    this.hubs.delete(key);
  }
}

async function next(known: Known | undefined, { workflowId, end: ask }: StartedSync): Promise<Known> {
  const end = await ask();
  const before = known === undefined || known.end === 'ended' ? 0 : known.times;
  const times = { open: before, ended: 0, lost: before + 1 } as const satisfies Record<SyncEnd, number>;
  return { workflowId, end, times: times[end] };
}
