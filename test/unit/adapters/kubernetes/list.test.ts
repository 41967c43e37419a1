import { describe, expect, it } from 'vitest';
import { configMap, coreDocument, listAnswer, scriptedServer, statusAnswer, type Scripted } from './support.ts';

const kind = { apiVersion: 'v1', kind: 'ConfigMap' };
const expired = statusAnswer(410, { reason: 'Expired', message: 'The provided continue parameter is too old' });

function served(...answers: readonly Scripted[]) {
  const server = scriptedServer();
  server.answer(coreDocument, ...answers);
  return server;
}

describe('adapters/kubernetes/list', () => {
  it('reads all pages, with the selectors on every one', async () => {
    const server = served(
      listAnswer([configMap('a'), configMap('b')], { continue: 't&1' }),
      listAnswer([configMap('c')], { continue: 't2' }),
      listAnswer([], { continue: '' }),
    );
    const items = await server.cluster.list(kind, {
      namespace: 'ns',
      labelSelector: 'a in (b,c)',
      fieldSelector: 'x=y',
    });
    expect(items.map((item) => (item.metadata as { name: string }).name)).toEqual(['a', 'b', 'c']);
    const query = 'labelSelector=a+in+%28b%2Cc%29&fieldSelector=x%3Dy&limit=500';
    expect(server.seen.slice(1).map(({ path }) => path)).toEqual([
      `/gate/api/v1/namespaces/ns/configmaps?${query}`,
      `/gate/api/v1/namespaces/ns/configmaps?${query}&continue=t%261`,
      `/gate/api/v1/namespaces/ns/configmaps?${query}&continue=t2`,
    ]);
  });

  it('asks for a state that is not older than a version, whose later pages are of the same', async () => {
    const server = served(listAnswer([configMap('a')], { continue: 't1' }), listAnswer([configMap('b')], {}));
    expect(await server.cluster.list(kind, { namespace: 'ns', notOlderThan: '7' })).toHaveLength(2);
    expect(server.seen.slice(1).map(({ path }) => path)).toEqual([
      '/gate/api/v1/namespaces/ns/configmaps?limit=500&resourceVersion=7&resourceVersionMatch=NotOlderThan',
      '/gate/api/v1/namespaces/ns/configmaps?limit=500&continue=t1',
    ]);
  });

  it('fills in the coordinates that items of a list leave out', async () => {
    const bare = { metadata: { name: 'a' } };
    expect(await served(listAnswer([bare])).cluster.list(kind, {})).toEqual([{ ...kind, ...bare }]);
  });

  it('starts anew when the list gets too old between pages', async () => {
    const server = served(listAnswer([configMap('old')], { continue: 't' }), expired, listAnswer([configMap('new')]));
    expect(await server.cluster.list(kind, {})).toMatchObject([{ metadata: { name: 'new' } }]);
  });

  it('fails when it gets too old again and again', async () => {
    const page = listAnswer([configMap('a')], { continue: 't' });
    const server = served(page, expired, page, expired, page, expired, page, expired);
    await expect(server.cluster.list(kind, {})).rejects.toMatchObject({ type: 'ClusterStale' });
  });

  it.each([
    [statusAnswer(403, {}), 'ClusterForbidden'],
    [statusAnswer(404, {}), 'ClusterUnreachable'],
    [statusAnswer(429, { details: { retryAfterSeconds: 60 } }), 'ClusterThrottled'],
    [{ code: 200, text: '{"items":[' }, 'ClusterUnreachable'],
  ] as const)('fails as a whole when a later page fails (%j)', async (answer, type) => {
    const server = served(listAnswer([configMap('a')], { continue: 't' }), answer);
    await expect(server.cluster.list(kind, {})).rejects.toMatchObject({ type });
  });

  it('fails when the pages go in a circle', async () => {
    const page = listAnswer([configMap('a')], { continue: 't' });
    await expect(served(page, page, page).cluster.list(kind, {})).rejects.toMatchObject({ type: 'ClusterUnreachable' });
  });

  it('takes a null for an empty list and nothing else for one', async () => {
    const metadata = { resourceVersion: '1' };
    const list = (body: never) => served({ code: 200, body: body as never }).cluster.list(kind, {});
    expect(await list({ kind: 'ConfigMapList', metadata, items: null } as never)).toEqual([]);
    for (const body of [
      {},
      { metadata },
      { metadata, items: {} },
      { items: [] },
      { metadata, items: [null] },
      { metadata, items: [{ metadata: {} }] },
      { metadata, items: [{ kind: 'Secret', metadata: { name: 'a' } }] },
      { kind: 'Status', status: 'Success' },
    ]) {
      await expect(list(body as never)).rejects.toMatchObject({ type: 'ClusterUnreachable' });
    }
  });

  it('does not put a namespace in the path of a cluster-scoped kind', async () => {
    const options = { namespace: 'ns' };
    await expect(served().cluster.list({ apiVersion: 'v1', kind: 'Namespace' }, options)).rejects.toMatchObject({
      type: 'ClusterInvalid',
    });
  });
});
