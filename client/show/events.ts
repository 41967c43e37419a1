import type { Json, JsonObject } from '../../domain/api/json.ts';
import { listAt, numberAt, textAt } from '../../domain/api/json.ts';
import { isLynqFailure } from '../../domain/failures.ts';
import type { Cluster } from '../../domain/ports.ts';
import { ageSince } from '../output/age.ts';
import { indent, section, texts } from '../output/sections.ts';

/** What is known of the events of an object: a right of its own is needed to read them. */
export type SeenEvents =
  | { readonly kind: 'seen'; readonly events: readonly JsonObject[] }
  | { readonly kind: 'unseen'; readonly why: string };

/** Events about this very object, not about an earlier one of the same name; oldest first. */
export async function readEvents(cluster: Cluster, object: JsonObject): Promise<SeenEvents> {
  try {
    return { kind: 'seen', events: await listEvents(cluster, object) };
  } catch (error) {
    if (!isLynqFailure(error) || error.type !== 'ClusterForbidden') throw error;
    return { kind: 'unseen', why: error.message };
  }
}

async function listEvents(cluster: Cluster, object: JsonObject): Promise<readonly JsonObject[]> {
  const namespace = textAt(object, 'metadata', 'namespace') ?? 'default';
  const fields = {
    kind: textAt(object, 'kind'),
    name: textAt(object, 'metadata', 'name'),
    uid: textAt(object, 'metadata', 'uid'),
  };
  const fieldSelector = Object.entries(fields)
    .map(([field, value]) => `involvedObject.${field}=${value ?? ''}`)
    .join(',');
  const events = await cluster.list({ apiVersion: 'v1', kind: 'Event' }, { namespace, fieldSelector });
  return events.toSorted((a, b) => (lastSeen(a) ?? '').localeCompare(lastSeen(b) ?? ''));
}

export function lastSeen(event: Json): string | undefined {
  return (
    textAt(event, 'series', 'lastObservedTime') ??
    textAt(event, 'lastTimestamp') ??
    textAt(event, 'eventTime') ??
    textAt(event, 'metadata', 'creationTimestamp')
  );
}

/** `5m`, or `5m (x3 over 10m)` for one that came again, as kubectl prints it. */
export function eventAge(event: Json, now: Date): string {
  const count = numberAt(event, 'series', 'count') ?? numberAt(event, 'count') ?? 1;
  const first = textAt(event, 'firstTimestamp') ?? textAt(event, 'eventTime');
  const age = ageSince(lastSeen(event), now);
  return count > 1 && first !== undefined ? `${age} (x${count} over ${ageSince(first, now)})` : age;
}

export function eventsSection(seen: SeenEvents, now: Date): string {
  if (seen.kind === 'unseen') return `\nEvents:\n${indent(`<not shown> ${seen.why}\n`)}`;
  return section('Events', ['TYPE', 'REASON', 'AGE', 'FROM', 'MESSAGE'], seen.events, (event) => [
    ...texts(event, 'type', 'reason'),
    eventAge(event, now),
    textAt(event, 'source', 'component') || textAt(event, 'reportingComponent') || '-',
    ...texts(event, 'message'),
  ]);
}

export function conditionsSection(object: JsonObject, now: Date): string {
  const conditions = listAt(object, 'status', 'conditions');
  return section('Conditions', ['TYPE', 'STATUS', 'REASON', 'AGE', 'MESSAGE'], conditions, (condition) => [
    ...texts(condition, 'type', 'status', 'reason'),
    ageSince(textAt(condition, 'lastTransitionTime'), now),
    ...texts(condition, 'message'),
  ]);
}

/** `2026-11-22T11:50:00Z (10m ago)` */
export function timeAndAge(time: string | undefined, now: Date): string {
  return time === undefined ? '<unknown>' : `${time} (${ageSince(time, now)} ago)`;
}
