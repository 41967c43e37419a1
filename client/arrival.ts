import type { LynqForm } from '../domain/api/form.ts';
import { type JsonObject, numberAt, textAt } from '../domain/api/json.ts';
import { nodeDigest } from '../domain/node-digest.ts';
import { rolloutNode } from '../domain/rollout/node.ts';
import { rolloutGate } from '../domain/rollout/settings.ts';
import { conditionOf } from './kinds.ts';
import { countsOf } from './node-wait.ts';
import { counted } from './output/problems.ts';
import { currentRollout, pausedInFlight, rolloutState } from './rollout-picture.ts';
import { nameOf } from './targets.ts';

/** Whether what was applied has come about: decisions over objects as they are, for `lynq apply --wait`. */

/** Why the worker takes a form for unusable; `undefined` while it has not judged it as it is now. */
export type FormVerdict = { readonly kind: 'valid' } | { readonly kind: 'invalid'; readonly message: string };

export function formVerdict(form: JsonObject): FormVerdict | undefined {
  if (numberAt(form, 'status', 'observedGeneration') !== numberAt(form, 'metadata', 'generation')) return undefined;
  const valid = conditionOf(form, 'Valid');
  if (valid === undefined) return undefined;
  return textAt(valid, 'status') === 'True'
    ? { kind: 'valid' }
    : { kind: 'invalid', message: textAt(valid, 'message') ?? '' };
}

/**
 * `behind`: waits for its row's node of another form. `left`: at something older, and no sync brings it to the form as it is now. `paused`: left alone by a
 * person.
 */
const places = ['ready', 'failed', 'waiting', 'behind', 'left', 'paused'] as const;
export type NodePlace = (typeof places)[number];

/**
 * Where a node is on its way to a revision of its form.
 *
 * @param mayStay Whether nodes that are at something older may have been left so on purpose.
 */
export function nodePlace(node: JsonObject, revision: string, mayStay: boolean): NodePlace {
  const digest = nodeDigest(node);
  if (digest.paused) return 'paused';
  if (!rolloutNode(digest, revision).onTarget) return mayStay ? 'left' : 'waiting';
  // What its status says is of the time before, until a pass has acted on what the node is made of now.
  if (digest.inputHash !== digest.observedInput) return 'waiting';
  if (digest.ready) return 'ready';
  if (isTrue(node, 'WaitingForForm')) return 'behind';
  return isTrue(node, 'Progressing') ? 'waiting' : 'failed';
}

const isTrue = (object: JsonObject, type: string): boolean => textAt(conditionOf(object, type), 'status') === 'True';

/** Where the rollout of a form is; `over` too where the form has none. */
export interface RolloutPlace {
  /** `resting`: nothing is left but nodes in flight that a person has paused. */
  readonly kind: 'over' | 'underWay' | 'paused' | 'failed' | 'resting';
  /** What it says of itself. */
  readonly text: string;
  /** Nodes in flight that a person has paused; absent when there are none. */
  readonly paused?: readonly string[];
}

/** As `lynq rollout status -w` judges it; whether the nodes that it has brought to the form are Ready is told by the nodes. */
export function rolloutPlace(form: LynqForm): RolloutPlace {
  const gate = rolloutGate(form.spec.rollout);
  const rollout = currentRollout(form);
  const text = rollout?.message ?? 'the worker has not seen it yet';
  const state = rolloutState(form);
  if (state === 'failed') return { kind: 'failed', text };
  const hasReachedAll = rollout?.inFlight?.length === 0 && rollout.updatedNodes === rollout.totalNodes;
  if (state === 'ended' || hasReachedAll) return { kind: 'over', text };
  const isPaused = gate.kind === 'gated' && gate.settings.paused && rollout !== undefined;
  return { kind: isPaused ? 'paused' : 'underWay', text };
}

/** A form and its nodes. */
export interface FormPlace {
  readonly form: string;
  readonly rollout: RolloutPlace;
  readonly nodes: Readonly<Record<NodePlace, readonly JsonObject[]>>;
}

export interface FormFacts {
  readonly form: LynqForm;
  readonly revision: string;
  /** Of this form, those that are being deleted left out. */
  readonly nodes: readonly JsonObject[];
  readonly hub: JsonObject;
}

