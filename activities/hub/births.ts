import type { BirthPage, BirthRequest, HubRef } from '../contract.ts';
import type { Deps } from '../deps.ts';

/** Children that one workflow starts at a time (architecture.md, rule 2). */
const pageSize = 200;

/**
 * LynqNodes of a hub that no run is known of, in the order of their names. Births come from LynqNodes, never from rows, so that a lost run is
 * started again whatever the table says; that a node has a run after all is found out by the start itself.
 */
export function birthPage(deps: Deps, request: HubRef, after: string): BirthPage {
  const waiting = deps.nodes
    .ofHub(request.namespace, request.hub)
    .filter(({ namespace, name }) => name > after && !deps.runs.isRunning(namespace, name))
    .toSorted((left, right) => (left.name < right.name ? -1 : 1));
  const page = waiting.slice(0, pageSize);
  const births = page.map(({ namespace, name, form, rowUid }) => ({
    namespace,
    node: name,
    hub: request.hub,
    form,
    uid: rowUid,
  }));
  const last = page.at(-1);
  return waiting.length > page.length && last !== undefined ? { births, after: last.name } : { births };
}

export async function listBirths(deps: Deps, request: BirthRequest): Promise<BirthPage> {
  await deps.nodes.synced();
  return birthPage(deps, request, request.after);
}
