import type { LynqNodeStatus, ResourceStatus } from './api/node.ts';
import type { ConflictPolicy, ResourceList } from './api/resource.ts';
import { countedForNode } from './events.ts';
import { goDuration } from './go-text.ts';
import { type NodeIdentity, oneFormEach } from './ownership.ts';
import type { EventDraft, RefusedReason } from './ports.ts';
import { countStates, isMoving } from './status.ts';

/**
 * The Events that follow from a change of a node's status (parity 6.2). Decided from the status before and after, which is durable: each fact is
 * told when the status first says it, and not again by a later pass, a retried activity or a restarted worker.
 */

/** What an event has to know of an entry besides its status. */
export interface EventEntry {
  readonly id: string;
  readonly list: ResourceList;
  readonly namespace: string | undefined;
  readonly conflictPolicy: ConflictPolicy;
  readonly dependIds: readonly string[];
  readonly skipOnDependencyFailure: boolean;
  readonly timeoutSeconds: number;
  /** The retained entry that needs this one, where the form itself says Delete. */
  readonly retainedBecause: string | undefined;
  /** A retained object of another form of the row names this one. */
  readonly neededElsewhere: boolean;
  /** What the entry says of its namespace is not followed (kept-places.ts). */
  readonly staysHere: boolean;
}

export interface NodeTransition {
  readonly identity: NodeIdentity;
  /** `metadata.generation` of the form this node was last written from. */
  readonly generation: string;
  readonly before: LynqNodeStatus | undefined;
  readonly after: LynqNodeStatus;
  readonly entries: readonly EventEntry[];
  /** Entries written since the last event about the outcome. */
  readonly changed: number;
}

/** Facts by a key that stays while the fact does. */
type Facts = ReadonlyMap<string, EventDraft>;
type Fact = readonly [key: string, draft: EventDraft];

const warning = (reason: string, message: string): EventDraft => ({ type: 'Warning', reason, message });

/** Waits that people have to end; a missing namespace or dependency is the ordinary course of a start. */
const refusedWaits: ReadonlySet<string> = new Set<RefusedReason>([
  'MissingKind',
  'QuotaExceeded',
  'Forbidden',
  'AdmissionDenied',
]);

/** Failures of a live object that our write did not cause. */
const refusals: ReadonlySet<string> = new Set<
  RefusedReason | 'InvalidName' | 'NotText' | 'DuplicateObject' | 'NotSupported'
>(['Invalid', 'Immutable', 'TooLarge', 'InvalidName', 'NotText', 'DuplicateObject', 'NotSupported']);

function conflictText(resource: ResourceStatus, entry: EventEntry | undefined): string {
  const place = `${entry?.namespace ?? ''}/${resource.name}`;
  const { kind, message = '' } = resource;
  const advice = message.endsWith(oneFormEach)
    ? 'ConflictPolicy=Force does not take it: resolve the conflict manually.'
    : 'Consider using ConflictPolicy=Force to take ownership or resolve the conflict manually.';
  return `Resource conflict detected for ${place} (Kind: ${kind}, Policy: ${entry?.conflictPolicy ?? 'Stuck'}). Another controller or user may be managing this resource. ${advice} Error: ${message}`;
}

function failedFact(resource: ResourceStatus, view: StatusView): Fact {
  const { id, reason = '', message = '' } = resource;
  if (reason === 'TemplateRenderError') {
    return [`render/${id}/${message}`, warning(reason, `Failed to render resource ${id}: ${message}`)];
  }
  if (reason === 'ReadinessTimeout') {
    const timeout = view.entries.get(id)?.timeoutSeconds ?? 0;
    const elapsed = view.elapsed(resource) ?? timeout;
    const text = `Resource '${id}' not ready after ${goDuration(elapsed)} (timeout: ${goDuration(timeout)})`;
    return [`timeout/${id}`, warning(reason, text)];
  }
  if (refusals.has(reason)) return applyFact(resource);
  return [`failed/${id}/${reason}`, warning('ResourceFailed', `Resource '${id}' failed: ${reason}: ${message}`)];
}

