import { describe, expect, it } from 'vitest';
import { readTable } from '../../../../adapters/kubernetes/table.ts';
import type { JsonObject } from '../../../../domain/api/json.ts';
import { coreDocument, scriptedServer, statusAnswer, type Scripted } from './support.ts';

const kind = { apiVersion: 'v1', kind: 'ConfigMap' };
const expired = statusAnswer(410, { reason: 'Expired' });

function page(names: readonly string[], metadata: JsonObject = {}): Scripted {
  const rows = names.map((name) => ({ cells: [name, 2, null], object: { metadata: { name, namespace: 'ns' } } }));
  const columnDefinitions = ['Name', 'Data', 'Age'].map((name) => ({ name, type: 'string' }));
  return { code: 200, body: { kind: 'Table', apiVersion: 'meta.k8s.io/v1', metadata, columnDefinitions, rows } };
}

function served(...answers: readonly Scripted[]) {
  const server = scriptedServer();
  server.answer(coreDocument, ...answers);
  return { server, read: (namespace?: string) => readTable(server.send, server.discovery, kind, { namespace }) };
}

describe('adapters/kubernetes/table', () => {
  it('reads all pages as tables, without the objects', async () => {
    const { server, read } = served(page(['a', 'b'], { continue: 't' }), page(['c'], { continue: '' }));

    const table = await read('ns');

    expect(table.columns).toEqual(['Name', 'Data', 'Age']);
    expect(table.rows.map(({ cells }) => cells)).toEqual([
      ['a', 2, null],
      ['b', 2, null],
      ['c', 2, null],
    ]);
    expect(server.seen.slice(1).map(({ path }) => path)).toEqual([
      '/gate/api/v1/namespaces/ns/configmaps?limit=500&includeObject=None',
      '/gate/api/v1/namespaces/ns/configmaps?limit=500&includeObject=None&continue=t',
    ]);
    expect(server.seen[1]?.headers['accept']).toBe('application/json;as=Table;v=v1;g=meta.k8s.io');
  });

  it('asks for the metadata too when rows of several namespaces have to be told apart', async () => {
    const { server, read } = served(page(['a']));

    expect((await read()).rows).toEqual([{ cells: ['a', 2, null], namespace: 'ns' }]);
    expect(server.seen[1]?.path).toContain('includeObject=Metadata');
  });

  it('starts anew when the list gets too old between pages, and not for ever', async () => {
    const first = page(['old'], { continue: 't' });

    expect((await served(first, expired, page(['new'])).read()).rows).toMatchObject([{ cells: ['new', 2, null] }]);
    const never = served(first, expired, first, expired, first, expired, first, expired);
    await expect(never.read()).rejects.toMatchObject({ type: 'ClusterStale' });
  });

  it.each([
    ['an account that may not list', statusAnswer(403, {}), 'ClusterForbidden'],
    [
      'a server that answers with objects all the same',
      { code: 200, body: { kind: 'ConfigMapList', items: [] } },
      'ClusterUnreachable',
    ],
  ] as const)('fails for %s', async (_what, answer, type) => {
    await expect(served(answer).read()).rejects.toMatchObject({ type });
  });

  it('says that the kind is not served', async () => {
    await expect(served(statusAnswer(404, {})).read()).rejects.toMatchObject({ type: 'ClusterInvalid' });
  });
});
