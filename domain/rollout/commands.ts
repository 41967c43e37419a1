import type { LynqForm, LynqFormSpec } from '../api/form.ts';
import type { JsonObject } from '../api/json.ts';
import { annotations } from '../keys.ts';
import type { KeptRevision } from './revisions.ts';
import { rolloutGate } from './settings.ts';

/** What a person can tell a rollout, as `lynq rollout`, a signal or annotation `lynq.sh/rollout`; `kubectl rollout` knows most of them. */
export const rolloutVerbs = ['pause', 'resume', 'abort', 'undo'] as const;
export type RolloutVerb = (typeof rolloutVerbs)[number];

export interface RolloutCommand {
  readonly verb: RolloutVerb;
  /** Of undo: name of the ControllerRevision to go back to; the last complete one when absent. */
  readonly revision?: string | undefined;
}

export type RolloutEffect =
  /** Merge patch of the form. */
  | { readonly kind: 'patch'; readonly spec?: JsonObject; readonly status?: JsonObject }
  /** The form's content becomes that of a kept revision; its rollout block stays. */
  | { readonly kind: 'restore'; readonly revision: string; readonly content: JsonObject }
  | { readonly kind: 'none'; readonly message: string }
  | { readonly kind: 'refused'; readonly message: string };

/** Reads annotation `lynq.sh/rollout`: a verb, for undo also `undo:<revision>`. */
export function readRolloutCommand(text: string): RolloutCommand | undefined {
  const [head = '', ...rest] = text.trim().split(':');
  const verb = rolloutVerbs.find((known) => known === head);
  if (verb === undefined || (rest.length > 0 && verb !== 'undo')) return undefined;
  return rest.length === 0 ? { verb } : { verb, revision: rest.join(':') };
}

interface CommandFacts {
  readonly form: LynqForm;
  /** Newest first. */
  readonly revisions: readonly KeptRevision[];
}

type Effects = Record<RolloutVerb, (facts: CommandFacts, command: RolloutCommand) => RolloutEffect>;

const effects = {
  pause: ({ form }) =>
    form.spec.rollout?.paused === true
      ? { kind: 'none', message: 'already paused' }
      : { kind: 'patch', spec: { rollout: { paused: true } } },
  resume: ({ form }) => {
    const paused = form.spec.rollout?.paused === true;
    const halted = form.status?.rollout?.phase === 'Failed' || form.status?.rollout?.aborted === true;
    if (!paused && !halted) return { kind: 'none', message: 'neither paused nor halted' };
    return {
      kind: 'patch',
      ...(paused ? { spec: { rollout: { paused: null } } } : {}),
      ...(halted ? { status: { rollout: { phase: 'InProgress', aborted: null, lastProgressTime: null } } } : {}),
    };
  },
  abort: ({ form }) => {
    const rollout = form.status?.rollout;
    if (rolloutGate(form.spec.rollout).kind === 'open')
      return { kind: 'refused', message: 'the form has no rollout block: its nodes change all at once; use undo' };
    if (rollout?.phase === 'Complete') return { kind: 'none', message: 'no rollout is under way' };
    const { generation } = form.metadata;
    // A status about an earlier generation may speak of the rollout before this one.
    const isCurrent = (form.status?.observedGeneration ?? generation) === generation;
    if (rollout?.aborted === true && isCurrent) return { kind: 'none', message: 'already aborted' };
    return { kind: 'patch', status: { rollout: { aborted: true } } };
  },
  undo: (facts, { revision }) => undo(facts, revision),
} satisfies Effects;

/** The revision to go back to: the last complete one, or else the newest that is not the present one. */
function lastGood({ form, revisions }: CommandFacts): string | undefined {
  const rollout = form.status?.rollout;
  const present = rollout?.revision ?? revisions[0]?.name;
  return rollout?.previousRevision ?? revisions.find(({ name }) => name !== present)?.name;
}

function undo(facts: CommandFacts, wanted: string | undefined): RolloutEffect {
  const name = wanted ?? lastGood(facts);
  const found = facts.revisions.find((revision) => revision.name === name);
  if (found === undefined) {
    const known = facts.revisions.map((revision) => revision.name).join(', ');
    const what = name === undefined ? 'there is no earlier revision' : `there is no revision '${name}'`;
    return { kind: 'refused', message: `${what}; kept: ${known === '' ? 'none' : known}` };
  }
  if (facts.form.spec.rollout?.paused === true)
    return { kind: 'refused', message: 'the rollout is paused; resume it first, as kubectl rollout undo asks too' };
  return { kind: 'restore', revision: found.name, content: found.content };
}

/** What a command does to a form. */
export function rolloutEffect(facts: CommandFacts, command: RolloutCommand): RolloutEffect {
  const effect: (facts: CommandFacts, command: RolloutCommand) => RolloutEffect = effects[command.verb];
  return effect(facts, command);
}

/** One write to the form, in the order in which they are to be made. */
export type RolloutWrite =
  | { readonly kind: 'merge'; readonly subresource?: 'status'; readonly body: JsonObject }
  | { readonly kind: 'replace'; readonly body: JsonObject };

/** The spec that a restored revision gives: its content with the rollout block that the form has now. */
function restoredSpec(content: JsonObject, rollout: LynqFormSpec['rollout']): JsonObject {
  return { ...content, ...(rollout === undefined ? {} : { rollout: rollout as unknown as JsonObject }) };
}

/** Makes the worker look at the form although only its status changed. */
function look(now: Date): JsonObject {
  return { annotations: { [annotations.forceReconcile]: now.toISOString() } };
}

/** An effect as writes. A restored form is replaced in the version that was read; the others are conditional on the form being the same one. */
export function rolloutWrites(
  read: { readonly form: LynqForm; readonly object: JsonObject },
  effect: Extract<RolloutEffect, { kind: 'patch' | 'restore' }>,
  now: Date,
): readonly RolloutWrite[] {
  const { form, object } = read;
  if (effect.kind === 'restore')
    return [{ kind: 'replace', body: { ...object, spec: restoredSpec(effect.content, form.spec.rollout) } }];
  const { uid } = form.metadata;
  const status: readonly RolloutWrite[] =
    effect.status === undefined
      ? []
      : [{ kind: 'merge', subresource: 'status', body: { metadata: { uid }, status: effect.status } }];
  const spec = effect.spec === undefined ? {} : { spec: effect.spec };
  return [...status, { kind: 'merge', body: { metadata: { uid, ...look(now) }, ...spec } }];
}
