import type { Condition, ConditionStatus } from './api/meta.ts';
import type { CreationAttempt, InventoryEntry, LynqNodeStatus, ResourceStatus } from './api/node.ts';

/** What kubectl shows of a node: counters and conditions are derived once, here, from the state of each entry (parity 6.1). */

export interface Counts {
  readonly desired: number;
  readonly ready: number;
  readonly failed: number;
  readonly conflicted: number;
  readonly skipped: number;
}

/** A conflicted entry is a failed one too, as in the Go operator; a skipped one is not. */
export function countStates(resources: readonly ResourceStatus[]): Counts {
  const having = (...states: readonly string[]) => resources.filter(({ state }) => states.includes(state)).length;
  return {
    desired: resources.length,
    ready: having('Ready'),
    failed: having('Failed', 'Conflicted'),
    conflicted: having('Conflicted'),
    skipped: having('Skipped'),
  };
}

interface Draft {
  readonly type: string;
  readonly status: ConditionStatus;
  readonly reason: string;
  readonly message: string;
}

/** Reason of condition Ready when it is True, and never otherwise: columns of a table have the reason alone. */
export const readyReason = 'Reconciled';

/** A conflict counts as a failure too, so the reason for conflicts alone of parity 6.1 never comes up, as in the Go operator. */
function readyDraft({ desired, ready, failed, conflicted }: Counts): Draft {
  const no = { type: 'Ready', status: 'False' as const };
  if (conflicted > 0) {
    const message = `${failed} resources failed and ${conflicted} resources in conflict`;
    return { ...no, reason: 'ResourcesFailedAndConflicted', message };
  }
  if (failed > 0) return { ...no, reason: 'ResourcesFailed', message: `${failed} resources failed` };
  if (ready < desired) {
    return { ...no, reason: 'NotAllResourcesReady', message: `Not all resources are ready: ${ready}/${desired} ready` };
  }
  return { type: 'Ready', status: 'True', reason: readyReason, message: 'Successfully reconciled all resources' };
}

function degradedDraft({ desired, ready, failed, conflicted }: Counts): Draft {
  const yes = { type: 'Degraded', status: 'True' as const };
  if (conflicted > 0) {
    const message = `LynqNode has ${failed} failed and ${conflicted} conflicted resources`;
    return { ...yes, reason: 'ResourceFailuresAndConflicts', message };
  }
  if (failed > 0) return { ...yes, reason: 'ResourceFailures', message: `LynqNode has ${failed} failed resources` };
  if (ready < desired) {
    return { ...yes, reason: 'ResourcesNotReady', message: `Not all resources are ready: ${ready}/${desired} ready` };
  }
  return { type: 'Degraded', status: 'False', reason: 'Healthy', message: 'All resources are healthy' };
}

function conflictedDraft({ conflicted }: Counts): Draft {
  if (conflicted === 0) {
    return { type: 'Conflicted', status: 'False', reason: 'NoConflict', message: 'No resource conflicts detected' };
  }
  const message = 'One or more resources are in conflict. Check events for details.';
  return { type: 'Conflicted', status: 'True', reason: 'ResourceConflict', message };
}

function progressingDraft(moving: boolean): Draft {
  return moving
    ? { type: 'Progressing', status: 'True', reason: 'Reconciling', message: 'Reconciling changed resources' }
    : { type: 'Progressing', status: 'False', reason: 'ReconcileComplete', message: 'Reconciliation completed' };
}

/** A condition keeps its transition time while its status does; the clock is an argument. */
export function settleConditions(
  previous: readonly Condition[],
  drafts: readonly Draft[],
  at: { readonly now: Date; readonly generation: number },
): readonly Condition[] {
  return drafts.map((draft) => {
    const before = previous.find(({ type }) => type === draft.type);
    const kept = before?.status === draft.status ? before.lastTransitionTime : isoSeconds(at.now);
    return { ...draft, observedGeneration: at.generation, lastTransitionTime: kept };
  });
}

/** RFC 3339 with whole seconds, as Kubernetes writes times. */
export function isoSeconds(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}

/** `Kind/namespace/name@id` of an object that exists (parity 1.5); cluster-scoped kinds have an empty namespace. */
export function appliedKey(entry: InventoryEntry): string {
  return `${entry.kind}/${entry.namespace ?? ''}/${entry.name}@${entry.id}`;
}

