import { hubEvents } from '../../domain/events.ts';
import { unscheduledStatus } from '../../domain/hub-status.ts';
import type { HubRef } from '../contract.ts';
import type { Deps } from '../deps.ts';
import { tellOwner } from '../events.ts';
import { mayHold, releasedAt } from './holding.ts';
import { readHub } from './read-hub.ts';
import { writeStatus } from './write-status.ts';

/** Says on a hub why its schedule cannot be made, or takes that back. No sync of the hub could: without a schedule there is none. */
export async function reportScheduling(deps: Deps, request: HubRef, why: string | undefined): Promise<void> {
  const hub = await readHub(deps, request);
  if (hub === undefined || releasedAt(hub) !== undefined || !(await mayHold(deps, request))) return;
  const base = { previous: hub.hub.status, generation: hub.hub.metadata.generation ?? 0, now: deps.clock.now() };
  const status = unscheduledStatus(base, why);
  if (status === undefined || !(await writeStatus(deps, request, hub, status)) || why === undefined) return;
  tellOwner(deps, hub.object, hubEvents.scheduleRefused(why));
}
