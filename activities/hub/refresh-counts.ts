import { managers } from '../../domain/keys.ts';
import type { HubRef } from '../contract.ts';
import type { Deps } from '../deps.ts';
import { isHeldByOther, releasedAt } from './holding.ts';
import { readForms } from './read-forms.ts';
import { hubRef, readHub } from './read-hub.ts';
import { reportForms } from './report-forms.ts';

/**
 * Brings the node counts of a hub and its forms up to date between syncs, so that `kubectl get` does not lag by a long `syncInterval`. Writes only
 * counts and only where they changed; everything else is the sync's.
 */
export async function refreshCounts(deps: Deps, request: HubRef): Promise<void> {
  const hub = await readHub(deps, request);
  if (hub === undefined || hub.hub.metadata.deletionTimestamp !== undefined) return;
  if (releasedAt(hub) !== undefined || (await isHeldByOther(deps, hub))) return;
  const nodes = deps.nodes.ofHub(request.namespace, request.hub);
  await reportForms(deps, await readForms(deps, request, hub), nodes);
  const { status } = hub.hub;
  const ready = nodes.filter((node) => node.ready).length;
  const failed = nodes.filter((node) => node.failed).length;
  if (status === undefined || (status.ready === ready && status.failed === failed)) return;
  const body = { metadata: { uid: hub.hub.metadata.uid }, status: { ready, failed } };
  await deps.cluster.patch(hubRef(request), 'merge', body, { manager: managers.apply, subresource: 'status' });
}
