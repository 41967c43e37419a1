import {
  ActivityFailure,
  allHandlersFinished,
  condition,
  continueAsNew,
  isCancellation,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { FormRef, RolloutCommandRequest, RolloutOutcome } from '../activities/contract.ts';
import {
  abortSignal,
  pauseSignal,
  resumeSignal,
  rolloutQuery,
  type RolloutView,
  type UndoRequest,
  undoSignal,
  wakeSignal,
} from './messages.ts';
import { rolloutDetails } from './rollout-options.ts';
import { quick, waves } from './proxies.ts';
import { searchAttributes } from './search-attributes.ts';

export interface RolloutResult {
  readonly form: string;
  readonly ended: string;
}

/** Events after which a run starts afresh, so that histories stay short to read and to replay. */
const historyLimit = 800;
const failedRetry = '1m';

/** What a run of a rollout knows; the truth is in the form's status, this is for people. */
class RolloutRun {
  readonly input: FormRef;
  private dirty = true;
  private view: RolloutView;
  /** What was wrong with the last message that could not be taken; until the next command. */
  private refused: string | undefined;

  constructor(input: FormRef) {
    this.input = input;
    const { namespace, form } = input;
    const nothing = { total: 0, updated: 0, ready: 0, inFlight: 0 };
    this.view = { namespace, form, outcome: 'starting', phase: 'Starting', message: '', ...nothing };
  }

  wake(): void {
    this.dirty = true;
  }

  isDue(): boolean {
    return this.dirty;
  }

  begin(): void {
    this.dirty = false;
  }

  record(outcome: RolloutOutcome): void {
    const { namespace, form } = this.input;
    const before = this.view.phase;
    const progress =
      'progress' in outcome ? outcome.progress : { ...this.view, phase: 'Idle', message: outcome.reason };
    this.view = { ...progress, namespace, form, outcome: outcome.kind };
    if (before !== this.view.phase) upsertSearchAttributes([{ key: searchAttributes.phase, value: this.view.phase }]);
    setCurrentDetails(this.describe());
  }

  /** A message that cannot be taken changes nothing, and has nobody to answer to: it shows on the run's page. */
  refuse(why: string | undefined): void {
    this.refused = why;
    setCurrentDetails(this.describe());
  }

  show(): RolloutView {
    return this.view;
  }

  /** What the next activity does, for its summary. */
  summary(): string {
    const { total, updated, wave } = this.view;
    return total === 0 ? 'first look' : `${updated}/${total} updated${wave === undefined ? '' : `, wave ${wave}`}`;
  }

  private describe(): string {
    const { phase, message, total, updated, ready, inFlight, wave } = this.view;
    const rows = [
      ['nodes', total],
      ['updated', updated],
      ['ready', ready],
      ['in flight', inFlight],
      ['wave', wave ?? ''],
    ].map(([name, value]) => `| ${name} | ${value} |`);
    // Continue-as-new loses static details, which only a start can give.
    const about = workflowInfo().continuedFromExecutionRunId === undefined ? [] : [rolloutDetails(this.input), ''];
    const notice = this.refused === undefined ? [] : [`**Refused** ${this.refused}`, ''];
    return [...about, ...notice, `**${phase}** ${message}`, '', '| | |', '| --- | --- |', ...rows].join('\n');
  }
}

/**
 * The rollout of one form: the one authority on which of its nodes may change now. It ends when every node has what it should have; the next edit
 * starts another. Cancelling or terminating it changes nothing but that nobody goes on; the next sync of the hub starts it again.
 */
export async function formRollout(input: FormRef): Promise<RolloutResult> {
  const run = new RolloutRun(input);
  answerMessages(run);
  for (;;) {
    run.begin();
    const ended = await follow(run);
    if (ended !== undefined && !run.isDue() && allHandlersFinished()) return { form: input.form, ended };
    const info = workflowInfo();
    if (info.historyLength > historyLimit || info.continueAsNewSuggested) {
      await condition(allHandlersFinished);
      await continueAsNew<typeof formRollout>(input);
    }
  }
}

function answerMessages(run: RolloutRun): void {
  const tell = (verb: RolloutCommandRequest['verb']) => async (): Promise<void> => command(run, { ...run.input, verb });
  setHandler(rolloutQuery, () => run.show(), { description: 'Where the rollout is.' });
  setHandler(wakeSignal, () => run.wake(), { description: 'Looks again; sent by syncs of the hub.' });
  setHandler(pauseSignal, tell('pause'), { description: 'No further node changes until resumed. Safe at any time.' });
  setHandler(resumeSignal, tell('resume'), { description: 'Goes on after a pause, a failure or an abort.' });
  setHandler(abortSignal, tell('abort'), {
    description: 'Ends the rollout where it stands; nodes keep what they have.',
  });
  setHandler(undoSignal, (request) => undo(run, request), {
    description:
      'Writes the last complete revision back into the form, or the named one: {"revision": "web-1a2b3c4d5e"}',
  });
}

const undoExample = 'send nothing for the last complete revision, or {"revision": "web-1a2b3c4d5e"}';

/** Going back is not to be guessed at: only what was left out means the last complete revision. */
async function undo(run: RolloutRun, request: unknown): Promise<void> {
  const read = readUndo(request);
  if (read === undefined) return run.refuse(`undo: this names no revision; ${undoExample}`);
  return command(run, { ...run.input, verb: 'undo', ...read });
}

function readUndo(request: unknown): UndoRequest | undefined {
  if (request === undefined || request === null) return {};
  if (typeof request !== 'object' || Object.keys(request).some((key) => key !== 'revision')) return undefined;
  const revision: unknown = 'revision' in request ? request.revision : undefined;
  if (revision === undefined) return {};
  return typeof revision === 'string' && revision !== '' ? { revision } : undefined;
}

/** A command that cannot be carried out has no one to answer to: it shows in the history as a failed activity and changes nothing. */
async function command(run: RolloutRun, request: RolloutCommandRequest): Promise<void> {
  run.refuse(undefined);
  try {
    await quick.commandRollout.executeWithOptions({ summary: request.verb }, [request]);
  } catch (error) {
    if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
  }
  run.wake();
}

/** One look; why the run may end, or undefined. */
async function follow(run: RolloutRun): Promise<string | undefined> {
  try {
    const outcome = await waves.advanceRollout.executeWithOptions({ summary: run.summary() }, [run.input]);
    run.record(outcome);
    switch (outcome.kind) {
      case 'moving':
        return undefined;
      case 'waiting':
        await condition(() => run.isDue(), `${outcome.retryAfterSeconds}s`);
        return undefined;
      case 'halted':
        await condition(() => run.isDue());
        return undefined;
      case 'ended':
        return outcome.progress.phase;
      case 'idle':
        return outcome.reason;
    }
  } catch (error) {
    if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
    await condition(() => run.isDue(), failedRetry);
    return undefined;
  }
}
