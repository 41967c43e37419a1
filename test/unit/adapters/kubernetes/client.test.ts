import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json } from '../../../../domain/api/json.ts';
import { applyText } from '../../../../adapters/kubernetes/objects.ts';
import { configMap, coreDocument, resource, scriptedServer, statusAnswer, type Scripted } from './support.ts';

const ref = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'ns', name: 'web' };
const write = { manager: 'me' };
const gone = statusAnswer(404, { reason: 'NotFound', details: { name: 'web', kind: 'configmaps' } });
const noPath = statusAnswer(404, {
  reason: 'NotFound',
  message: 'the server could not find the requested resource',
  details: {},
});

function served(...answers: readonly Scripted[]) {
  const server = scriptedServer();
  server.answer(coreDocument, ...answers);
  return server;
}

describe('adapters/kubernetes/client', () => {
  it.each([
    ['ns', 'ConfigMap: The account may not list this in namespace ns.'],
    [undefined, 'ConfigMap: The account may not list this in the whole cluster.'],
  ])('says what may not be listed, and where: %s', async (namespace, message) => {
    const server = served(statusAnswer(403, { reason: 'Forbidden' }));
    const detail = { verb: 'list', namespace: namespace ?? '', code: 403 };
    await expect(server.cluster.list({ apiVersion: 'v1', kind: 'ConfigMap' }, { namespace })).rejects.toMatchObject({
      type: 'ClusterForbidden',
      message,
      detail,
    });
  });

  it('keeps the case of names, encodes them, and sends the credentials and its name', async () => {
    const name = 'Big:Name é';
    const server = served({ code: 200, body: configMap(name) });
    await server.cluster.get({ ...ref, name });
    expect(server.seen[1]).toMatchObject({
      method: 'GET',
      path: '/gate/api/v1/namespaces/ns/configmaps/Big%3AName%20%C3%A9',
      headers: { Authorization: 'Bearer token', accept: 'application/json', 'user-agent': 'lynqflow' },
    });
  });

  it('applies with strict validation, its manager, and force only when told', async () => {
    const answer = { code: 200, body: configMap('web') };
    const server = served(answer, answer, answer);
    const body = { ...configMap('web'), data: { a: '1' } };
    await server.cluster.apply(ref, body, { manager: 'a b', force: false });
    await server.cluster.apply(ref, body, { manager: 'm', force: true, dryRun: true });
    expect(server.seen.slice(1)).toMatchObject([
      {
        method: 'PATCH',
        path: '/gate/api/v1/namespaces/ns/configmaps/web?fieldManager=a+b&fieldValidation=Strict',
        headers: { 'content-type': 'application/apply-patch+yaml' },
        body: JSON.stringify(body),
      },
      { path: '/gate/api/v1/namespaces/ns/configmaps/web?fieldManager=m&fieldValidation=Strict&force=true&dryRun=All' },
    ]);
  });

  it('speaks the media type of every other write', async () => {
    const answer = { code: 201, body: configMap('web') };
    const server = served(answer, answer, answer, answer, answer);
    await server.cluster.create(ref, configMap('web'), write);
    await server.cluster.replace(ref, configMap('web'), write);
    for (const type of ['merge', 'strategic', 'json'] as const) await server.cluster.patch(ref, type, {}, write);
    const types = server.seen
      .slice(1)
      .map(({ method, path, headers }) => `${method} ${path.split('?')[0]} ${headers['content-type']}`);
    const object = '/gate/api/v1/namespaces/ns/configmaps/web';
    expect(types).toEqual([
      'POST /gate/api/v1/namespaces/ns/configmaps application/json',
      `PUT ${object} application/json`,
      `PATCH ${object} application/merge-patch+json`,
      `PATCH ${object} application/strategic-merge-patch+json`,
      `PATCH ${object} application/json-patch+json`,
    ]);
  });

  it('writes the status where the kind has one', async () => {
    const pod = { ...ref, kind: 'Pod' };
    const server = served({ code: 200, body: { ...configMap('web'), kind: 'Pod' } });
    await server.cluster.apply(pod, {}, { ...write, force: false, subresource: 'status' });
    expect(server.seen[1]?.path).toContain('/pods/web/status?');
    const refused = await server.cluster.apply(ref, {}, { ...write, force: false, subresource: 'status' });
    expect(refused).toMatchObject({
      kind: 'refused',
      reason: 'Invalid',
      message: 'ConfigMap ns/web: the kind has no status subresource',
    });
  });

  it('deletes on condition of the uid, in the background', async () => {
    const server = served({ code: 200, body: { kind: 'Status', status: 'Success' } });
    expect(await server.cluster.delete(ref, 'u1')).toEqual({ kind: 'accepted' });
    expect(server.seen[1]).toMatchObject({ method: 'DELETE', path: '/gate/api/v1/namespaces/ns/configmaps/web' });
    expect(JSON.parse(server.seen[1]?.body ?? '')).toEqual({
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      preconditions: { uid: 'u1' },
      propagationPolicy: 'Background',
    });
  });

  it('accepts the 404 of a delete whose first answer was lost', async () => {
    const server = served({ error: 'ECONNRESET' }, gone);
    expect(await server.cluster.delete(ref, 'u1')).toEqual({ kind: 'gone' });
  });

  it.each([
    ['another object', { code: 200, body: configMap('web') }, 'u1', { kind: 'otherUid' }],
    ['nothing', gone, 'u1', { kind: 'gone' }],
    [
      'the object on its way out',
      {
        code: 200,
        body: { ...configMap('web'), metadata: { name: 'web', namespace: 'ns', uid: 'u1', deletionTimestamp: 'x' } },
      },
      'u1',
      { kind: 'accepted' },
    ],
  ] as const)('looks at a conflict of a delete: %s is there', async (_, found, uid, result) => {
    const server = served(statusAnswer(409, { reason: 'Conflict' }), found);
    expect(await server.cluster.delete(ref, uid)).toEqual(result);
  });

  it('fails when a delete conflicts with the object itself', async () => {
    const server = served(statusAnswer(409, { reason: 'Conflict' }), { code: 200, body: configMap('web') });
    await expect(server.cluster.delete(ref, 'uid-web')).rejects.toMatchObject({ type: 'ClusterStale' });
  });

  it('takes a 404 for absence only when it names the object', async () => {
    expect(await served(gone).cluster.get(ref)).toBeUndefined();
    for (const page of [
      { code: 404, text: '<html>' },
      { code: 404, body: {} },
      noPath,
      { code: 404, text: '404 page not found\n' },
    ]) {
      await expect(served(page, coreDocument).cluster.get(ref)).rejects.toMatchObject({ type: 'ClusterUnreachable' });
      await expect(served(page, coreDocument).cluster.delete(ref, 'u')).rejects.toMatchObject({
        type: 'ClusterUnreachable',
      });
      await expect(served(page, coreDocument).cluster.replace(ref, {}, write)).rejects.toMatchObject({
        type: 'ClusterUnreachable',
      });
    }
  });

  it('looks the kind up again after a 404 about its path', async () => {
    const without: Scripted = { code: 200, body: { kind: 'APIResourceList', resources: [resource('pods', 'Pod')] } };
    expect(await served(noPath, without).cluster.get(ref)).toBeUndefined();
    expect(await served(noPath, without).cluster.replace(ref, {}, write)).toMatchObject({ reason: 'MissingKind' });
    expect(await served(noPath, without).cluster.delete(ref, 'u')).toMatchObject({ reason: 'MissingKind' });
  });

  it('does not send a create again whose answer was lost', async () => {
    const server = served({ error: 'ECONNRESET' }, { code: 201, body: configMap('web') });
    await expect(server.cluster.create(ref, {}, write)).rejects.toMatchObject({ type: 'ClusterUnreachable' });
  });

  it.each([
    [403, 'ClusterForbidden'],
    [400, 'ClusterInvalid'],
    [405, 'ClusterInvalid'],
    [402, 'ClusterUnreachable'],
  ])('fails to read on %i as %s', async (code, type) => {
    await expect(served(statusAnswer(code, { message: 'secret' })).cluster.get(ref)).rejects.toMatchObject({
      type,
      message: expect.not.stringContaining('secret') as string,
      detail: { kind: 'ConfigMap', namespace: 'ns', name: 'web', code, verb: 'get' },
    });
  });

  const wrong: readonly (readonly [string, Json])[] = [
    ['nothing', null],
    ['a list', []],
    ['a text', 'x'],
    ['an empty object', {}],
    ['a status', { kind: 'Status', status: 'Success' }],
    ['another kind', { ...configMap('web'), kind: 'Secret' }],
    ['another version', { ...configMap('web'), apiVersion: 'v2' }],
    ['another name', configMap('other')],
    ['another namespace', { ...configMap('web'), metadata: { name: 'web', namespace: 'x', uid: 'u' } }],
    ['no namespace', { ...configMap('web'), metadata: { name: 'web', uid: 'u' } }],
    ['no uid', { ...configMap('web'), metadata: { name: 'web', namespace: 'ns' } }],
    ['metadata of another type', { ...configMap('web'), metadata: ['web'] }],
  ];
  it.each(wrong)('concludes nothing from a 200 with %s', async (_, body) => {
    const answer = { code: 200, text: JSON.stringify(body) };
    await expect(served(answer).cluster.get(ref)).rejects.toMatchObject({ type: 'ClusterUnreachable' });
    await expect(served(answer).cluster.apply(ref, {}, { ...write, force: false })).rejects.toMatchObject({
      type: 'ClusterUnreachable',
    });
  });

  it('concludes nothing from a 200 that is cut', async () => {
    const text = JSON.stringify(configMap('web'));
    const server = scriptedServer();
    server.answer(coreDocument);
    for (let length = 0; length < text.length; length += 7) {
      server.answer({ code: 200, text: text.slice(0, length) });
      await expect(server.cluster.get(ref)).rejects.toMatchObject({ type: 'ClusterUnreachable' });
    }
  });

  it('never takes any answer for absence or success that is not one', async () => {
    const bodies = fc.oneof(
      fc.jsonValue(),
      fc.record({ kind: fc.constantFrom('Status', 'ConfigMap'), metadata: fc.jsonValue(), details: fc.jsonValue() }),
    );
    const codes = fc.constantFrom(200, 201, 400, 402, 403, 404, 410, 422);
    await fc.assert(
      fc.asyncProperty(bodies, codes, async (body, code) => {
        const answer = { code, text: JSON.stringify(body) };
        await expect(served(answer, coreDocument).cluster.get(ref)).rejects.toMatchObject({ name: 'LynqFailure' });
        const written = await served(answer, coreDocument)
          .cluster.apply(ref, {}, { ...write, force: false })
          .catch(() => undefined);
        expect(written?.kind ?? 'refused').toBe('refused');
        const deleted = served({ ...answer, code: Math.max(code, 400) }, coreDocument).cluster.delete(ref, 'u');
        expect((await deleted.catch(() => undefined))?.kind ?? 'refused').toBe('refused');
      }),
      { numRuns: 150 },
    );
  }, 20_000);

  it('reads integers up to 2^53 exactly and keeps unknown fields', async () => {
    const body = { ...configMap('web'), brandNew: { deep: [9007199254740991, -1.5e-7, null] } };
    expect(await served({ code: 200, body }).cluster.get(ref)).toEqual(body);
  });

  it('escapes in an apply what YAML would read as something else', () => {
    const text = applyText({ a: 'x\u0085\u2028\ufeff\u007f\uffff😀\n"' });
    expect(text).toBe('{"a":"x\\u0085\\u2028\\ufeff\\u007f\\uffff😀\\n\\""}');
    expect(JSON.parse(text)).toEqual({ a: 'x\u0085\u2028\ufeff\u007f\uffff😀\n"' });
  });
});
