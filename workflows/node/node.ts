import { ActivityFailure } from '@temporalio/common';
import {
  allHandlersFinished,
  ApplicationFailure,
  condition,
  continueAsNew,
  isCancellation,
  patched,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { AdvanceOutcome } from '../../activities/contract.ts';
import {
  type NodePhase,
  resyncSignal,
  type ScaleReply,
  type ScaleRequest,
  scaleSignal,
  scaleUpdate,
  statusQuery,
  wakeSignal,
} from '../messages.ts';
import { latestLooks } from '../../domain/looking.ts';
import { removedCause } from '../../domain/mass-removal.ts';
import { quick, waves } from '../proxies.ts';
import { searchAttributes } from '../search-attributes.ts';
import { versions } from '../versions.ts';
import { type NodeInput, NodeRun } from './state.ts';

export interface NodeResult {
  readonly node: string;
  readonly ended: 'removed' | 'gone';
}

/** Events after which a run starts afresh; far below the server's limit, so that histories stay short to replay. */
const historyLimit = 500;
const unusableRetry = `${latestLooks.unusableSeconds}s` as const;
const failedRetry = '5m';

/**
 * One row through one form, for as long as the LynqNode lives: applies what can go now, waits for readiness, keeps it so when woken, and takes it
 * away in reverse order when the LynqNode is deleted. Idle it has no timer. Cancelling, terminating or resetting it deletes nothing; the next
 * sync of the hub starts it again.
 */
export async function lynqNode(input: NodeInput): Promise<NodeResult> {
  const run = new NodeRun(input);
  answerMessages(run);
  // Continue-as-new loses what the run before showed; memo and search attributes are carried on.
  setCurrentDetails(run.details());
  for (;;) {
    if (run.isDue()) {
      const ended = await pass(run);
      if (ended !== undefined) return { node: input.node, ended };
    }
    run.lieStill();
    await condition(() => run.isDue() || run.isSaidGone() || historyIsLong());
    if (run.isSaidGone() && endsUnseen(run)) return { node: input.node, ended: 'removed' };
    if (historyIsLong()) await startAfresh(run, false);
  }
}

/** What is to be done came later than the word that the LynqNode is gone: another one of the name may be there. */
function endsUnseen(run: NodeRun): boolean {
  if (!run.isDue() && patched(versions.endsWhenTold)) return true;
  run.wake(removedCause);
  return false;
}

function historyIsLong(): boolean {
  const info = workflowInfo();
  return info.continueAsNewSuggested || info.historyLength > historyLimit;
}

/** `unfinished` where the present pass or removal has not come to its end: nothing else would wake the next run for it. */
async function startAfresh(run: NodeRun, unfinished: boolean): Promise<never> {
  await condition(allHandlersFinished);
  return continueAsNew<typeof lynqNode>(run.carry(unfinished));
}

function answerMessages(run: NodeRun): void {
  setHandler(statusQuery, () => run.view(), { description: 'What this run knows of its entries.' });
  setHandler(wakeSignal, (request) => run.hear(causeOf(request, 'wake')), {
    description:
      'Looks again; sent by the watches of the worker. With cause `removed` a run at rest ends: its LynqNode is gone.',
  });
  setHandler(resyncSignal, (request) => run.wake(causeOf(request, 'resync'), true), {
    description: 'Compares and writes everything once more, now. Safe at any time.',
  });
  setHandler(scaleSignal, (request) => takeScale(run, request), {
    description:
      'Overrides template variables until cleared or changed in the table: {"overrides": {"apiReplicas": "4"}}',
  });
  setHandler(scaleUpdate, (request) => applyScale(run, request), {
    validator: (request) => {
      const problem = scaleProblem(request);
      const { namespace, node } = run.input;
      const refused = `LynqNode ${namespace}/${node} is not scaled: ${problem}. ${scaleExample}`;
      if (problem !== undefined) throw ApplicationFailure.nonRetryable(refused, 'InvalidScale');
    },
    description: 'As the signal, with an answer.',
  });
}

const longestCause = 64;

/** Anybody may send anything: a handler that throws would stop the run, and what is carried on into each further run has to stay small. */
function causeOf(request: unknown, otherwise: string): string {
  if (typeof request !== 'object' || request === null || !('cause' in request)) return otherwise;
  return typeof request.cause === 'string' ? request.cause.slice(0, longestCause) : otherwise;
}

const scaleExample = 'Send {"overrides": {"apiReplicas": "4"}}, or {"overrides": {}, "clear": true} to end them all.';

/** A signal has no answer: what is wrong with it shows on the run's page. */
function takeScale(run: NodeRun, request: ScaleRequest): void {
  const problem = scaleProblem(request);
  if (problem === undefined) return run.scale(request);
  run.refuse(`scale: ${problem}. ${scaleExample}`);
  setCurrentDetails(run.details());
}

/** Plain checks: no zod in workflow code. */
function scaleProblem(request: ScaleRequest | undefined): string | undefined {
  const overrides: unknown = request?.overrides;
  if (typeof overrides !== 'object' || overrides === null || Array.isArray(overrides))
    return 'overrides must be an object of texts';
  const wrong = Object.entries(overrides).find(([, value]) => typeof value !== 'string');
  if (wrong !== undefined) return `the override of ${wrong[0]} must be text, as the column would give it`;
  if (Object.keys(overrides).length === 0 && request?.clear !== true) return 'name at least one variable, or clear';
  return undefined;
}

async function applyScale(run: NodeRun, request: ScaleRequest): Promise<ScaleReply> {
  const { namespace, node } = run.input;
  const { overridden } = await quick.recordOverrides({
    namespace,
    node,
    overrides: request.overrides,
    clear: request.clear === true,
  });
  run.wake('scale');
  return { node, overridden };
}

/** A refused signal has no one to answer to: it shows in the history as a failed activity and changes nothing. */
async function applySignalledScales(run: NodeRun): Promise<void> {
  for (let scale = run.takeScale(); scale !== undefined; scale = run.takeScale()) {
    try {
      await applyScale(run, scale);
    } catch (error) {
      if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
    }
  }
}

function show(run: NodeRun, phase: NodePhase): void {
  if (run.phase !== phase) upsertSearchAttributes([{ key: searchAttributes.phase, value: phase }]);
  run.rest(phase);
  setCurrentDetails(run.details());
}

/** Runs waves until nothing can be done, or the node is gone. */
async function pass(run: NodeRun): Promise<NodeResult['ended'] | undefined> {
  let force = run.begin();
  for (;;) {
    try {
      await applySignalledScales(run);
      const outcome = await advance(run, force);
      if (outcome.kind === 'superseded' && outcome.force === true) run.forceAgain();
      const step = await followOutcome(run, outcome);
      if (step !== 'again') return step === 'idle' ? undefined : step;
    } catch (error) {
      if (force) run.forceAgain();
      await restAfter(run, error);
    }
    if (historyIsLong()) await startAfresh(run, true);
    force = run.isDue() || run.isForced() ? run.begin() : false;
  }
}

async function advance(run: NodeRun, force: boolean): Promise<AdvanceOutcome> {
  const { namespace, node } = run.input;
  run.work();
  setCurrentDetails(run.details());
  const outcome = await waves.advanceNode.executeWithOptions({ summary: run.next }, [{ namespace, node, force }]);
  run.record(outcome);
  return outcome;
}

type Step = 'again' | 'idle' | NodeResult['ended'];

async function followOutcome(run: NodeRun, outcome: AdvanceOutcome): Promise<Step> {
  switch (outcome.kind) {
    case 'advanced':
    case 'superseded':
      setCurrentDetails(run.details());
      return 'again';
    case 'waiting':
      show(run, 'Waiting');
      await condition(() => run.isDue(), `${outcome.retryAfterSeconds}s`);
      return 'again';
    case 'settled':
      show(run, outcome.progress.ready === outcome.progress.desired ? 'Ready' : 'Degraded');
      return 'idle';
    case 'unusable':
      show(run, 'Degraded');
      await condition(() => run.isDue(), unusableRetry);
      return 'again';
    case 'paused':
      show(run, 'Paused');
      return 'idle';
    case 'gone':
      return 'gone';
    case 'removing':
      return remove(run);
    case 'removed':
      return 'removed';
  }
}

/** Compensation: everything that was made goes again, in reverse order, but for what is retained. */
async function remove(run: NodeRun): Promise<'removed'> {
  const { namespace, node } = run.input;
  show(run, 'Removing');
  run.next = 'remove in reverse order';
  for (;;) {
    const outcome = await waves.removeNode.executeWithOptions({ summary: run.next }, [{ namespace, node }]);
    run.record(outcome);
    if (outcome.kind === 'removed') return 'removed';
    setCurrentDetails(run.details());
    if (outcome.kind === 'waiting') await condition(() => run.isDue(), `${outcome.retryAfterSeconds}s`);
    if (run.isDue()) run.begin();
    if (historyIsLong()) await startAfresh(run, true);
  }
}

/** A failure that no retry cures: the node stays as it is until something changes. */
async function restAfter(run: NodeRun, error: unknown): Promise<void> {
  if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
  show(run, 'Degraded');
  await condition(() => run.isDue(), failedRetry);
}