/** With what it waits for of nodes that are paused; no deadline of its own holds once there is nothing else. */
function withPaused(rollout: RolloutPlace, { form, revision, nodes }: Omit<FormFacts, 'hub'>): RolloutPlace {
  const paused = pausedInFlight(form, nodes);
  if (rollout.kind !== 'underWay' || paused.length === 0) return rollout;
  const isElsewhere = nodes.map(nodeDigest).some((node) => !node.paused && !rolloutNode(node, revision).onTarget);
  const isResting = paused.length === currentRollout(form)?.inFlight?.length && !isElsewhere;
  return { ...rollout, ...(isResting ? { kind: 'resting' as const } : {}), paused };
}

export function formPlace({ form, revision, nodes, hub }: FormFacts): FormPlace {
  const rollout = withPaused(rolloutPlace(form), { form, revision, nodes });
  const isGated = rolloutGate(form.spec.rollout).kind === 'gated';
  const mayStay = rollout.kind === 'paused' || (!isGated && hasRowsLeftAlone(hub));
  const placed = nodes.map((node) => [nodePlace(node, revision, mayStay), node] as const);
  const at = (place: NodePlace): readonly JsonObject[] =>
    placed.flatMap(([one, node]) => (one === place ? [node] : []));
  return {
    form: form.metadata.name,
    rollout,
    nodes: Object.fromEntries(places.map((place) => [place, at(place)])) as FormPlace['nodes'],
  };
}

const rowsOf = (hub: JsonObject, what: 'frozen' | 'held'): number => numberAt(hub, 'status', 'rows', what) ?? 0;

/** Whether the last sync has left nodes of some rows as they were. */
function hasRowsLeftAlone(hub: JsonObject): boolean {
  return rowsOf(hub, 'frozen') + rowsOf(hub, 'held') > 0 || isTrue(hub, 'SourceChanged');
}

/** All nodes of the forms at these places. */
export function nodesAt(forms: readonly FormPlace[], ...wanted: readonly NodePlace[]): readonly JsonObject[] {
  return forms.flatMap(({ nodes }) => wanted.flatMap((place) => nodes[place]));
}

/** Whether nothing more will come about: a node that waits for a node that has failed is not waited for. */
export function isOver(forms: readonly FormPlace[]): boolean {
  if (forms.some(({ rollout }) => rollout.kind === 'underWay')) return false;
  if (nodesAt(forms, 'waiting').length > 0) return false;
  return nodesAt(forms, 'behind').length === 0 || nodesAt(forms, 'failed').length > 0;
}

/** `3/8 nodes done, 1 failed, waiting for acme-web 1/2 resources ready`. */
export function progressText(forms: readonly FormPlace[]): string {
  const [ready, failed] = [nodesAt(forms, 'ready').length, nodesAt(forms, 'failed').length];
  const open = nodesAt(forms, 'waiting', 'behind');
  const rolling = forms.find(({ rollout }) => rollout.kind === 'underWay');
  const last = open.at(-1);
  const [paused] = rolling?.rollout.paused ?? [];
  const what =
    rolling === undefined
      ? `${last === undefined ? '' : `${nameOf(last)} ${countsOf(last)}`}`
      : `the rollout of ${rolling.form}: ${rolling.rollout.text}${paused === undefined ? '' : `; ${paused} is paused: lynq resume node/${paused}`}`;
  return `${ready}/${ready + failed + open.length} nodes done${failed === 0 ? '' : `, ${failed} failed`}, waiting for ${what}`;
}

/** What does not come about and is no failure, in one line; undefined for nothing. */
export function leftAlone(hub: JsonObject, forms: readonly FormPlace[]): string | undefined {
  const parts = [
    counted(rowsOf(hub, 'frozen'), 'frozen row'),
    counted(rowsOf(hub, 'held'), 'row') === '' ? '' : `${counted(rowsOf(hub, 'held'), 'row')} held for deletion`,
    isTrue(hub, 'SourceChanged') ? 'what another source says' : '',
    counted(nodesAt(forms, 'paused').length, 'paused node'),
  ].filter((text) => text !== '');
  return parts.length === 0 ? undefined : `left as it is: ${parts.join(', ')}`;
}
