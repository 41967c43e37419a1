import { type Json, listAt, textAt } from '../../domain/api/json.ts';
import { LynqFailure } from '../../domain/failures.ts';
import type { KindRef, ListOptions, ServerTable, Tables } from '../../domain/ports.ts';
import { groupVersionPath, withQuery } from './paths.ts';
import { type PlainAccess, readPlainAccess } from './plain-kubeconfig.ts';

/**
 * Tables for a person with a finger on the Tab key: one request, with what Node has and nothing else. Any failure means that the other tables should be
 * asked. For kinds whose plural is their name with an `s`.
 */
export async function openPlainTables(paths: string, context: string | undefined): Promise<Tables | undefined> {
  const access = await readPlainAccess(paths, context);
  return access === undefined ? undefined : { read: (kind, options) => readTable(access, kind, options) };
}

const tableType = 'application/json;as=Table;v=v1;g=meta.k8s.io';

async function readTable(access: PlainAccess, kind: KindRef, options: ListOptions): Promise<ServerTable> {
  const scope = options.namespace === undefined ? '' : `/namespaces/${encodeURIComponent(options.namespace)}`;
  const collection = `${groupVersionPath(kind.apiVersion)}${scope}/${kind.kind.toLowerCase()}s`;
  const path = `${access.server.pathname.replace(/\/+$/, '')}${withQuery(collection, { includeObject: 'None' })}`;
  const body = JSON.parse(await send(access, path, options.signal)) as Json;
  if (textAt(body, 'kind') !== 'Table') throw unusable(kind);
  return {
    columns: listAt(body, 'columnDefinitions').map((column) => textAt(column, 'name') ?? ''),
    rows: listAt(body, 'rows').map((row) => ({ cells: listAt(row, 'cells'), namespace: undefined })),
  };
}

const unusable = ({ kind }: KindRef): LynqFailure =>
  new LynqFailure('ClusterUnreachable', `${kind}: the answer to list cannot be used.`, { kind });

async function send(
  { server, token, tls }: PlainAccess,
  path: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  const { request } = server.protocol === 'https:' ? await import('node:https') : await import('node:http');
  const headers = {
    accept: tableType,
    'user-agent': 'lynqflow',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  };
  return new Promise((resolve, reject) => {
    const sent = request(
      new URL(path, server.origin),
      { headers, agent: false, ...tls, ...(signal ? { signal } : {}) },
      (answer) => {
        const parts: Buffer[] = [];
        answer.on('data', (part: Buffer) => parts.push(part));
        answer.on('error', reject);
        answer.on('end', () => {
          if (answer.statusCode === 200) resolve(Buffer.concat(parts).toString('utf8'));
          else reject(new LynqFailure('ClusterUnreachable', `The API server answers ${answer.statusCode}.`));
        });
      },
    );
    sent.on('error', reject);
    sent.end();
  });
}
