import { at, textAt, type Json, type JsonObject } from '../../domain/api/json.ts';
import type { KindRef, ListOptions } from '../../domain/ports.ts';
import { listFailure, readFailure, unexpected } from './errors.ts';
import { asItem } from './objects.ts';
import { selectorQuery, withQuery } from './paths.ts';
import type { Send } from './send.ts';
import type { ApiAnswer } from './transport.ts';

const pageSize = 500;
const mostRestarts = 3;

/** A list that was read to its end. */
export interface CompleteList {
  readonly items: readonly JsonObject[];
  /** Where a watch goes on from. */
  readonly resourceVersion: string;
}

/** `unknownPath`: the first page was a 404, so that the kind has to be looked up again. */
export type ListOutcome = ({ readonly kind: 'list' } & CompleteList) | { readonly kind: 'unknownPath' };

/** What a list hands over while it is read. */
export interface PageSink {
  /** A list begins, or begins anew because it could not be read to its end; what was handed over before belongs to none. */
  onStart(): void;
  onPage(items: readonly JsonObject[]): void;
}

export type PagedOutcome =
  | { readonly kind: 'list'; readonly resourceVersion: string }
  | { readonly kind: 'unknownPath' };

interface Page {
  readonly items: readonly JsonObject[];
  readonly token: string | undefined;
  readonly resourceVersion: string;
}

/**
 * Reads all pages of a list. All pages are of one resourceVersion; when it is too old to go on (410) the list starts anew.
 *
 * @throws LynqFailure when any page cannot be read; nothing of the pages before is returned.
 */
export async function listAll(send: Send, path: string, kind: KindRef, options: ListOptions): Promise<ListOutcome> {
  let items: JsonObject[] = [];
  const sink: PageSink = {
    onStart: () => {
      items = [];
    },
    onPage: (page) => {
      items.push(...page);
    },
  };
  const outcome = await listPages({ send, path, kind, options }, sink);
  return outcome.kind === 'list' ? { ...outcome, items } : outcome;
}

export interface ListRequest {
  readonly send: Send;
  readonly path: string;
  readonly kind: KindRef;
  readonly options: ListOptions;
}

/** The same with one page in memory at a time. A page that was handed over is part of a list only once the list has come to its end. */
export async function listPages(request: ListRequest, sink: PageSink): Promise<PagedOutcome> {
  for (let restarts = 0; ; restarts += 1) {
    const outcome = await listOnce(request, sink);
    if (outcome.kind !== 'expired') return outcome;
    if (restarts === mostRestarts) throw readFailure('list', request.kind, 410);
  }
}

async function listOnce(
  { send, path, kind, options }: ListRequest,
  sink: PageSink,
): Promise<PagedOutcome | { readonly kind: 'expired' }> {
  let token: string | undefined;
  for (;;) {
    // Later pages are of the state of the first.
    const state = token === undefined ? stateQuery(options) : { continue: token };
    const query = { ...selectorQuery(options), limit: String(pageSize), ...state };
    const request = { verb: 'list', method: 'GET', path: withQuery(path, query), signal: options.signal } as const;
    const answer = await send(request, 'idempotent');
    if (answer.code === 410) return { kind: 'expired' };
    if (answer.code === 404 && token === undefined) return { kind: 'unknownPath' };
    if (answer.code !== 200) throw listFailure(kind, options.namespace, answer.code);
    const page = readPage(kind, answer);
    if (page.token !== undefined && page.token === token) throw unexpected('list', kind, answer.code);
    if (token === undefined) sink.onStart();
    sink.onPage(page.items);
    token = page.token;
    if (token === undefined) return { kind: 'list', resourceVersion: page.resourceVersion };
  }
}

function stateQuery({ notOlderThan }: ListOptions): Readonly<Record<string, string>> {
  return notOlderThan === undefined ? {} : { resourceVersion: notOlderThan, resourceVersionMatch: 'NotOlderThan' };
}

function readPage(kind: KindRef, answer: ApiAnswer): Page {
  const resourceVersion = textAt(answer.body, 'metadata', 'resourceVersion');
  // Go writes an empty list as null in places; an absent one is no list.
  const raw = at(answer.body, 'items') === null ? [] : at(answer.body, 'items');
  if (!Array.isArray(raw) || resourceVersion === undefined) throw unexpected('list', kind, answer.code);
  const items = (raw as readonly Json[]).map((item) => asItem(kind, item));
  if (!items.every((item) => item !== undefined)) throw unexpected('list', kind, answer.code);
  return { items, token: textAt(answer.body, 'metadata', 'continue') || undefined, resourceVersion };
}
