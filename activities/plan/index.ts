import { isJsonObject, type JsonObject, textAt } from '../../domain/api/json.ts';
import { LynqFailure } from '../../domain/failures.ts';
import { longAbsence } from '../../domain/absent-forms.ts';
import { maskedObject } from '../../domain/change-plan/masking.ts';
import { isWorthListing } from '../../domain/change-plan/reads.ts';
import { hubStandstill } from '../../domain/change-plan/standstill.ts';
import type {
  FormOutlook,
  HubOutlook,
  OnProgress,
  PlanRequest,
  RenderedRow,
  RowRequest,
  WorldPlan,
} from '../../domain/change-plan/types.ts';
import { apiVersion } from '../../domain/keys.ts';
import type { Cluster } from '../../domain/ports.ts';
import type { Attempt, Deps } from '../deps.ts';
import type { Decided, Sync } from '../hub/decided.ts';
import { lookForForms, unlistedForms } from '../hub/absent-forms.ts';
import { decideSync } from '../hub/sync.ts';
import { type JudgedForm, readForms } from '../hub/read-forms.ts';
import { beginCredentials, parseHub, readHub } from '../hub/read-hub.ts';
import { orderOf } from '../forms.ts';
import { planEntries } from '../node/gather.ts';
import { clusterWith, type KnownObjects, rememberingCluster, withoutLists } from './clusters.ts';
import { type PlanningDeps, planningDeps, type PlanningPorts } from './deps.ts';
import { formOutlook, type FormWork, plannedNodes, restingOutlook, workOfRow } from './form-outlook.ts';
import { deletingOutlook, hubOutlook } from './hub-outlook.ts';
import type { NodeWork } from './node-outlook.ts';
import { renderStandIns } from './secrecy.ts';

export type { PlanningPorts } from './deps.ts';

/**
 * What the worker would do, found out without doing it: the sync's and the node's own decisions, over a real read of the table and with dry runs in place
 * of writes. Runs with the rights of whoever asks.
 */

/** @throws LynqFailure as RowSource.read does, HubInvalid when there is no such hub, FormInvalid when a form that was asked for cannot be used. */
export async function planWorld(
  ports: PlanningPorts,
  request: PlanRequest,
  attempt: Attempt,
  onProgress: OnProgress,
): Promise<WorldPlan> {
  const { known, deps, nodes, sync, isStandIn } = await openWorld(ports, request, attempt);
  if (hubStandstill(sync.hub.hub)?.kind === 'deleting') return planDeleting(ports, request, { sync, nodes });
  const decided = await decideSync(sync);
  const hub = hubOutlook(sync, decided);
  const asked = askedForms(request, sync, hub);
  const counted = { done: 0, total: 0 };
  const onNode = (): void => onProgress((counted.done += 1), counted.total);
  const works = await Promise.all(
    asked.map(
      async (form): Promise<FormWork> => ({
        sync,
        decided,
        form,
        nodes,
        onNode,
        stored: await storedForm(ports.cluster, request.namespace, form.name),
      }),
    ),
  );
  counted.total = works.reduce((sum, work) => sum + plannedNodes(work), 0);
  const listing = isWorthListing({ planned: counted.total, nodes: nodes.size });
  const run = { deps, known: listing ? known : withoutLists(known), signal: attempt.signal, isStandIn };
  const forms: FormOutlook[] = [];
  for (const work of works) forms.push(await formOutlook(run, work));
  return { hub, forms };
}

/** Of a hub that is being deleted no form reaches a node any more. */
async function planDeleting(
  ports: PlanningPorts,
  request: PlanRequest,
  { sync, nodes }: Pick<PlannedWorld, 'sync' | 'nodes'>,
): Promise<WorldPlan> {
  const hub = deletingOutlook(sync, nodes);
  const asked = askedForms(request, sync, hub);
  const forms = asked.map(async (form) =>
    restingOutlook(sync, form, await storedForm(ports.cluster, request.namespace, form.name)),
  );
  return { hub, forms: await Promise.all(forms) };
}

function askedForms({ forms }: PlanRequest, sync: Sync, hub: HubOutlook): readonly JudgedForm[] {
  if (forms === 'usable') return sync.forms.filter(({ revision }) => revision !== undefined);
  const isAsked = (name: string): boolean => forms === 'all' || forms.has(name);
  refuseBroken(hub, isAsked);
  return sync.forms.filter(({ name }) => isAsked(name));
}

interface PlannedWorld extends PlanningDeps {
  readonly known: KnownObjects;
  readonly sync: Sync;
}

