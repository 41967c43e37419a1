import type { AdvanceOutcome, NodeProgress, RemoveOutcome } from '../../activities/contract.ts';
import { aboutNode } from './about.ts';
import { removedCause } from '../../domain/mass-removal.ts';
import { waitWords } from '../../domain/wait-words.ts';
import type { NodePhase, NodeView, ScaleRequest } from '../messages.ts';

/** Everything a run of a node knows, as plain data: it travels through continue-as-new. The truth is in Kubernetes; this is for people. */
export interface NodeInput {
  readonly namespace: string;
  readonly node: string;
  readonly hub: string;
  readonly form: string;
  readonly uid: string;
  readonly carried?: CarriedState;
}

export interface CarriedState {
  readonly phase: NodePhase;
  readonly progress: NodeProgress;
  readonly passes: number;
  readonly lastCause: string;
  readonly dirty: boolean;
  /** A resync that was asked for and not begun. */
  readonly force?: boolean;
  /** Scale messages that were not dealt with yet. */
  readonly scales?: readonly ScaleRequest[];
}

const noProgress: NodeProgress = { entries: [], ready: 0, failed: 0, desired: 0 };

const nothingYet: Required<CarriedState> = {
  phase: 'Starting',
  progress: noProgress,
  passes: 0,
  lastCause: 'start',
  dirty: true,
  force: false,
  scales: [],
};

/** Handlers only flip this state; the main loop does the work. */
export class NodeRun {
  readonly input: NodeInput;
  phase: NodePhase;
  /** What the wave that is under way does, for its summary. */
  next: string;
  private progress: NodeProgress;
  private passes: number;
  private lastCause: string;
  private dirty: boolean;
  private force: boolean;
  private readonly scales: ScaleRequest[];
  /** What was wrong with the last message that could not be taken; until the next one that can. */
  private refused: string | undefined;
  /** Something is being done; `phase` is where the run last came to rest. */
  private atWork = false;
  /** No pass is under way, and nothing else is waited for than a message. */
  private still = false;
  private gone = false;

  constructor(input: NodeInput) {
    this.input = input;
    const { phase, progress, passes, lastCause, dirty, force, scales } = { ...nothingYet, ...input.carried };
    this.phase = phase;
    this.progress = progress;
    this.passes = passes;
    this.lastCause = lastCause;
    this.dirty = dirty;
    this.force = force;
    this.scales = [...scales];
    this.next = 'first look';
  }

  wake(cause: string, force = false): void {
    this.dirty = true;
    this.force ||= force;
    this.lastCause = cause;
  }

  /** A wake-up. That the LynqNode is gone is believed by a run with nothing to do only: any other one looks. */
  hear(cause: string): void {
    if (cause === removedCause && this.still && !this.dirty) this.gone = true;
    else this.wake(cause);
  }

  lieStill(): void {
    this.still = true;
    this.gone = false;
  }

  isSaidGone(): boolean {
    return this.gone;
  }

  scale(request: ScaleRequest): void {
    this.refused = undefined;
    this.scales.push(request);
    this.wake('scale');
  }

  /** A message that cannot be taken changes nothing, and has nobody to answer to. */
  refuse(why: string): void {
    this.refused = why;
  }

  isDue(): boolean {
    return this.dirty;
  }

  isForced(): boolean {
    return this.force;
  }

  takeScale(): ScaleRequest | undefined {
    return this.scales.shift();
  }

  /** Begins a pass; true when every entry is to be written once more. */
  begin(): boolean {
    const { force } = this;
    this.dirty = false;
    this.force = false;
    this.still = false;
    this.passes += 1;
    return force;
  }

  /** A resync that was begun and could not be brought to its end: the next pass is one again. */
  forceAgain(): void {
    this.force = true;
  }

  /** An activity is about to do something. */
  work(): void {
    this.atWork = true;
  }

  /** Nothing is done for now, and why. */
  rest(phase: NodePhase): void {
    this.phase = phase;
    this.atWork = false;
  }

  /** Takes in what an activity reported. */
  record(outcome: AdvanceOutcome | RemoveOutcome): void {
    if ('progress' in outcome) this.progress = outcome.progress;
    this.next = outcome.kind === 'advanced' ? outcome.next : waitWords(this.progress.entries);
  }

  view(): NodeView {
    const { namespace, node } = this.input;
    const { entries, ready, desired } = this.progress;
    return {
      namespace,
      node,
      phase: this.atWork ? 'Applying' : this.phase,
      resources: entries,
      ready,
      desired,
      passes: this.passes,
      lastCause: this.lastCause,
    };
  }

  /** For the page of the run in the Temporal UI. A run that goes on with the work of another one has lost its static summary and details, which only a start can give. */
  details(): string {
    const notice = this.refused === undefined ? '' : `**Refused** ${this.refused}\n\n`;
    const table = `${notice}${detailsOf(this.view())}`;
    if (this.input.carried === undefined) return table;
    const { summary, details } = aboutNode(this.input);
    return `# ${summary}\n\n${details}\n\n${table}`;
  }

  /** Input of the run that goes on with this one's work. `unfinished`: in the middle of a pass, which that run takes up again. One that was told that its LynqNode is gone looks. */
  carry(unfinished: boolean): NodeInput {
    const { phase, progress, passes, lastCause, force, scales } = this;
    const dirty = this.dirty || unfinished || this.gone;
    return { ...this.input, carried: { phase, progress, passes, lastCause, dirty, force, scales } };
  }
}

/** A table of entries and their states, for the run's page in the Temporal UI. */
function detailsOf(view: NodeView): string {
  const rows = view.resources.map(
    ({ id, kind, name, state, reason }) => `| ${id} | ${kind} ${name} | ${state} | ${reason ?? ''} |`,
  );
  const head = `**${view.phase}** ${view.ready}/${view.desired} ready, pass ${view.passes} (${view.lastCause})`;
  return [head, '', '| entry | object | state | reason |', '| --- | --- | --- | --- |', ...rows]
    .join('\n')
    .slice(0, 18_000);
}