export interface NodeStatusFacts {
  readonly previous: LynqNodeStatus | undefined;
  readonly generation: number;
  readonly resources: readonly ResourceStatus[];
  readonly inventory: readonly InventoryEntry[];
  readonly observedInput: string | undefined;
  /** When all objects of the node were last read and corrected, as far as it is known here. */
  readonly comparedAt: Date | undefined;
  /** The creation that is under way or was taken back (creation.ts). */
  readonly attempt?: CreationAttempt | undefined;
  /** Forms that this node depends on. */
  readonly dependsOn?: readonly string[];
  /** Further conditions, such as Overridden; one that is not named any more goes. */
  readonly extra: readonly Draft[];
  readonly now: Date;
}

const movingStates: ReadonlySet<string> = new Set(['Pending', 'Waiting', 'Progressing', 'Deleting']);

/** Whether anything is still on its way. */
export function isMoving(resources: readonly ResourceStatus[]): boolean {
  return resources.some(({ state }) => movingStates.has(state));
}

/** The later of what is known and what was said. The first pass that comes to an end has read or written all objects itself. */
function lastFullReconcile({ previous, comparedAt, resources, now }: NodeStatusFacts): LynqNodeStatus {
  const said = previous?.lastFullReconcileAt;
  const known = said === undefined ? (isMoving(resources) ? undefined : now) : comparedAt;
  const later = known !== undefined && (said === undefined || known.getTime() > Date.parse(said));
  if (later) return { lastFullReconcileAt: isoSeconds(known) };
  return said === undefined ? {} : { lastFullReconcileAt: said };
}

/** The complete status of a node. Equal facts give an equal status, so that an unchanged one need not be written. */
export function nodeStatus(facts: NodeStatusFacts): LynqNodeStatus {
  const counts = countStates(facts.resources);
  const drafts = [
    readyDraft(counts),
    progressingDraft(isMoving(facts.resources)),
    conflictedDraft(counts),
    degradedDraft(counts),
    ...facts.extra,
  ];
  const inventory = facts.inventory.toSorted((left, right) => (left.id < right.id ? -1 : 1));
  return {
    observedGeneration: facts.generation,
    readyResources: counts.ready,
    desiredResources: counts.desired,
    failedResources: counts.failed,
    skippedResources: counts.skipped,
    skippedResourceIds: facts.resources.filter(({ state }) => state === 'Skipped').map(({ id }) => id),
    appliedResources: inventory.filter(({ uid }) => uid !== undefined).map(appliedKey),
    conditions: [
      ...settleConditions(facts.previous?.conditions ?? [], drafts, { now: facts.now, generation: facts.generation }),
    ],
    ...lastFullReconcile(facts),
    inventory: [...inventory],
    resources: [...facts.resources],
    ...(facts.observedInput === undefined ? {} : { observedInput: facts.observedInput }),
    ...(facts.attempt === undefined ? {} : { attempt: facts.attempt }),
    ...(facts.dependsOn?.length ? { dependsOn: [...facts.dependsOn] } : {}),
  };
}

/** What condition Degraded says of a node that cannot be judged: the Go operator has a reason of its own for a form without an order (parity 6.1). */
function unusableDraft(why: { readonly reason: string; readonly message: string }): Draft {
  const degraded = { type: 'Degraded', status: 'True' as const };
  if (why.reason !== 'DependencyError') return { ...degraded, ...why };
  return { ...degraded, reason: 'DependencyCycle', message: 'Dependency cycle detected in resource graph' };
}

/**
 * Status of a node whose entries cannot be judged at all: counts, record and states stay, conditions Ready and Degraded say why. Undefined when the
 * last status says so already.
 */
export function unusableStatus(
  previous: LynqNodeStatus | undefined,
  why: { readonly reason: string; readonly message: string },
  at: { readonly now: Date; readonly generation: number },
): LynqNodeStatus | undefined {
  const conditions = previous?.conditions ?? [];
  if (
    conditions.some(({ type, reason, message }) => type === 'Ready' && reason === why.reason && message === why.message)
  )
    return undefined;
  const said = settleConditions(conditions, [{ type: 'Ready', status: 'False', ...why }, unusableDraft(why)], at);
  const others = conditions.filter(({ type }) => said.every((one) => one.type !== type));
  return { ...previous, conditions: [...said, ...others] };
}