/** Reads what a sync reads before the table. */
async function openWorld(ports: PlanningPorts, request: WorldRequest, attempt: Attempt): Promise<PlannedWorld> {
  const known = rememberingCluster(clusterWith(ports.cluster, request.objects));
  const planning = await planningDeps({ ...ports, cluster: known.cluster }, request.namespace);
  const sync = await openSync(planning.deps, request, attempt);
  return { ...planning, known, sync };
}

type WorldRequest = Omit<PlanRequest, 'forms'>;

/**
 * The objects of one row, from the table as it is now.
 *
 * @throws LynqFailure as planWorld, and HubInvalid when the row makes no node.
 */
export async function renderRow(
  ports: PlanningPorts,
  request: RowRequest,
  attempt: Attempt,
): Promise<readonly RenderedRow[]> {
  const { known, deps, nodes, sync, isStandIn } = await openWorld(ports, request, attempt);
  const decided = await decideSync(sync);
  const run = { deps, known, signal: attempt.signal, isStandIn };
  const { forms: wanted, uid } = request;
  const asked = sync.forms.filter(({ name, revision }) =>
    wanted === 'all' ? revision !== undefined : wanted.has(name),
  );
  refuseBroken(hubOutlook(sync, decided), (name) => wanted !== 'all' && wanted.has(name));
  const rendered: RenderedRow[] = [];
  for (const form of asked) {
    const work = await workOfRow(run, { sync, decided, form, nodes, stored: undefined, onNode: () => undefined }, uid);
    if (work !== undefined) rendered.push(await renderWork(deps, work, request.showSecrets));
  }
  if (rendered.length > 0) return rendered;
  throw new LynqFailure('HubInvalid', noNode(decided, uid), { uid });
}

function noNode({ read: { classified } }: Decided, uid: string): string {
  const frozen = classified.frozen.find((row) => row.uid === uid);
  if (frozen !== undefined) return `row ${uid} is frozen: ${frozen.message}`;
  const active = [...classified.active.keys()].some((known) => known === uid);
  return active ? `row ${uid} has no LynqNode of these forms` : `the table has no active row ${uid}`;
}

async function renderWork(deps: Deps, work: NodeWork, showSecrets: boolean): Promise<RenderedRow> {
  const { read, revision, found, secrets } = work;
  const { entries } = await planEntries(deps, read, { revision, secrets, found });
  const standIns = showSecrets ? undefined : await renderStandIns(deps, work);
  const inOrder = orderOf(revision).order.flatMap((id) => entries.get(id) ?? []);
  return {
    form: read.identity.form,
    node: read.identity.name,
    entries: inOrder.map((entry) => {
      if (entry.kind === 'broken') return { id: entry.entry.id, problem: `${entry.reason}: ${entry.message}` };
      const { id, body } = entry.child;
      const standIn = standIns === undefined ? body : standIns.objects.get(id);
      return { id, object: showSecrets ? body : maskedObject(body, { secrets: [...secrets.values()], standIn }) };
    }),
  };
}

async function openSync(deps: Deps, request: WorldRequest, attempt: Attempt): Promise<Sync> {
  const placed = request.objects.find(
    (object) => textAt(object, 'kind') === 'LynqHub' && textAt(object, 'metadata', 'name') === request.hub,
  );
  const hub = isJsonObject(placed) ? parseHub(placed) : await readHub(deps, request);
  if (hub === undefined) {
    throw new LynqFailure('HubInvalid', `there is no LynqHub ${request.namespace}/${request.hub}; apply it first`);
  }
  const credentials = beginCredentials(deps, request, hub);
  const forms = await readForms(deps, request, hub);
  const names = unlistedForms(deps.nodes.ofHub(request.namespace, request.hub), forms);
  const started = deps.clock.now();
  // A plan does not wait for the second look.
  const recorded = [...names].map((name) => longAbsence(name, started));
  const left = await lookForForms(deps, request, { names, recorded });
  return { deps, request, hub, forms, left, credentials, attempt, started };
}

function refuseBroken({ brokenForms }: HubOutlook, isAsked: (name: string) => boolean): void {
  const broken = brokenForms.find(({ name }) => isAsked(name));
  if (broken === undefined) return;
  throw new LynqFailure('FormInvalid', `form ${broken.name} cannot be used: ${broken.problems.join('; ')}`, {
    form: broken.name,
  });
}

function storedForm(cluster: Cluster, namespace: string, name: string): Promise<JsonObject | undefined> {
  return cluster.get({ apiVersion, kind: 'LynqForm', namespace, name });
}
