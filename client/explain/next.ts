import type { Json } from '../../domain/api/json.ts';
import { at, listAt, numberAt, textAt } from '../../domain/api/json.ts';
import { heldBySibling } from '../../domain/node-verdict.ts';
import { oneFormEach } from '../../domain/ownership.ts';
import { formatAge } from '../output/age.ts';

/** What happens next with an entry, and when, in words: the rules of node-plan.ts as people need them. */

export interface EntryFacts {
  readonly node: string;
  readonly namespace: string;
  readonly now: Date;
  /** Item of status.resources. */
  readonly resource: Json;
  /** The entry in the form; undefined when the form has none of this id any more. */
  readonly entry: Json | undefined;
  /** Entries that name this one in dependIds. */
  readonly dependents: readonly string[];
}

/** Of an entry whose form does not say (parity 1.3). */
const defaultTimeoutSeconds = 300;

const states: Readonly<Record<string, (facts: EntryFacts) => string>> = {
  Pending: () => 'is written in the pass that is under way',
  Progressing: progressing,
  Waiting: waiting,
  Failed: failed,
  Conflicted: ({ resource }) =>
    (textAt(resource, 'message') ?? '').endsWith(oneFormEach)
      ? 'looked at again every 30 s; the other node has to give it up, or this form another name: conflictPolicy: Force does not take it'
      : 'looked at again every 30 s; its holder has to let go, or the form has to say conflictPolicy: Force for fields of our own objects',
  Skipped: () => 'made as soon as the dependency that failed is ready, or with skipOnDependencyFailure: false',
  Deleting: () => 'the node stays until the object is proven gone',
  Ready: ({ resource }) =>
    textAt(resource, 'reason') === heldBySibling
      ? 'left to the node that keeps it; taken over as it is when that one gives it up'
      : 'kept as it is: compared whenever it changes, and put right',
};

export function whatNext(facts: EntryFacts): string {
  const state = textAt(facts.resource, 'state') ?? '';
  return states[state]?.(facts) ?? 'nothing is known about this state';
}

function progressing({ resource, entry, dependents, now }: EntryFacts): string {
  if (at(entry, 'waitForReady') === false) return 'not waited for (waitForReady: false)';
  const seconds = numberAt(entry, 'timeoutSeconds') ?? defaultTimeoutSeconds;
  const since = Date.parse(textAt(resource, 'since') ?? '');
  if (Number.isNaN(since)) return `given up after timeoutSeconds ${seconds}`;
  const deadline = new Date(since + seconds * 1_000);
  const left = deadline.getTime() - now.getTime();
  const when = left > 0 ? `in ${formatAge(left)}` : 'due now';
  const then =
    dependents.length === 0 ? '' : `; ${dependents.join(', ')} would then be skipped (skipOnDependencyFailure)`;
  return `ready as soon as it is seen ready; given up at ${isoSeconds(deadline)} (${when}, timeoutSeconds ${seconds})${then}`;
}

function isoSeconds(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}

const waits: Readonly<Record<string, string>> = {
  DependencyNotReady: 'written as soon as what it waits for is ready',
  WaitingForForm: 'starts as soon as these nodes are Ready',
  Terminating: 'made again as soon as the old object is gone',
  HeldBySibling: 'goes on as soon as that node has said what it keeps',
  FieldFight: 'put right less and less often while someone else changes it as often; take the other writer off',
  MissingNamespace: 'tried again by itself; made as soon as the namespace exists',
  TerminatingNamespace: 'tried again by itself; made as soon as the namespace is there anew',
  MissingKind: 'tried again by itself; install the CustomResourceDefinition',
  QuotaExceeded: 'tried again by itself; raise the ResourceQuota or free some of it',
  Forbidden: 'tried again by itself; grant the account of the worker what it lacks',
  AdmissionDenied: 'tried again by itself; the admission policy or webhook named above has to let it pass',
};

function waiting({ resource }: EntryFacts): string {
  return waits[textAt(resource, 'reason') ?? ''] ?? 'goes on by itself as soon as that is so';
}

/** Refusals that the same object would meet again. */
const final: ReadonlySet<string> = new Set(['Invalid', 'Immutable', 'TooLarge']);

function failed({ resource, node, namespace }: EntryFacts): string {
  const now = `or now: lynq resync node/${node} -n ${namespace}`;
  const reason = textAt(resource, 'reason') ?? '';
  if (final.has(reason)) {
    return `sent again when the form, the row or an override changes; ${now}`;
  }
  if (reason === 'ReadinessTimeout') {
    return 'still watched: counts as ready as soon as it is; a larger timeoutSeconds gives it more time';
  }
  if (reason === 'TemplateRenderError') return 'rendered again when the form, the row or an override changes';
  return `judged again when the object changes; ${now}`;
}

/** Ids of the entries that this one depends on. */
export function dependenciesOf(entry: Json | undefined): readonly string[] {
  return listAt(entry, 'dependIds').filter((id): id is string => typeof id === 'string');
}
