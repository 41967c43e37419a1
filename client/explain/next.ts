import type { Json } from '../../domain/api/json.ts';
import { at, listAt, numberAt, textAt } from '../../domain/api/json.ts';
import {
  defaultTimeoutSeconds,
  type EntryState,
  latestLooks,
  latestLookSeconds,
  waitingForForm,
} from '../../domain/looking.ts';
import { heldBySibling } from '../../domain/node-verdict.ts';
import { oneFormEach } from '../../domain/ownership.ts';
import { fightLimits } from '../../domain/policies/field-fight.ts';
import { formatAge } from '../output/age.ts';

/** What happens next with an entry, and when, in words: the rules of node-plan.ts and the times of looking.ts as people need them. */

export interface EntryFacts {
  readonly node: string;
  readonly namespace: string;
  readonly now: Date;
  /** Item of status.resources. */
  readonly resource: Json;
  /** All items of it: what one of them waits for has the whole node looked at. */
  readonly resources: readonly Json[];
  /** The entry in the form; undefined when the form has none of this id any more. */
  readonly entry: Json | undefined;
  /** Entries that name this one in dependIds. */
  readonly dependents: readonly string[];
}

const states: Readonly<Record<string, (facts: EntryFacts) => string>> = {
  Pending: () => 'is written in the pass that is under way',
  Progressing: progressing,
  Waiting: waiting,
  Failed: failed,
  Conflicted: conflicted,
  Skipped: skipped,
  Deleting: (facts) => `${again(facts)}; the node stays until the object is proven gone`,
  Ready: ({ resource }) =>
    textAt(resource, 'reason') === heldBySibling
      ? 'left to the node that keeps it; taken over as it is when that one gives it up'
      : 'kept as it is: compared whenever it changes, and put right',
};

export function whatNext(facts: EntryFacts): string {
  const state = textAt(facts.resource, 'state') ?? '';
  return states[state]?.(facts) ?? 'nothing is known about this state';
}

/** When the node is looked at whatever the watches tell; what a watch has missed shows when all of it is listed anew. */
function latest({ resources }: EntryFacts): string {
  const seconds = lookSeconds(resources);
  return seconds === undefined ? `${latestLooks.relistSeconds} s (default of LYNQ_RELIST_SECONDS)` : `${seconds} s`;
}

function lookSeconds(resources: readonly Json[]): number | undefined {
  // A state that is not known here counts for nothing.
  const entries = resources.map((resource) => ({
    state: textAt(resource, 'state') as EntryState['state'],
    reason: textAt(resource, 'reason'),
  }));
  return latestLookSeconds(entries);
}

const again = (facts: EntryFacts): string =>
  `looked at again as soon as it changes, at the latest every ${latest(facts)}`;

function progressing(facts: EntryFacts): string {
  const { resource, entry, dependents, now } = facts;
  if (at(entry, 'waitForReady') === false) return 'not waited for (waitForReady: false)';
  const seconds = numberAt(entry, 'timeoutSeconds') ?? defaultTimeoutSeconds;
  const since = Date.parse(textAt(resource, 'since') ?? '');
  if (Number.isNaN(since)) return `${again(facts)}; fails after timeoutSeconds ${seconds}`;
  const deadline = new Date(since + seconds * 1_000);
  const left = deadline.getTime() - now.getTime();
  const when = left > 0 ? `in ${formatAge(left)}` : 'due now';
  const then =
    dependents.length === 0 ? '' : `; ${dependents.join(', ')} would then be skipped (skipOnDependencyFailure)`;
  return `${again(facts)}; fails at ${isoSeconds(deadline)} (${when}, timeoutSeconds ${seconds})${then}`;
}

/** No watch shows what is someone else's. */
function conflicted({ resource, resources }: EntryFacts): string {
  const seconds = lookSeconds(resources);
  const when =
    seconds === undefined ? 'when the entries that are Progressing are ready or have failed' : `every ${seconds} s`;
  const what = (textAt(resource, 'message') ?? '').endsWith(oneFormEach)
    ? 'the other node has to give it up, or this form another name: conflictPolicy: Force does not take it'
    : 'its holder has to let go, or the form has to say conflictPolicy: Force for fields of our own objects';
  return `looked at again ${when}; ${what}`;
}

function skipped(facts: EntryFacts): string {
  return textAt(facts.resource, 'reason') === 'RolledBack'
    ? `made again when the form, the row or an override changes; ${resyncNow(facts)}`
    : 'made as soon as the dependency that failed is ready, or with skipOnDependencyFailure: false';
}

function isoSeconds(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}

const waits: Readonly<Record<string, (facts: EntryFacts) => string>> = {
  DependencyNotReady: (facts) => `written as soon as what it waits for is ready, which is ${again(facts)}`,
  [waitingForForm]: (facts) =>
    `starts as soon as these nodes are Ready, of which the watch tells; looked at again at the latest every ${latest(facts)}`,
  Terminating: (facts) => `made again as soon as the old object is gone, ${again(facts)}`,
  HeldBySibling: (facts) => `goes on as soon as that node has said what it keeps, ${again(facts)}`,
  FieldFight: () =>
    `put right less and less often while someone else changes it as often, at the latest after ${fightLimits.longestPause / 1_000} s; take the other writer off`,
  MissingNamespace: (facts) => `made as soon as the namespace exists, looked for at the latest every ${latest(facts)}`,
  TerminatingNamespace: (facts) =>
    `made as soon as the namespace is there anew, looked for at the latest every ${latest(facts)}`,
  MissingKind: (facts) => `tried again every ${latest(facts)}; install the CustomResourceDefinition`,
  QuotaExceeded: (facts) => `tried again every ${latest(facts)}; raise the ResourceQuota or free some of it`,
  Forbidden: (facts) => `tried again every ${latest(facts)}; grant the account of the worker what it lacks`,
  AdmissionDenied: (facts) =>
    `tried again every ${latest(facts)}; the admission policy or webhook named above has to let it pass`,
};

function waiting(facts: EntryFacts): string {
  const said = waits[textAt(facts.resource, 'reason') ?? ''];
  return said?.(facts) ?? `goes on by itself as soon as that is so, looked at at the latest every ${latest(facts)}`;
}

/** Refusals that the same object would meet again. */
const final: ReadonlySet<string> = new Set(['Invalid', 'Immutable', 'TooLarge']);

const resyncNow = ({ node, namespace }: EntryFacts): string => `or now: lynq resync node/${node} -n ${namespace}`;

function failed(facts: EntryFacts): string {
  const reason = textAt(facts.resource, 'reason') ?? '';
  if (final.has(reason)) {
    return `sent again when the form, the row or an override changes; ${resyncNow(facts)}`;
  }
  if (reason === 'ReadinessTimeout') {
    return `still watched: counts as ready as soon as it is, ${again(facts)}; a larger timeoutSeconds gives it more time`;
  }
  if (reason === 'TemplateRenderError') return 'rendered again when the form, the row or an override changes';
  return `judged again as soon as the object changes; ${resyncNow(facts)}`;
}

/** Ids of the entries that this one depends on. */
export function dependenciesOf(entry: Json | undefined): readonly string[] {
  return listAt(entry, 'dependIds').filter((id): id is string => typeof id === 'string');
}
