import type { RolloutGrant, RolloutStatus } from '../api/form.ts';
import type { RolloutSettings } from './settings.ts';
import type { AssignedWave, WaveMember } from './waves.ts';

/** What the parts of a rollout's plan say to each other. */

/** A LynqNode of the form, as far as a rollout cares. */
export interface RolloutNode extends WaveMember {
  /** Has the target revision and no values that wait. */
  readonly onTarget: boolean;
  /** Has the target revision already; only values of its row wait. Such a change needs a free place, but no wave. */
  readonly valuesOnly: boolean;
  /** What its last pass said about what it is made of now; `busy` until a pass has. */
  readonly state: 'ready' | 'failed' | 'busy';
  /**
   * How it was brought to the target: by this rollout, when it worked or had failed before (`broken`). Undefined when nobody brought it: it was born on
   * the target, or had it all the time.
   */
  readonly letGo?: 'working' | 'broken' | undefined;
  /** Left alone by a person, with whatever it is made of now. */
  readonly paused?: boolean | undefined;
  /** Of a failed node, in one word. */
  readonly reason?: string | undefined;
}

export interface RolloutFacts {
  readonly settings: RolloutSettings;
  /** Name of the ControllerRevision of the form's present content. */
  readonly target: string;
  readonly generation: number;
  /** Nodes that are not being deleted. */
  readonly nodes: readonly RolloutNode[];
  readonly previous: RolloutStatus | undefined;
  readonly now: Date;
}

export interface RolloutPlan {
  /** To be recorded before anything is granted. */
  readonly status: RolloutStatus;
  /** Nodes to bring to the target now; all of them are in `status.inFlight`. */
  readonly grant: readonly RolloutNode[];
  /** `ended`: every node is where it belongs. `halted`: until a person or an edit changes something. `resting`: only paused nodes are left. */
  readonly kind: 'moving' | 'ended' | 'halted' | 'resting';
  /** When to look again although nothing changes. */
  readonly until?: Date;
  /** Nodes that would change now if `maxSkew` left places for them. */
  readonly throttled: number;
}

export const isDone = ({ onTarget, state, paused }: RolloutNode): boolean =>
  onTarget && state === 'ready' && paused !== true;

/** Whether every node is where it belongs. */
export function isSettled(nodes: readonly RolloutNode[], inFlight: readonly RolloutGrant[]): boolean {
  return inFlight.length === 0 && nodes.every(({ onTarget, paused }) => onTarget || paused === true);
}

export interface Counted {
  readonly status: RolloutStatus;
  readonly inFlight: readonly RolloutGrant[];
  readonly waves: readonly Wave[];
}

export type Wave = AssignedWave<RolloutNode>;

export interface Progress {
  /** Waves that may change now: the one under way and those before it. */
  readonly open: readonly Wave[];
  readonly current: Wave | undefined;
  readonly soakingSince?: string;
  readonly soakEnds?: Date;
}

export const failuresOf = (nodes: readonly RolloutNode[]): readonly RolloutNode[] =>
  nodes.filter(({ onTarget, state }) => onTarget && state === 'failed');

/** What is to be held against the form: nodes that it was brought to and that worked before. */
export const brokenByForm = (nodes: readonly RolloutNode[]): readonly RolloutNode[] =>
  failuresOf(nodes).filter(({ letGo }) => letGo === 'working');

export function isOverBudget({ nodes, maxFailures }: Wave): boolean {
  return maxFailures !== undefined && brokenByForm(nodes).length > maxFailures;
}

/** Why nothing further changes for now, in the order in which people would want to know it. */
export type Stop =
  | { readonly kind: 'aborted' | 'paused' }
  /** Nothing is left but nodes that a person paused on their way. */
  | { readonly kind: 'nodesPaused'; readonly message: string }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'frozen' | 'soaking'; readonly until: Date };

export function namesOf(nodes: readonly { readonly name: string; readonly reason?: string | undefined }[]): string {
  const listed = nodes.slice(0, 5).map(({ name, reason }) => (reason === undefined ? name : `${name} (${reason})`));
  return nodes.length > listed.length
    ? `${listed.join(', ')} and ${nodes.length - listed.length} more`
    : listed.join(', ');
}
