import type { Json, JsonObject } from '../../domain/api/json.ts';
import { listAt, numberAt, textAt } from '../../domain/api/json.ts';
import { hubOf } from '../../domain/node-edits.ts';
import type { NodeRunState } from '../engine.ts';
import { conditionOf } from '../kinds.ts';
import { ageSince, formatAge } from '../output/age.ts';
import { indent } from '../output/sections.ts';
import { formatRows } from '../output/table.ts';
import { fateOf, placeOf } from '../records.ts';
import { eventAge } from '../show/events.ts';
import type { ObjectFacts } from './gather.ts';
import { dependenciesOf, whatNext } from './next.ts';

/** An entry of the node with all that was found out about it. */
export interface Explained {
  readonly resource: Json;
  readonly recorded: Json | undefined;
  readonly entry: Json | undefined;
  readonly dependents: readonly string[];
  readonly object: ObjectFacts;
}

/** What Temporal says; `why` where it could not be asked. */
export type RunFacts =
  | { readonly kind: 'run'; readonly run: NodeRunState | undefined; readonly page: string | undefined }
  | { readonly kind: 'unknown'; readonly why: string };

export interface Explanation {
  readonly node: JsonObject;
  /** Why nothing goes on at all: paused, released, another operator. */
  readonly stops: readonly string[];
  readonly entries: readonly Explained[];
  /** Entries that only wait for one of these. */
  readonly waiting: readonly Json[];
  /** Records of objects that no entry names any more. */
  readonly leftovers: readonly Json[];
  readonly run: RunFacts;
  readonly now: Date;
}

export function explanationText(explanation: Explanation): string {
  const { node, stops, entries, waiting, leftovers, now } = explanation;
  const blocks = entries.map((entry) => entryText(explanation, entry));
  const behind = waiting.map((resource) => [
    text(resource, 'id'),
    `${text(resource, 'kind')} ${text(resource, 'name')}`,
    text(resource, 'message') || text(resource, 'reason'),
  ]);
  const going = leftovers.map((record) => [text(record, 'id'), placeOf(record), fateOf(record, node)]);
  return [
    heading(node, now),
    ...stops.map((stop) => `  ${stop}\n`),
    ...blocks.map((block) => `\n${block}`),
    behind.length === 0 ? '' : `\nBehind these:\n${indent(formatRows(behind))}`,
    going.length === 0 ? '' : `\nTo be removed:\n${indent(formatRows(going))}`,
    `\n${runText(explanation)}`,
  ].join('');
}

function heading(node: JsonObject, now: Date): string {
  const name = `LynqNode ${textAt(node, 'metadata', 'namespace')}/${textAt(node, 'metadata', 'name')}`;
  const deleting = textAt(node, 'metadata', 'deletionTimestamp');
  if (deleting !== undefined) {
    return `${name} is being deleted for ${ageSince(deleting, now)} (since ${deleting}): it stays until its objects are proven gone\n`;
  }
  const ready = conditionOf(node, 'Ready');
  if (ready === undefined) return `${name} was not looked at yet\n`;
  const count = (field: string): number => numberAt(node, 'status', field) ?? 0;
  const counts = `${count('readyResources')}/${count('desiredResources')} resources ready`;
  const since = textAt(ready, 'lastTransitionTime');
  const when = `for ${ageSince(since, now)} (since ${since ?? '<unknown>'})`;
  if (textAt(ready, 'status') === 'True') return `${name} is Ready ${when}: ${counts}\n`;
  return `${name} is NotReady ${when}: ${counts}\n  ${text(ready, 'reason')}: ${text(ready, 'message')}\n`;
}

