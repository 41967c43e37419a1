import { at, listAt, textAt, type Json } from '../../domain/api/json.ts';
import { LynqFailure } from '../../domain/failures.ts';
import type { KindRef, ListOptions, ServerRow, ServerTable } from '../../domain/ports.ts';
import type { Discovery } from './discovery.ts';
import { describe, listFailure, readFailure, unexpected } from './errors.ts';
import { locateList } from './locate.ts';
import { selectorQuery, withQuery } from './paths.ts';
import type { Send } from './send.ts';
import type { ApiAnswer } from './transport.ts';

/** kubectl's; a larger page makes the API server hold more at once. */
const pageSize = 500;
const mostRestarts = 3;
const tableType = 'application/json;as=Table;v=v1;g=meta.k8s.io';

/**
 * Reads the columns a kind is printed with, page by page: a hundredth of the bytes of the objects, which is what makes thousands of them quick.
 *
 * @throws LynqFailure when any page cannot be read; nothing of the pages before is returned.
 */
export async function readTable(
  send: Send,
  discovery: Discovery,
  kind: KindRef,
  options: ListOptions,
): Promise<ServerTable> {
  const path = await locateList(discovery, kind, options);
  for (let restarts = 0; path !== undefined; restarts += 1) {
    const outcome = await tableOnce(send, path, kind, options);
    if (outcome.kind === 'table') return outcome;
    if (outcome.kind === 'unknownPath') break;
    if (restarts === mostRestarts) throw readFailure('list', kind, 410);
  }
  discovery.forget(kind);
  const message = `${describe(kind)}: the API server does not serve it in ${kind.apiVersion}.`;
  throw new LynqFailure('ClusterInvalid', message, { reason: 'MissingKind', ...kind });
}

type TableOutcome =
  | ({ readonly kind: 'table' } & ServerTable)
  | { readonly kind: 'unknownPath' }
  /** The pages left are too old to be read. */
  | { readonly kind: 'expired' };

async function tableOnce(send: Send, path: string, kind: KindRef, options: ListOptions): Promise<TableOutcome> {
  const rows: ServerRow[] = [];
  // A row alone does not tell its namespace; its metadata costs several times the row.
  const includeObject = options.namespace === undefined ? 'Metadata' : 'None';
  let columns: readonly string[] = [];
  let token: string | undefined;
  for (;;) {
    const query = { ...selectorQuery(options), limit: String(pageSize), includeObject, continue: token };
    const { signal } = options;
    const request = { verb: 'list', method: 'GET', path: withQuery(path, query), accept: tableType, signal } as const;
    const answer = await send(request, 'idempotent');
    if (answer.code === 410) return { kind: 'expired' };
    if (answer.code === 404 && token === undefined) return { kind: 'unknownPath' };
    requireTable(kind, options.namespace, answer);
    if (token === undefined) columns = columnNames(answer.body);
    rows.push(...listAt(answer.body, 'rows').map(readRow));
    const next = textAt(answer.body, 'metadata', 'continue') || undefined;
    if (next !== undefined && next === token) throw unexpected('list', kind, answer.code);
    token = next;
    if (token === undefined) return { kind: 'table', columns, rows };
  }
}

function requireTable(kind: KindRef, namespace: string | undefined, { code, body }: ApiAnswer): void {
  if (code !== 200) throw listFailure(kind, namespace, code);
  if (textAt(body, 'kind') !== 'Table') throw unexpected('list', kind, code);
}

function readRow(row: Json): ServerRow {
  return { cells: listAt(row, 'cells'), namespace: textAt(row, 'object', 'metadata', 'namespace') };
}

function columnNames(body: Json | undefined): readonly string[] {
  return listAt(body, 'columnDefinitions').map((column) => {
    const name = at(column, 'name');
    return typeof name === 'string' ? name : '';
  });
}
