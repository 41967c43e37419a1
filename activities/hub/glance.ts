import { canonicalJson } from '../../domain/canonical.ts';
import { finalizers } from '../../domain/keys.ts';
import type { Recheck } from '../../domain/ports.ts';
import { readableSpec } from '../../domain/secret-values.ts';
import type { HubRef } from '../contract.ts';
import type { Attempt, Deps } from '../deps.ts';
import { reviewRuns } from './births.ts';
import type { Synced } from './decided.ts';
import { basisOf, isSameForms, type QuietSync } from './quiet-syncs.ts';
import { listForms } from './read-forms.ts';
import { readCredentials, type ReadHub, readHub, type SourceCredentials } from './read-hub.ts';
import { reportSynced } from './report-hub.ts';

/** Rows that took longer the last time are not worth reading first to see whether there is anything to do. */
const longestReadMilliseconds = 300;

/** Whoever waits for the rows of a table that has become slow, or of a server that is silent, has to wait for a whole sync all the same. */
const longestGlanceMilliseconds = 1_000;

/**
 * A sync that concludes nothing but that everything is as at the last one that had nothing to do, and says so on the hub; undefined when it cannot, and then
 * a whole sync is due.
 *
 * Since there is nothing else that it can conclude, all that it concludes from is read at the same time: rows from where they were read the last time, while
 * the hub, its forms and its Secrets are asked whether that is where they are to be read from. None of them changes and changes back unseen: objects have
 * versions, and what is watched is counted.
 */
export async function glanceAtHub(deps: Deps, request: HubRef, { signal }: Attempt): Promise<Synced | undefined> {
  const kept = deps.quiet.kept(request);
  if (kept === undefined || !isWorthwhile(kept.sync) || !deps.quiet.takeGlance(request)) return undefined;
  const started = deps.clock.now();
  const ended = new AbortController();
  const limit = setTimeout(() => ended.abort(), longestGlanceMilliseconds);
  try {
    const until = AbortSignal.any([signal, ended.signal]);
    const seen = await inTime(look(deps, request, kept, { started, until }), until);
    if (seen.kind === 'same') return await say(deps, request, { hub: seen.hub, sync: kept.sync, started });
    if (seen.kind === 'other') deps.quiet.drop(request);
  } catch (error) {
    deps.quiet.rest(request);
    deps.logger.info('a glance at the hub was given up', { ...request, error: nameOf(error) });
  } finally {
    clearTimeout(limit);
    // What is still being read when one answer was enough.
    ended.abort();
  }
  return undefined;
}

/** A form whose revision was refused is judged again by whole syncs only. */
function isWorthwhile({ readMilliseconds, from }: QuietSync): boolean {
  return readMilliseconds <= longestReadMilliseconds && !from.forms.some(({ isRefused }) => isRefused);
}

interface Kept {
  readonly basis: string;
  readonly sync: QuietSync;
}

type Seen = { readonly kind: 'same'; readonly hub: ReadHub } | Exclude<Recheck, { readonly kind: 'same' }>;

const other: Seen = { kind: 'other' };

/** The hub as it is now, when nothing differs. */
async function look(
  deps: Deps,
  request: HubRef,
  { basis, sync }: Kept,
  { started, until }: { readonly started: Date; readonly until: AbortSignal },
): Promise<Seen> {
  const { from, rows } = sync;
  const asked = { hub: `${request.namespace}/${request.hub}`, ...from.credentials, known: rows, signal: until };
  const [recheck, hub, forms, credentials, peer] = await Promise.all([
    deps.rows.recheck({ ...asked, spec: readableSpec(from.hub.hub.spec) }),
    readHub(deps, request),
    listForms(deps, request, deps.formsSeen()),
    readCredentials(deps, request, from.hub),
    deps.others.peer(),
    deps.quiet.takeReview(request, started) ? reviewRuns(deps, request, { signal: until }) : undefined,
  ]);
  if (recheck.kind !== 'same') return recheck;
  if (hub === undefined || peer !== undefined || !isHere(hub)) return other;
  if (!isSameForms(forms, from.forms) || !isSameCredentials(credentials, from.credentials)) return other;
  return basisOf(deps, request, hub, from.forms) === basis ? { kind: 'same', hub } : other;
}

function isSameCredentials(left: SourceCredentials, right: SourceCredentials): boolean {
  const textOf = ({ password, tls = {} }: SourceCredentials) => canonicalJson({ password, tls: { ...tls } });
  return textOf(left) === textOf(right);
}

/** Of this the basis says nothing. */
function isHere({ hub: { metadata } }: ReadHub): boolean {
  return metadata.deletionTimestamp === undefined && metadata.finalizers?.includes(finalizers.hub) === true;
}

async function say(
  deps: Deps,
  request: HubRef,
  { hub, sync, started }: { readonly hub: ReadHub; readonly sync: QuietSync; readonly started: Date },
): Promise<Synced> {
  const { facts, counts } = sync;
  const left = { absent: [], gone: new Set<string>(), moved: new Set<string>() };
  const seconds = (deps.clock.now().getTime() - started.getTime()) / 1_000;
  await reportSynced(deps, request, { hub, left }, { ...facts, seconds });
  return { kind: 'synced', counts, page: { births: [] } };
}

/** What hangs is not waited for: nothing of it writes. */
async function inTime<T>(work: Promise<T>, until: AbortSignal): Promise<T> {
  const cut = new Promise<never>((_, reject) => {
    const abort = (): void => reject(until.reason as Error);
    if (until.aborted) abort();
    else until.addEventListener('abort', abort, { once: true });
  });
  return Promise.race([work, cut]);
}

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : 'unknown');
