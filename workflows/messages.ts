import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { ResourceState } from '../domain/api/node.ts';

/**
 * What can be said to a running workflow. Clients import these definitions, never the implementations.
 *
 * Signals are wake-ups: the truth is in Kubernetes, so a lost, doubled or reordered signal changes nothing but the time it takes.
 * Payloads hold names and reasons; the overrides of a scale message are the one exception (decisions.md section 6).
 */

/** Workflow type names, as they show in the Temporal UI. */
export const workflowTypes = {
  hubSync: 'hubSync',
  node: 'lynqNode',
  rollout: 'formRollout',
  removals: 'lynqRemovals',
} as const;

export interface ScaleRequest {
  /** Template variable to text, as the column would give it. Empty together with `clear`. */
  readonly overrides: Readonly<Record<string, string>>;
  /** Ends all overrides of the node instead. */
  readonly clear?: boolean;
}

export interface ScaleReply {
  readonly node: string;
  /** Names of the variables that are overridden now. */
  readonly overridden: readonly string[];
}

export interface WakeRequest {
  /** Why, for people who read the run: `resync`, `nodeChanged`, `childrenChanged`. */
  readonly cause: string;
}

export interface RemoveRequest {
  /** Names of LynqNodes of the hub. Only those that are being deleted are touched. */
  readonly nodes: readonly string[];
}

export interface ResourceView {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly state: ResourceState;
  readonly reason?: string;
}

export const nodePhases = [
  'Starting',
  'Applying',
  'Waiting',
  'Ready',
  'Degraded',
  'Removing',
  'Paused',
  'Gone',
] as const;
export type NodePhase = (typeof nodePhases)[number];

export interface NodeView {
  readonly namespace: string;
  readonly node: string;
  readonly phase: NodePhase;
  readonly resources: readonly ResourceView[];
  readonly ready: number;
  readonly desired: number;
  /** Completed passes of this run and the cause of the last one. */
  readonly passes: number;
  readonly lastCause: string;
}

/** Asks for a pass now, whatever changed. */
export const resyncSignal = defineSignal<[WakeRequest]>('resync');
/** Something this node is made of may have changed; sent by the worker's watches. */
export const wakeSignal = defineSignal<[WakeRequest]>('wake');
/** Overrides template variables until cleared; without an answer. */
export const scaleSignal = defineSignal<[ScaleRequest]>('scale');
/** Overrides template variables until cleared; answers when the override is recorded and its pass has begun. */
export const scaleUpdate = defineUpdate<ScaleReply, [ScaleRequest]>('scale');
/** What the node's run knows right now. */
export const statusQuery = defineQuery<NodeView>('status');

/** Takes these away too, with what they own: LynqNodes that are being deleted, and no others. */
export const removeSignal = defineSignal<[RemoveRequest]>('remove');

export interface RolloutView {
  readonly namespace: string;
  readonly form: string;
  /** What the rollout's activity said last. */
  readonly outcome: string;
  readonly phase: string;
  readonly message: string;
  readonly total: number;
  readonly updated: number;
  readonly ready: number;
  readonly inFlight: number;
  readonly wave?: string;
}

export interface UndoRequest {
  /** Name of the ControllerRevision to go back to; the last complete one when absent. */
  readonly revision?: string;
}

/** No further node of the form changes until resumed. */
export const pauseSignal = defineSignal('pause');
/** Goes on after a pause, a failure or an abort. */
export const resumeSignal = defineSignal('resume');
/** Ends the rollout where it stands. */
export const abortSignal = defineSignal('abort');
/** Writes an earlier revision back into the form. */
export const undoSignal = defineSignal<[UndoRequest?]>('undo');
/** Where the rollout is. */
export const rolloutQuery = defineQuery<RolloutView>('rollout');