function applyFact({ id, reason = '', message = '' }: ResourceStatus): Fact {
  return [`apply/${id}/${reason}/${message}`, warning('ApplyFailed', `Failed to apply resource ${id}: ${message}`)];
}

interface StatusView {
  readonly entries: ReadonlyMap<string, EventEntry>;
  readonly states: ReadonlyMap<string, ResourceStatus>;
  /** Seconds an entry was on its way before its present state, where that is known. */
  readonly elapsed: (resource: ResourceStatus) => number | undefined;
}

const failedStates: ReadonlySet<string> = new Set(['Failed', 'Conflicted', 'Skipped']);

function failedDependency(id: string, { entries, states }: StatusView): string | undefined {
  return entries.get(id)?.dependIds.find((dependency) => failedStates.has(states.get(dependency)?.state ?? ''));
}

function skippedFact({ id }: ResourceStatus, view: StatusView): Fact {
  const dependency = failedDependency(id, view) ?? '';
  const text = `Resource '${id}' skipped because dependency '${dependency}' failed. Set skipOnDependencyFailure=false to create anyway.`;
  return [`skipped/${id}/${dependency}`, warning('DependencySkipped', text)];
}

function proceedingFact({ id }: ResourceStatus, view: StatusView): readonly Fact[] {
  if (view.entries.get(id)?.skipOnDependencyFailure !== false) return [];
  const dependency = failedDependency(id, view);
  if (dependency === undefined) return [];
  const text = `Dependency '${dependency}' failed, but creating resource '${id}' anyway (skipOnDependencyFailure=false)`;
  return [[`proceeding/${id}/${dependency}`, warning('DependencyFailedButProceeding', text)]];
}

function factsOfResource(resource: ResourceStatus, view: StatusView): readonly Fact[] {
  const others = proceedingFact(resource, view);
  switch (resource.state) {
    case 'Failed':
      return [failedFact(resource, view), ...others];
    case 'Conflicted':
      return [
        [
          `conflict/${resource.id}/${resource.message ?? ''}`,
          warning('ResourceConflict', conflictText(resource, view.entries.get(resource.id))),
        ],
        ...others,
      ];
    case 'Skipped':
      return [skippedFact(resource, view)];
    case 'Waiting':
      return refusedWaits.has(resource.reason ?? '') ? [applyFact(resource), ...others] : [];
    default:
      return others;
  }
}

function standingFacts(
  status: LynqNodeStatus | undefined,
  { entries, before }: Pick<NodeTransition, 'entries' | 'before'>,
): Facts {
  const resources = status?.resources ?? [];
  const began = new Map((before?.resources ?? []).map(({ id, state, since }) => [id, { state, since }]));
  const view: StatusView = {
    entries: new Map(entries.map((entry) => [entry.id, entry])),
    states: new Map(resources.map((resource) => [resource.id, resource])),
    elapsed: ({ id, since }) => {
      const earlier = began.get(id);
      return earlier?.state === 'Progressing' ? (Date.parse(since) - Date.parse(earlier.since)) / 1000 : undefined;
    },
  };
  return new Map(resources.flatMap((resource) => factsOfResource(resource, view)));
}

function isSettled(status: LynqNodeStatus | undefined): status is LynqNodeStatus {
  return status?.resources !== undefined && !isMoving(status.resources);
}

function outcomeKey(status: LynqNodeStatus): string {
  const { ready, failed } = countStates(status.resources ?? []);
  return `${status.observedInput}/${ready}/${failed}`;
}

function applyingEvent({
  identity,
  generation,
  before,
  after,
  entries,
  changed,
}: NodeTransition): readonly EventDraft[] {
  const begins = before?.observedInput !== after.observedInput && (changed > 0 || isMoving(after.resources ?? []));
  if (!begins) return [];
  const { form, hub, uid, namespace } = identity;
  const list = countedForNode(entries.map((entry) => entry.list));
  const message = `Applying resources from LynqForm '${form}' (generation: ${generation}). Reconciling ${entries.length} total resources: ${list}. Hub: ${hub}, LynqNode UID: ${uid}, Namespace: ${namespace}. Resources will be applied in dependency order with readiness checks.`;
  return [{ type: 'Normal', reason: 'TemplateResourcesApplying', message }];
}

