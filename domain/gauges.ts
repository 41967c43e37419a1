import { at, type JsonObject, listAt, numberAt, textAt } from './api/json.ts';
import { expectedInterval, isResting } from './hub-timing.ts';
import type { LynqNodeStatus, ResourceStatus } from './api/node.ts';

/**
 * What the status of hubs, forms and nodes comes to in numbers (parity 7.1). They are read off the objects that exist when they are asked for, so that
 * no series outlives its object.
 */

/** Numbers of a LynqNode's status that metrics show. */
export interface NodeCounts {
  readonly ready: number;
  readonly desired: number;
  readonly failed: number;
  readonly conflicted: number;
  /** By condition type: 0 False, 1 True, 2 Unknown. */
  readonly conditions: Readonly<Record<string, number>>;
  /** Reason of a True condition Degraded. */
  readonly degraded: string | undefined;
}

export interface HubCounts {
  readonly desired: number;
  readonly ready: number;
  readonly failed: number;
  /** Rows of the last complete sync by what became of them; empty before the first. */
  readonly rows: Readonly<Record<string, number>>;
  /** Unix seconds of the end of the last complete sync. */
  readonly lastSync: number | undefined;
  /** Seconds between two syncs that are to be; 0 where nobody is to sync it. */
  readonly interval: number;
  /** Nobody is to read it now, so that what its last read came to says nothing. */
  readonly resting: boolean;
  readonly conditions: Readonly<Record<string, number>>;
}

export interface RolloutCounts {
  readonly updating: number;
  /** 0 Idle, 1 InProgress, 2 Failed, 3 Complete. */
  readonly phase: number;
  /** Ready nodes of the target generation, of all, in percent. */
  readonly progress: number;
}

/**
 * Whether an installation has gauges of a hub, its forms and its nodes: each hub is told of by the one that acts for it, so that two in one cluster do
 * not count it twice. One that nobody acts for yet, or whose holder is gone, is told of by all: else it would be by none.
 */
export function isToldBy(installation: string, holder: string | undefined, gone: ReadonlySet<string>): boolean {
  return holder === undefined || holder === installation || gone.has(holder);
}

const conditionNumbers: Readonly<Record<string, number>> = { False: 0, True: 1 };
const unknownCondition = 2;

function conditionsOf(object: JsonObject): Readonly<Record<string, number>> {
  return Object.fromEntries(
    listAt(object, 'status', 'conditions').map((item) => [
      textAt(item, 'type') ?? '',
      conditionNumbers[textAt(item, 'status') ?? ''] ?? unknownCondition,
    ]),
  );
}

function degradedReason(object: JsonObject): string | undefined {
  const found = listAt(object, 'status', 'conditions').find((item) => textAt(item, 'type') === 'Degraded');
  return textAt(found, 'status') === 'True' ? textAt(found, 'reason') : undefined;
}

const statusNumber = (object: JsonObject, name: string): number => numberAt(object, 'status', name) ?? 0;

export function nodeCounts(node: JsonObject): NodeCounts {
  return {
    ready: statusNumber(node, 'readyResources'),
    desired: statusNumber(node, 'desiredResources'),
    failed: statusNumber(node, 'failedResources'),
    conflicted: listAt(node, 'status', 'resources').filter((item) => textAt(item, 'state') === 'Conflicted').length,
    conditions: conditionsOf(node),
    degraded: degradedReason(node),
  };
}

const rowOutcomes = ['seen', 'active', 'inactive', 'repeated', 'provisioned', 'waiting', 'failed', 'frozen', 'held'];

function rowsOf(hub: JsonObject): Readonly<Record<string, number>> {
  if (at(hub, 'status', 'rows') === undefined) return {};
  return Object.fromEntries(rowOutcomes.map((outcome) => [outcome, numberAt(hub, 'status', 'rows', outcome) ?? 0]));
}

export function hubCounts(hub: JsonObject): HubCounts {
  const synced = Date.parse(textAt(hub, 'status', 'lastSyncTime') ?? '');
  return {
    desired: statusNumber(hub, 'desired'),
    ready: statusNumber(hub, 'ready'),
    failed: statusNumber(hub, 'failed'),
    rows: rowsOf(hub),
    lastSync: Number.isNaN(synced) ? undefined : synced / 1_000,
    interval: expectedInterval(hub),
    resting: isResting(hub),
    conditions: conditionsOf(hub),
  };
}

const phaseNumbers: Readonly<Record<string, number>> = { Idle: 0, InProgress: 1, Failed: 2, Complete: 3 };

/** Undefined while the form limits no rollout: then there are no such series (parity 3.9). */
export function rolloutCounts(form: JsonObject): RolloutCounts | undefined {
  if (at(form, 'status', 'rollout') === undefined) return undefined;
  const number = (name: string) => numberAt(form, 'status', 'rollout', name) ?? 0;
  const total = number('totalNodes');
  return {
    updating: number('updatingNodes'),
    phase: phaseNumbers[textAt(form, 'status', 'rollout', 'phase') ?? ''] ?? 0,
    progress: total === 0 ? 0 : (number('readyUpdatedNodes') / total) * 100,
  };
}

/** Entries that are Conflicted and were not before: a conflict that lasts counts once. */
export function newConflicts(before: LynqNodeStatus | undefined, after: LynqNodeStatus): readonly ResourceStatus[] {
  const known = new Set(before?.resources?.flatMap(({ id, state }) => (state === 'Conflicted' ? [id] : [])));
  return (after.resources ?? []).filter(({ id, state }) => state === 'Conflicted' && !known.has(id));
}
