import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../domain/api/json.ts';
import { coreDocument, resource, scriptedServer, statusAnswer, type Scripted } from './support.ts';

const configMaps = { apiVersion: 'v1', kind: 'ConfigMap' };
const widgets = { apiVersion: 'x.io/v1', kind: 'Widget' };
const notFound: Scripted = { code: 404, text: '404 page not found\n' };

const document = (...resources: readonly JsonObject[]): Scripted => ({
  code: 200,
  body: { kind: 'APIResourceList', resources },
});
const groups = (...list: readonly (readonly [string, ...string[]])[]): Scripted => ({
  code: 200,
  body: {
    kind: 'APIGroupList',
    groups: list.map(([preferred, ...others]) => ({
      versions: [...others, preferred].map((groupVersion) => ({ groupVersion })),
      preferredVersion: { groupVersion: preferred },
    })),
  },
});
const core: Scripted = { code: 200, body: { kind: 'APIVersions', versions: ['v1'] } };

describe('adapters/kubernetes/discovery', () => {
  it('asks once for all kinds of a group version', async () => {
    const server = scriptedServer();
    server.answer(coreDocument);
    const [first, second] = await Promise.all([
      server.discovery.find(configMaps),
      server.discovery.find({ ...configMaps, kind: 'Pod' }),
    ]);
    expect(first?.info).toEqual({ namespaced: true, plural: 'configmaps', verbs: ['get', 'list', 'watch'] });
    expect([...(second?.subresources ?? [])]).toEqual(['status', 'eviction']);
    expect(server.seen.map(({ path }) => path)).toEqual(['/gate/api/v1']);
  });

  it('asks again for a kind that was missing, but not at once', async () => {
    const server = scriptedServer();
    server.answer(notFound, document(resource('widgets', 'Widget')));
    expect(await server.discovery.find(widgets)).toBeUndefined();
    server.timing.advance(2_900);
    expect(await server.discovery.find(widgets)).toBeUndefined();
    server.timing.advance(200);
    expect((await server.discovery.find(widgets))?.info.plural).toBe('widgets');
    expect(server.seen).toHaveLength(2);
  });

  it('finds a kind added to a group that is already known', async () => {
    const server = scriptedServer();
    server.answer(document(resource('others', 'Other')), document(resource('widgets', 'Widget')));
    expect(await server.discovery.find({ ...widgets, kind: 'Other' })).toBeDefined();
    server.timing.advance(3_100);
    expect((await server.discovery.find(widgets))?.info.plural).toBe('widgets');
  });

  it('names another version of the group, the preferred one first, where the one asked for has left', async () => {
    const server = scriptedServer();
    server.answer(notFound, core, groups(['y.io/v1'], ['x.io/v2', 'x.io/v3', 'x.io/v1beta1']));
    server.answer(document(resource('others', 'Other')), document(resource('widgets', 'Widget')));
    expect(await server.discovery.servedAs(widgets)).toEqual({ apiVersion: 'x.io/v3', kind: 'Widget' });
  });

  it('asks for nothing more while the version asked for is served', async () => {
    const server = scriptedServer();
    server.answer(document(resource('widgets', 'Widget')));
    expect(await server.discovery.servedAs(widgets)).toEqual(widgets);
    expect(await server.discovery.servedAs(widgets)).toEqual(widgets);
    expect(server.seen).toHaveLength(1);
  });

  it('takes a kind for served in no version only when all of its group could be read', async () => {
    const server = scriptedServer();
    server.answer(notFound, core, groups(['x.io/v2'], ['y.io/v1']), document(resource('others', 'Other')));
    expect(await server.discovery.servedAs(widgets)).toBeUndefined();
    const unread = scriptedServer();
    unread.answer(notFound, core, groups(['x.io/v2']), { code: 503, text: 'gone' });
    await expect(unread.discovery.servedAs(widgets)).rejects.toMatchObject({ type: 'ClusterUnreachable' });
  });

  it('asks once in a while for groups, whatever number of objects of a kind that has left is looked for', async () => {
    const server = scriptedServer();
    server.answer(notFound, core, groups(['y.io/v1']));
    for (let turn = 0; turn < 100; turn += 1) expect(await server.discovery.servedAs(widgets)).toBeUndefined();
    expect(server.seen).toHaveLength(3);
    server.timing.advance(3_100);
    server.answer(notFound, core, groups(['x.io/v2']), document(resource('widgets', 'Widget')));
    expect(await server.discovery.servedAs(widgets)).toEqual({ apiVersion: 'x.io/v2', kind: 'Widget' });
  });

  it('asks for groups anew when a version was found to have left after they were read', async () => {
    const server = scriptedServer();
    server.answer(document(resource('widgets', 'Widget')), notFound, core, groups(['x.io/v1']));
    await server.discovery.find(widgets);
    expect(await server.discovery.servedAs({ apiVersion: 'z.io/v1', kind: 'Other' })).toBeUndefined();
    server.timing.advance(1_000);
    server.discovery.forget(widgets);
    server.answer(notFound, core, groups(['x.io/v2']), document(resource('widgets', 'Widget')));
    expect(await server.discovery.servedAs(widgets)).toEqual({ apiVersion: 'x.io/v2', kind: 'Widget' });
  });

  it('does not keep groups that could not be read', async () => {
    const server = scriptedServer();
    server.answer(notFound, core, statusAnswer(403, {}), core, groups(['y.io/v1']));
    await expect(server.discovery.servedAs(widgets)).rejects.toMatchObject({ type: 'ClusterForbidden' });
    expect(await server.discovery.servedAs(widgets)).toBeUndefined();
  });

  it('does not keep a failure', async () => {
    const server = scriptedServer();
    server.answer(statusAnswer(403, {}), coreDocument);
    await expect(server.discovery.find(configMaps)).rejects.toMatchObject({ type: 'ClusterForbidden' });
    expect(await server.discovery.find(configMaps)).toBeDefined();
  });

  it.each([
    { code: 404, text: '<html>not here</html>' },
    { code: 404, body: { error: 'no route' } },
    { code: 200, text: '{"kind":"APIResourceList","resources":[' },
    { code: 200, body: { kind: 'APIResourceList' } },
    { code: 200, body: { kind: 'Status' } },
    { code: 302, body: {} },
  ])('does not take %j for the absence of a kind', async (answer) => {
    const server = scriptedServer();
    server.answer(answer as Scripted);
    await expect(server.discovery.find(configMaps)).rejects.toMatchObject({ type: 'ClusterUnreachable' });
  });

  it('lists each kind of a group in the preferred version, and those that only another version has, but none that nobody can make', async () => {
    const server = scriptedServer();
    const made = ['list', 'create'];
    server.answer(core, groups(['x.io/v2', 'x.io/v1']), document(resource('configmaps', 'ConfigMap', true, made)));
    server.answer(
      document(
        resource('widgets', 'Widget', true, made),
        resource('scoped', 'Scoped', false, made),
        resource('write', 'Write', true, ['create']),
        resource('measures', 'Measure', true, ['get', 'list']),
      ),
    );
    server.answer(document(resource('widgets', 'Widget', true, made), resource('olds', 'Old', true, made)));
    expect(await server.discovery.listable()).toEqual([
      { apiVersion: 'v1', kind: 'ConfigMap' },
      { apiVersion: 'x.io/v2', kind: 'Widget' },
      { apiVersion: 'x.io/v1', kind: 'Old' },
    ]);
  });

  it('serves kinds without a namespace too where all are looked through, and names the groups that do not answer', async () => {
    const server = scriptedServer();
    const down = statusAnswer(403, {});
    server.answer(
      core,
      groups(['x.io/v1']),
      document(
        resource('namespaces', 'Namespace', false, ['list', 'create']),
        resource('componentstatuses', 'ComponentStatus', false, ['list']),
      ),
      down,
    );

    expect(await server.discovery.served()).toEqual({
      kinds: [{ apiVersion: 'v1', kind: 'Namespace' }],
      unread: ['x.io'],
    });
  });

  it.each([
    ['a group whose backend is down', [core, groups(['x.io/v1']), coreDocument, statusAnswer(403, {})]],
    ['a group that is gone between two answers', [core, groups(['x.io/v1']), coreDocument, notFound]],
    ['the list of groups', [core, statusAnswer(403, {})]],
    ['a list of groups that is something else', [core, { code: 200, body: { kind: 'Status' } }]],
    ['the core group', [statusAnswer(403, {}), groups(['x.io/v1'])]],
  ] as const)('fails as a whole on %s', async (_, answers) => {
    const server = scriptedServer();
    server.answer(...answers);
    await expect(server.discovery.listable()).rejects.toMatchObject({ name: 'LynqFailure' });
  });

  it('fails as a whole when a backend keeps answering 503', async () => {
    const server = scriptedServer();
    const down = statusAnswer(503, { reason: 'ServiceUnavailable' });
    server.answer(core, groups(['x.io/v1']), coreDocument, down, down, down, down);
    await expect(server.discovery.listable()).rejects.toMatchObject({ type: 'ClusterUnreachable' });
  });
});