/** Whether a transition ends what was begun: then the count of changed entries starts anew. */
export function endsPass({ before, after, changed }: NodeTransition): boolean {
  if (changed === 0 || !isSettled(after)) return false;
  return !isSettled(before) || outcomeKey(before) !== outcomeKey(after);
}

function outcomeEvent(transition: NodeTransition): readonly EventDraft[] {
  if (!endsPass(transition)) return [];
  const { identity, generation, after, changed } = transition;
  const { form, hub, uid, namespace } = identity;
  const { ready, failed, desired } = countStates(after.resources ?? []);
  if (failed === 0 && ready === desired) {
    const message = `Successfully applied LynqForm '${form}' (generation: ${generation}). All ${desired} resources reconciled successfully (${changed} changed, ${ready} ready). Hub: ${hub}, LynqNode UID: ${uid}, Namespace: ${namespace}. All resources are now in desired state.`;
    return [{ type: 'Normal', reason: 'TemplateAppliedSuccess', message }];
  }
  if (failed === 0) return [];
  const message = `Applied LynqForm '${form}' (generation: ${generation}) with partial success. Changed: ${changed}, Ready: ${ready}, Failed: ${failed} out of ${desired} total resources. Hub: ${hub}, LynqNode UID: ${uid}. Failed resources require attention.`;
  return [warning('TemplateAppliedPartial', message)];
}

function keptFor(id: string | undefined): string | undefined {
  return id === undefined ? undefined : `'${id}' is retained and needs it`;
}

function retainedEvents({ before, after, entries }: NodeTransition): readonly EventDraft[] {
  const policyIn = (status: LynqNodeStatus | undefined, id: string) =>
    status?.inventory?.find((entry) => entry.id === id)?.policy;
  return entries.flatMap(({ id, retainedBecause, neededElsewhere }): readonly EventDraft[] => {
    const keeper = neededElsewhere ? 'a retained object of another form needs it' : keptFor(retainedBecause);
    if (keeper === undefined || policyIn(after, id) !== 'Retain' || policyIn(before, id) === 'Retain') return [];
    const message = `Resource '${id}' will be retained although its policy is Delete: ${keeper}`;
    return [{ type: 'Normal', reason: 'RetainedAsDependency', message }];
  });
}

function placeEvents({ identity, before, after, entries }: NodeTransition): readonly EventDraft[] {
  const isSaid = (status: LynqNodeStatus | undefined, id: string): boolean =>
    status?.inventory?.some(
      (item) => item.id === id && item.ignoredNamespace !== undefined && item.uid !== undefined,
    ) === true;
  const fresh = entries.filter(({ id, staysHere }) => staysHere && isSaid(after, id) && !isSaid(before, id));
  return fresh.map(({ id }) => {
    const message = `Resource '${id}' stays in namespace ${identity.namespace}, where it was made: its spec.metadata.namespace is not followed. Remove that, or write targetNamespace to move the object`;
    return warning('NamespaceNotFollowed', message);
  });
}

/** The first problem of rendering, for the hub, when the node had none before. */
export function renderFailure({ before, after }: NodeTransition): string | undefined {
  const problem = (status: LynqNodeStatus | undefined) =>
    status?.resources?.find(({ reason }) => reason === 'TemplateRenderError')?.message;
  const found = problem(after);
  return found === problem(before) ? undefined : found;
}

/** The Events on a LynqNode that one change of its status gives, in the order in which they happened. */
export function nodeEvents(transition: NodeTransition): readonly EventDraft[] {
  const known = standingFacts(transition.before, transition);
  const fresh = [...standingFacts(transition.after, transition)].filter(([key]) => !known.has(key));
  return [
    ...applyingEvent(transition),
    ...retainedEvents(transition),
    ...placeEvents(transition),
    ...fresh.map(([, draft]) => draft),
    ...outcomeEvent(transition),
  ];
}
