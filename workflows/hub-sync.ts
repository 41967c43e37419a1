import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  continueAsNew,
  getExternalWorkflowHandle,
  isCancellation,
  ParentClosePolicy,
  patched,
  setCurrentDetails,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import type {
  BirthPage,
  ConfirmedBirth,
  FormRef,
  HubRef,
  NodeBirth,
  SyncCounts,
  SyncOutcome,
} from '../activities/contract.ts';
import { workflowIds } from '../domain/identity.ts';
import { aboutSync } from './about-sync.ts';
import { wakeSignal, workflowTypes } from './messages.ts';
import { aboutNode } from './node/about.ts';
import type { NodeInput } from './node/state.ts';
import { glancing, quick, syncing } from './proxies.ts';
import { rolloutOptions } from './rollout-options.ts';
import { searchAttributes } from './search-attributes.ts';
import { versions } from './versions.ts';

export interface SyncInput extends HubRef {
  /** Set when a long list of births is continued in a fresh run: the name to go on after. */
  readonly birthsAfter?: string;
  readonly started?: number;
  /** With `birthsAfter`: what the sync came to, to be told at the end. */
  readonly ended?: Ended;
}

type Ended = Pick<SyncResult, 'outcome' | 'counts'>;

export interface SyncResult {
  readonly outcome: string;
  readonly counts?: SyncCounts;
  /** Node runs that this sync started. */
  readonly started: number;
}

const historyLimit = 1_500;

/**
 * How long one step of a node's run may take. The default of 10 s is too short for a run that somebody has sent thousands of signals, as many as Temporal
 * takes: a step that ends too late is begun again for ever. A worker that dies within a step is noticed after this time.
 */
const nodeStepTimeout = '20s';

/** One sync of a hub: reads and writes in one activity, then starts a run for every LynqNode that has none. */
export async function hubSync(input: SyncInput): Promise<SyncResult> {
  const hub = { namespace: input.namespace, hub: input.hub };
  if (input.birthsAfter !== undefined) {
    const page = await quick.listBirths({ ...hub, after: input.birthsAfter });
    return startAll(hub, page, { started: input.started ?? 0, ended: input.ended ?? { outcome: 'births' } });
  }
  const outcome = (await glance(hub)) ?? (await syncWhole(hub));
  if ('rollouts' in outcome) await Promise.all((outcome.rollouts ?? []).map(startRollout));
  const ended = { outcome: outcome.kind, ...(outcome.kind === 'synced' ? { counts: outcome.counts } : {}) };
  return 'page' in outcome ? startAll(hub, outcome.page, { started: 0, ended }) : { ...ended, started: 0 };
}

function syncWhole(hub: HubRef): Promise<SyncOutcome> {
  return syncing.syncHub.executeWithOptions({ summary: `read, plan, write: ${hub.hub}` }, [hub]);
}

/** What a sync comes to that has nothing to do, as nearly all have; undefined where that is not seen at once. */
async function glance(hub: HubRef): Promise<SyncOutcome | undefined> {
  if (!patched(versions.glanceFirst)) return undefined;
  try {
    const seen = await glancing.glanceHub.executeWithOptions({ summary: `nothing to do? ${hub.hub}` }, [hub]);
    return seen.kind === 'synced' ? { ...seen, page: { births: [] } } : undefined;
  } catch (error) {
    if (isCancellation(error)) throw error;
    return undefined;
  }
}

interface Begun {
  readonly started: number;
  readonly ended: Ended;
}

async function startAll(hub: HubRef, first: BirthPage, { started: before, ended }: Begun): Promise<SyncResult> {
  let started = before;
  for (let page = first; page.births.length > 0; ) {
    showStarted(hub, started);
    started += await startPage(page.births);
    if (page.after === undefined) break;
    if (patched(versions.onePageARun) || workflowInfo().historyLength > historyLimit) {
      await continueAsNew<typeof hubSync>({ ...hub, birthsAfter: page.after, started, ended });
    }
    page = await quick.listBirths({ ...hub, after: page.after });
  }
  return { ...ended, started };
}

/** A run that goes on with the births of another one has lost its static summary and details, which only a start can give. */
function showStarted(hub: HubRef, started: number): void {
  const { summary, details } = aboutSync(hub);
  setCurrentDetails(`# ${summary}\n\n${details}\n\n**Starts runs of nodes**: ${started} before these.`);
}

/**
 * Starts under way at a time. Each is noted in this run, one after the other, and a server with hundreds of them at once puts most off again and again,
 * for seconds each time (docs/benchmarks.md, "Starting many runs").
 */
const startsAtOnce = 20;

/** Every start is awaited: a child whose parent closes before it has started never starts. */
async function startPage(births: readonly NodeBirth[]): Promise<number> {
  const atOnce = patched(versions.fewStartsAtOnce) ? startsAtOnce : births.length;
  const confirmed: ConfirmedBirth[] = [];
  for (let from = 0; from < births.length; from += atOnce) {
    confirmed.push(...(await Promise.all(births.slice(from, from + atOnce).map(confirmedStart))));
  }
  await quick.confirmRuns(confirmed);
  return confirmed.filter(({ found }) => found === undefined).length;
}

async function confirmedStart(birth: NodeBirth): Promise<ConfirmedBirth> {
  const { namespace, node } = birth;
  return (await startNode(birth)) ? { namespace, node } : { namespace, node, found: true };
}

async function startNode(birth: NodeBirth): Promise<boolean> {
  const { namespace, node, hub, form, uid } = birth;
  const input: NodeInput = { namespace, node, hub, form, uid };
  const { summary, details } = aboutNode(birth);
  try {
    await startChild(workflowTypes.node, {
      workflowId: workflowIds.node(namespace, node),
      args: [input],
      parentClosePolicy: ParentClosePolicy.ABANDON,
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      workflowTaskTimeout: nodeStepTimeout,
      staticSummary: summary,
      staticDetails: details,
      memo: { hub, form, uid },
      typedSearchAttributes: [
        { key: searchAttributes.hub, value: hub },
        { key: searchAttributes.form, value: form },
        { key: searchAttributes.uid, value: uid },
        { key: searchAttributes.node, value: node },
        { key: searchAttributes.phase, value: 'Starting' },
      ],
    });
    return true;
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return false;
    throw error;
  }
}

/** Starts the rollout of a form, or wakes the one that runs. */
async function startRollout(input: FormRef): Promise<void> {
  const options = rolloutOptions(input);
  try {
    await startChild(workflowTypes.rollout, {
      ...options,
      parentClosePolicy: ParentClosePolicy.ABANDON,
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    await wakeRollout(options.workflowId);
  }
}

/** One that has just ended is started by the next sync, if there is still something to do. */
async function wakeRollout(workflowId: string): Promise<void> {
  try {
    await getExternalWorkflowHandle(workflowId).signal(wakeSignal, { cause: 'sync' });
  } catch (error) {
    if (isCancellation(error)) throw error;
  }
}
