import { hubEvents } from '../../domain/events.ts';
import { stuckSyncStatus } from '../../domain/hub-status.ts';
import type { HubRef } from '../contract.ts';
import type { Deps } from '../deps.ts';
import { tellOwner } from '../events.ts';
import { mayHold, releasedAt } from './holding.ts';
import { readHub } from './read-hub.ts';
import { writeStatus } from './write-status.ts';

/** Says on a hub that a sync of it hangs; the next sync that ends takes it back. Not the sync's own work: it is the sync that hangs. */
export async function reportStuck(deps: Deps, request: HubRef, since: Date): Promise<void> {
  const hub = await readHub(deps, request);
  if (hub === undefined || releasedAt(hub) !== undefined || !(await mayHold(deps, request))) return;
  const base = { previous: hub.hub.status, generation: hub.hub.metadata.generation ?? 0, now: deps.clock.now() };
  const status = stuckSyncStatus(base, since);
  if (status === undefined || !(await writeStatus(deps, request, hub, status))) return;
  tellOwner(deps, hub.object, hubEvents.syncStuck(since.toISOString()));
}