function entryText({ node, stops, now }: Explanation, explained: Explained): string {
  const { resource, recorded, entry, dependents, object } = explained;
  const space = textAt(recorded, 'namespace');
  const place = `${text(resource, 'kind')} ${space === undefined ? '' : `${space}/`}${text(resource, 'name')}`;
  const why = [text(resource, 'reason'), text(resource, 'message')].filter((part) => part !== '').join(': ');
  const [name = '', namespace = ''] = ['name', 'namespace'].map((key) => textAt(node, 'metadata', key));
  const resources = listAt(node, 'status', 'resources');
  const facts = { node: name, namespace, now, resource, resources, entry, dependents };
  const since = textAt(resource, 'since');
  const isStopped = stops.length > 0 && textAt(resource, 'state') !== 'Deleting';
  const needs = needsText(node, dependenciesOf(entry));
  const rows = [
    ['state:', `${text(resource, 'state')} for ${ageSince(since, now)} (since ${since ?? '<unknown>'})`],
    ...(why === '' ? [] : [['why:', why]]),
    ...(needs === '' ? [] : [['needs:', needs]]),
    ...object.conditions.map((condition) => ['condition:', conditionText(condition, now)]),
    ...object.pods.map(({ name, why: trouble }) => ['pod:', `${name} ${trouble}`]),
    ...object.events.map((event) => ['event:', eventText(event, now)]),
    ...object.unseen.map((what) => ['not seen:', what]),
    ['next:', isStopped ? 'nothing before that, see above' : whatNext(facts)],
  ];
  return `${text(resource, 'id')}   ${place}\n${indent(formatRows(rows))}`;
}

function needsText(node: JsonObject, ids: readonly string[]): string {
  const resources = listAt(node, 'status', 'resources');
  return ids
    .map((id) => {
      const found = resources.find((resource) => textAt(resource, 'id') === id);
      return `${id} (${found === undefined ? 'not known' : text(found, 'state')})`;
    })
    .join(', ');
}

function conditionText(condition: Json, now: Date): string {
  const why = [text(condition, 'reason'), text(condition, 'message')].filter((part) => part !== '').join(': ');
  const age = ageSince(textAt(condition, 'lastTransitionTime'), now);
  return `${text(condition, 'type')}=${text(condition, 'status')} for ${age}: ${why}`;
}

function eventText(event: JsonObject, now: Date): string {
  const about = `${textAt(event, 'involvedObject', 'kind') ?? ''} ${textAt(event, 'involvedObject', 'name') ?? ''}`;
  return `${eventAge(event, now)} ${text(event, 'reason')} (${about}): ${text(event, 'message')}`;
}

function runText({ node, run, now }: Explanation): string {
  if (run.kind === 'unknown') return `Run:   <unknown>: ${run.why}\n`;
  const state = run.run;
  if (state === undefined || state.status !== 'RUNNING') {
    const what = state === undefined ? 'none in Temporal' : `ended (${state.status})`;
    return `Run:   ${what}; the next sync of the hub starts one: lynq notify ${hubArgument(node)}\n`;
  }
  const { view, retries } = state;
  const known =
    view === undefined
      ? 'no worker answers for it: check that the worker is running'
      : `${view.phase}, pass ${view.passes} (${view.lastCause})`;
  const lines = [
    ['Run:', known],
    ...retries.map(({ activity, attempt, failure, next }) => [
      'Retry:',
      `${activity} failed ${attempt <= 2 ? 'once' : `${attempt - 1} times`}: ${failure}${next === undefined ? '' : `; next attempt ${nextText(next, now)}`}`,
    ]),
    ...(run.page === undefined ? [] : [['Page:', run.page]]),
  ];
  return formatRows(lines);
}

/** The hub of a node as a command takes it. */
export function hubArgument(node: JsonObject): string {
  return `${hubOf(node) || 'HUB'} -n ${textAt(node, 'metadata', 'namespace')}`;
}

function nextText(next: Date, now: Date): string {
  const left = next.getTime() - now.getTime();
  return left <= 0 ? 'now' : `in ${formatAge(left)}`;
}

function text(value: Json, key: string): string {
  return textAt(value, key) ?? '';
}
