import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { at, listAt, numberAt, textAt, type JsonObject } from '../../domain/api/json.ts';
import type { Cluster, ObjectRef, Reflector, WatchEvent, WriteResult } from '../../domain/ports.ts';
import { versionOfNothing } from '../../domain/resource-version.ts';

/** What the suite runs on; `close` is called once at the end. */
export interface ClusterUnderTest {
  readonly cluster: Cluster;
  readonly reflector: Reflector;
  close(): Promise<void>;
}

const manager = 'contract';
const secretText = 'TopSecretValue';

/** The meaning of `Cluster` and `Reflector`; every implementation passes it. */
export function clusterContract(open: () => Promise<ClusterUnderTest>): void {
  let cluster: Cluster;
  let reflector: Reflector;
  let opened: ClusterUnderTest;
  const prefix = `contract-${randomBytes(4).toString('hex')}`;
  const namespace = `${prefix}-a`;
  const made: string[] = [];

  const ref = (name: string, kind = 'ConfigMap', apiVersion = 'v1'): ObjectRef => ({
    apiVersion,
    kind,
    namespace,
    name,
  });
  const configMap = (name: string, data: JsonObject = { a: '1' }, metadata: JsonObject = {}): JsonObject => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace, ...metadata },
    data,
  });
  const deployment = (name: string, image = 'one', app = name): JsonObject => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace },
    spec: {
      replicas: 0,
      selector: { matchLabels: { app } },
      template: {
        metadata: { labels: { app } },
        spec: { containers: [{ name: 'main', image, env: [{ name: 'A', value: '1' }] }] },
      },
    },
  });

  async function makeNamespace(name: string): Promise<JsonObject> {
    const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
    made.push(name);
    return okay(await cluster.create({ apiVersion: 'v1', kind: 'Namespace', name }, body, { manager }));
  }
  async function make(name: string, data?: JsonObject, metadata?: JsonObject): Promise<JsonObject> {
    return okay(await cluster.create(ref(name), configMap(name, data, metadata), { manager }));
  }
  const apply = (body: JsonObject, options: { manager?: string; force?: boolean } = {}) =>
    cluster.apply(refOf(body), body, { manager, force: false, ...options });
  const dataOf = async (name: string) => at(await cluster.get(ref(name)), 'data');

  beforeAll(async () => {
    opened = await open();
    ({ cluster, reflector } = opened);
    await makeNamespace(namespace);
  }, 30_000);
  afterAll(async () => {
    for (const name of made) {
      const object = await cluster.get({ apiVersion: 'v1', kind: 'Namespace', name });
      if (object !== undefined) await cluster.delete(refOf(object), uidOf(object));
    }
    await opened.close();
  }, 30_000);

  describe('kinds', () => {
    it('tells scope, plural and verbs of a kind', async () => {
      const info = await cluster.kindInfo({ apiVersion: 'apps/v1', kind: 'Deployment' });
      expect(info).toMatchObject({ namespaced: true, plural: 'deployments' });
      expect(info?.verbs).toContain('list');
      expect(await cluster.kindInfo({ apiVersion: 'v1', kind: 'Namespace' })).toMatchObject({ namespaced: false });
    });

    it.each([
      ['apps/v1', 'Nonsense'],
      ['nonsense.example/v1', 'Deployment'],
      ['apps/v9', 'Deployment'],
      ['a/b/c', 'Deployment'],
      ['', 'ConfigMap'],
      ['v1', '__proto__'],
    ])('does not know %s %s', async (apiVersion, kind) => {
      expect(await cluster.kindInfo({ apiVersion, kind })).toBeUndefined();
    });

    it('lists each listable, namespaced kind once', async () => {
      const kinds = await cluster.listableKinds();
      const names = kinds.map(({ apiVersion, kind }) => `${apiVersion} ${kind}`);
      expect(names).toEqual(expect.arrayContaining(['v1 ConfigMap', 'v1 Secret', 'apps/v1 Deployment']));
      expect(names).not.toContain('v1 Namespace');
      expect(new Set(names).size).toBe(names.length);
    });

    it('tells in which version a kind can be reached when the one that is asked for is not served', async () => {
      const { definition, kind } = definitionOf(`${prefix}-moves`);
      const [version] = listAt(definition, 'spec', 'versions') as readonly JsonObject[];
      const group = textAt(definition, 'spec', 'group') ?? '';
      const versions = (old: boolean): JsonObject[] => [
        { ...version, name: 'v1' },
        { ...version, name: 'v1beta1', served: old, storage: false },
      ];
      const before = { ...kind, apiVersion: `${group}/v1beta1` };
      expect(await cluster.servedAs(before)).toBeUndefined();
      const defined = { ...definition, spec: { ...(definition.spec as JsonObject), versions: versions(true) } };
      const made = okay(await cluster.create(refOf(defined), defined, { manager }));
      await eventually(async () => expect(await cluster.servedAs(before)).toEqual(before));
      const change = { spec: { versions: versions(false) } };
      okay(await cluster.patch(refOf(defined), 'merge', change, { manager }));
      // A read in the version that has left makes an API server's answer known that is older.
      await eventually(async () => {
        await cluster.get({ ...before, namespace, name: 'none' });
        expect(await cluster.servedAs(before)).toEqual(kind);
      }, 90_000);
      expect(await cluster.servedAs({ ...kind, kind: 'Gadget' })).toBeUndefined();
      expect(await cluster.servedAs({ ...kind, apiVersion: 'v1' })).toBeUndefined();
      await cluster.delete(refOf(defined), uidOf(made));
      await eventually(async () => {
        await cluster.get({ ...kind, namespace, name: 'none' });
        expect(await cluster.servedAs(before)).toBeUndefined();
      }, 90_000);
    }, 200_000);

    it('finds a kind that is defined later and forgets one that is removed', async () => {
      const { definition, kind } = definitionOf(prefix);
      const widget = { ...kind, namespace, name: 'w' };
      const body = { ...kind, metadata: { name: 'w', namespace }, spec: { size: 3, extra: { deep: [1, { x: 'y' }] } } };
      expect(await cluster.kindInfo(kind)).toBeUndefined();
      expect(await cluster.get(widget)).toBeUndefined();
      expect(await apply(body)).toMatchObject({ kind: 'refused', reason: 'MissingKind' });
      expect(await cluster.delete(widget, 'any')).toMatchObject({ kind: 'refused', reason: 'MissingKind' });
      const defined = okay(await cluster.create(refOf(definition), definition, { manager }));
      await eventually(async () => expect(await cluster.kindInfo(kind)).toMatchObject({ namespaced: true }));
      const written = await eventually(async () => okay(await apply(body)));
      expect(at(written, 'spec')).toEqual(body.spec);
      await cluster.delete(widget, uidOf(written));
      await cluster.delete(refOf(definition), uidOf(defined));
      // A kind counts as known until an answer contradicts it, and as long as its path is there that an object is not contradicts nothing.
      await eventually(async () => {
        expect(await cluster.get(widget)).toBeUndefined();
        expect(await cluster.kindInfo(kind)).toBeUndefined();
      }, 90_000);
      expect(await apply(body)).toMatchObject({ kind: 'refused', reason: 'MissingKind' });
    }, 150_000);
  });

  describe('get and list', () => {
    it('gives the object with its coordinates', async () => {
      await make('got', { a: '1' }, { labels: { l: 'x' } });
      expect(await cluster.get(ref('got'))).toMatchObject({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'got', namespace, labels: { l: 'x' }, uid: expect.any(String) as string },
        data: { a: '1' },
      });
    });

    it('gives undefined for an object, a namespace and a kind that are not there', async () => {
      expect(await cluster.get(ref('absent'))).toBeUndefined();
      expect(await cluster.get({ ...ref('absent'), namespace: `${prefix}-none` })).toBeUndefined();
      expect(await cluster.get(ref('absent', 'Nonsense'))).toBeUndefined();
      expect(await cluster.get({ apiVersion: 'v1', kind: 'Namespace', name: `${prefix}-none` })).toBeUndefined();
    });

    it('refuses names and scopes that cannot be addressed', async () => {
      const wrong = [
        ref(''),
        ref('a/b'),
        ref('a%2Fb'),
        { apiVersion: 'v1', kind: 'ConfigMap', name: 'x' },
        { apiVersion: 'v1', kind: 'Namespace', namespace, name: 'x' },
      ];
      for (const one of wrong) {
        await expect(cluster.get(one)).rejects.toMatchObject({ type: 'ClusterInvalid' });
        expect(await cluster.delete(one, 'any')).toMatchObject({ kind: 'refused', reason: 'Invalid' });
      }
    });

    it('lists by namespace and by labels, with the coordinates of every item', async () => {
      await make('l1', {}, { labels: { set: prefix, n: '1' } });
      await make('l2', {}, { labels: { set: prefix, n: '2' } });
      const names = async (labelSelector: string, where?: string) =>
        (await cluster.list({ apiVersion: 'v1', kind: 'ConfigMap' }, { namespace: where, labelSelector })).map(
          (item) => {
            expect(item).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap' });
            return textAt(item, 'metadata', 'name');
          },
        );
      expect(await names(`set=${prefix}`, namespace)).toEqual(['l1', 'l2']);
      expect(await names(`set=${prefix}`)).toEqual(['l1', 'l2']);
      expect(await names(`set=${prefix},n in (2,3)`, namespace)).toEqual(['l2']);
      expect(await names(`set=${prefix},n!=2`, namespace)).toEqual(['l1']);
      expect(await names(`set=${prefix},!n`, namespace)).toEqual([]);
      expect(await names('', `${prefix}-none`)).toEqual([]);
    });

    it('lists by the name of a field', async () => {
      await make('field', {});
      const options = { namespace, fieldSelector: 'metadata.name=field' };
      expect(await cluster.list({ apiVersion: 'v1', kind: 'ConfigMap' }, options)).toHaveLength(1);
    });

    it('fails for the list of a kind that is not known', async () => {
      await expect(cluster.list({ apiVersion: 'v1', kind: 'Nonsense' }, {})).rejects.toMatchObject({
        type: 'ClusterInvalid',
        detail: { reason: 'MissingKind' },
      });
    });

    it('gives up with the reason of the signal', async () => {
      const reason = new Error('enough');
      await expect(cluster.get(ref('got'), AbortSignal.abort(reason))).rejects.toBe(reason);
    });
  });

  describe('apply', () => {
    it('creates, and the same again changes nothing', async () => {
      const first = okay(await apply(configMap('applied')));
      const second = okay(await apply(configMap('applied')));
      expect(uidOf(second)).toBe(uidOf(first));
      expect(versionOf(second)).toBe(versionOf(first));
    });

    it('removes what the manager no longer names and keeps what others hold', async () => {
      okay(await apply(configMap('shrunk', { mine: '1', gone: '2' })));
      okay(await apply(configMap('shrunk', { theirs: '3' }), { manager: 'other' }));
      okay(await apply(configMap('shrunk', { mine: '1' })));
      expect(await dataOf('shrunk')).toEqual({ mine: '1', theirs: '3' });
    });

    it('names manager and field of a conflict, and takes the field when forced', async () => {
      const theirs = 'kubectl "edit"';
      okay(await apply(configMap('fought', { a: '1', b: '1' }), { manager: theirs }));
      const refused = await apply(configMap('fought', { a: secretText, b: '1' }));
      expect(refused).toEqual({ kind: 'conflict', fields: [{ manager: theirs, field: '.data.a' }] });
      okay(await apply(configMap('fought', { a: '2' }), { force: true }));
      expect(await dataOf('fought')).toEqual({ a: '2', b: '1' });
      expect(await apply(configMap('fought', { a: '3' }), { manager: theirs })).toMatchObject({
        kind: 'conflict',
        fields: [{ manager, field: '.data.a' }],
      });
    });

    it('meets a conflict with a plain update, by the key of the list item', async () => {
      okay(await cluster.create(refOf(deployment('keyed')), deployment('keyed', 'one'), { manager: 'editor' }));
      expect(await apply(deployment('keyed', 'two'))).toEqual({
        kind: 'conflict',
        fields: [{ manager: 'editor', field: '.spec.template.spec.containers[name="main"].image' }],
      });
    });

    it('notes in managedFields who applied what', async () => {
      const object = okay(await apply(configMap('noted', { a: '1' })));
      expect(listAt(object, 'metadata', 'managedFields')).toMatchObject([
        {
          manager,
          operation: 'Apply',
          apiVersion: 'v1',
          fieldsType: 'FieldsV1',
          fieldsV1: { 'f:data': { 'f:a': {} } },
        },
      ]);
    });

    it('writes only the object whose uid the body names', async () => {
      const { uid } = await identity(make('named'));
      const other = '11111111-1111-4111-8111-111111111111';
      expect(await apply(configMap('named', { b: '1' }, { uid: other }))).toEqual({ kind: 'stale' });
      expect(await apply(configMap('named-absent', {}, { uid: other }))).toEqual({ kind: 'stale' });
      expect(await cluster.get(ref('named-absent'))).toBeUndefined();
      expect((await apply(configMap('named', { b: '1' }, { uid }))).kind).toBe('ok');
    });

    it('writes only the version that the body names', async () => {
      const { resourceVersion } = await identity(make('versioned'));
      okay(await apply(configMap('versioned', { b: '1' }, { resourceVersion })));
      expect(await apply(configMap('versioned', { b: '2' }, { resourceVersion }))).toEqual({ kind: 'stale' });
    });

    it('creates, and never changes, what the body names with a version that nothing has', async () => {
      const first = okay(await apply(configMap('only-new', { a: '1' }, { resourceVersion: versionOfNothing })));
      expect(await apply(configMap('only-new', { a: '2' }, { resourceVersion: versionOfNothing }))).toEqual({
        kind: 'stale',
      });
      expect(await cluster.get(ref('only-new'))).toMatchObject({ data: { a: '1' }, metadata: { uid: uidOf(first) } });
    });

    it('leaves nothing behind when it is dry', async () => {
      const body = configMap('dry');
      expect((await cluster.apply(ref('dry'), body, { manager, force: false, dryRun: true })).kind).toBe('ok');
      expect((await cluster.create(ref('dry'), body, { manager, dryRun: true })).kind).toBe('ok');
      expect(await cluster.get(ref('dry'))).toBeUndefined();
    });

    it('keeps capitals and colons in names', async () => {
      const role = (name: string) => ({
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'Role',
        metadata: { name, namespace },
        rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }],
      });
      okay(await apply(role('Big:Name')));
      expect(textAt(await cluster.get(refOf(role('Big:Name'))), 'metadata', 'name')).toBe('Big:Name');
      expect(await cluster.get(refOf(role('big:name')))).toBeUndefined();
    });

    it('carries every character to the object as it is', async () => {
      const text = sampleText();
      okay(await apply(configMap('letters', { text })));
      expect(at(await dataOf('letters'), 'text')).toBe(text);
    });
  });

  describe('refusals', () => {
    it('tells a namespace that is missing', async () => {
      const elsewhere = { ...configMap('x', { a: secretText }), metadata: { name: 'x', namespace: `${prefix}-none` } };
      for (const result of [await apply(elsewhere), await cluster.create(refOf(elsewhere), elsewhere, { manager })]) {
        expect(result).toMatchObject({ kind: 'refused', reason: 'MissingNamespace' });
        expect(JSON.stringify(result)).not.toContain(secretText);
      }
    });

    it('tells a namespace that is being deleted', async () => {
      const name = `${prefix}-b`;
      const held = { ...ref('held'), namespace: name };
      const space = await makeNamespace(name);
      const body = configMap('held', {}, { namespace: name, finalizers: ['example.com/hold'] });
      okay(await cluster.create(held, body, { manager }));
      expect(await cluster.delete(refOf(space), uidOf(space))).toEqual({ kind: 'accepted' });
      const late = configMap('late', { a: secretText }, { namespace: name });
      const refused = await eventually(async () => {
        const result = await apply(late);
        expect(result.kind).toBe('refused');
        return result;
      });
      expect(refused).toMatchObject({ kind: 'refused', reason: 'TerminatingNamespace' });
      expect(await cluster.create(refOf(late), late, { manager })).toMatchObject({ reason: 'TerminatingNamespace' });
      expect(await cluster.delete(refOf(space), uidOf(space))).toEqual({ kind: 'accepted' });
      okay(await cluster.patch(held, 'merge', { metadata: { finalizers: null } }, { manager }));
      await eventually(async () => expect(await cluster.get(refOf(space))).toBeUndefined());
      expect(await cluster.delete(refOf(space), uidOf(space))).toEqual({ kind: 'gone' });
    }, 60_000);

    it('tells a field that cannot change, without its value', async () => {
      const secret = (value: string) => ({
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'fixed', namespace },
        immutable: true,
        data: { key: Buffer.from(value).toString('base64') },
      });
      okay(await apply(secret('one')));
      okay(await apply(deployment('fixed')));
      const refused = [await apply(secret(secretText)), await apply(deployment('fixed', 'one', secretText))];
      for (const result of refused) {
        expect(result).toMatchObject({ kind: 'refused', reason: 'Immutable' });
        expect(JSON.stringify(result)).not.toContain(secretText);
      }
      expect(refused[1]).toMatchObject({ message: expect.stringContaining('spec.selector') as string });
    });

    it('tells an object that does not fit its coordinates or its rules', async () => {
      const misnamed = await cluster.apply(ref('one'), configMap('two'), { manager, force: false });
      expect(misnamed).toMatchObject({ kind: 'refused', reason: 'Invalid' });
      const name = 'Not_A_Name';
      expect(await cluster.create(ref(name), configMap(name), { manager })).toMatchObject({
        kind: 'refused',
        reason: 'Invalid',
        message: expect.stringContaining('metadata.name') as string,
      });
    });

    it('tells a kind that has no status', async () => {
      await make('stateless');
      const result = await cluster.apply(ref('stateless'), configMap('stateless'), {
        manager,
        force: false,
        subresource: 'status',
      });
      expect(result).toMatchObject({ kind: 'refused', reason: 'Invalid' });
    });
  });

  describe('create, replace and patch', () => {
    it('creates once', async () => {
      await make('once');
      expect(await cluster.create(ref('once'), configMap('once'), { manager })).toEqual({ kind: 'exists' });
    });

    it('replaces the whole object, on condition of its version', async () => {
      const first = await make('replaced', { a: '1', b: '1' });
      const next = { ...first, data: { c: '1' } };
      okay(await cluster.replace(ref('replaced'), next, { manager }));
      expect(await dataOf('replaced')).toEqual({ c: '1' });
      expect(await cluster.replace(ref('replaced'), next, { manager })).toEqual({ kind: 'stale' });
    });

    it('does not replace another object or none', async () => {
      await make('other');
      const uid = '11111111-1111-4111-8111-111111111111';
      expect(await cluster.replace(ref('other'), configMap('other', {}, { uid }), { manager })).toEqual({
        kind: 'stale',
      });
      expect(await cluster.replace(ref('none'), configMap('none'), { manager })).toEqual({ kind: 'missing' });
      expect(await cluster.replace(ref('none'), configMap('none', {}, { uid }), { manager })).toEqual({
        kind: 'stale',
      });
    });

    it('patches by merge, by operations and by the keys of lists', async () => {
      await make('patched', { a: '1', b: '1' });
      okay(await cluster.patch(ref('patched'), 'merge', { data: { a: null, c: '1' } }, { manager }));
      expect(await dataOf('patched')).toEqual({ b: '1', c: '1' });
      const operations = [
        { op: 'test', path: '/data/b', value: '1' },
        { op: 'replace', path: '/data/b', value: '2' },
        { op: 'remove', path: '/data/c' },
      ];
      okay(await cluster.patch(ref('patched'), 'json', operations, { manager }));
      expect(await dataOf('patched')).toEqual({ b: '2' });
      expect(await cluster.patch(ref('patched'), 'json', operations, { manager })).toMatchObject({ reason: 'Invalid' });
      const target = refOf(deployment('patched'));
      okay(await cluster.create(target, deployment('patched'), { manager }));
      const added = {
        spec: { template: { spec: { containers: [{ name: 'main', env: [{ name: 'B', value: '2' }] }] } } },
      };
      const object = okay(await cluster.patch(target, 'strategic', added, { manager }));
      const [main] = listAt(object, 'spec', 'template', 'spec', 'containers');
      expect(textAt(main, 'image')).toBe('one');
      expect(new Set(listAt(main, 'env').map((entry) => textAt(entry, 'name')))).toEqual(new Set(['A', 'B']));
    });

    it('does not patch another object or none', async () => {
      const { uid } = await identity(make('patched-by-uid'));
      const patch = (name: string, metadata: JsonObject) =>
        cluster.patch(ref(name), 'merge', { metadata, data: { z: '1' } }, { manager });
      expect(await patch('none', {})).toEqual({ kind: 'missing' });
      expect(await patch('none', { uid })).toEqual({ kind: 'stale' });
      expect(await patch('patched-by-uid', { uid: '11111111-1111-4111-8111-111111111111' })).toEqual({ kind: 'stale' });
      expect(await patch('patched-by-uid', { resourceVersion: '1' })).toEqual({ kind: 'stale' });
      expect((await patch('patched-by-uid', { uid })).kind).toBe('ok');
    });

    it('keeps the status apart from the rest', async () => {
      const body = deployment('stated');
      const created = okay(await apply(body));
      const status = { observedGeneration: 41 };
      // The server's own controller writes the same field.
      const onStatus = { manager: 'controller', force: true, subresource: 'status' } as const;
      const stated = okay(await cluster.apply(refOf(body), { ...without(body, 'spec'), status }, onStatus));
      expect(at(stated, 'spec', 'replicas')).toBe(0);
      expect(numberAt(stated, 'metadata', 'generation')).toBe(numberAt(created, 'metadata', 'generation'));
      const again = okay(await apply({ ...body, status: { observedGeneration: 7 } }));
      expect(numberAt(again, 'status', 'observedGeneration')).not.toBe(7);
      const respecified = okay(await apply(deployment('stated', 'two')));
      expect(numberAt(respecified, 'metadata', 'generation')).toBe(
        (numberAt(created, 'metadata', 'generation') ?? 0) + 1,
      );
      const absent = deployment('stated-absent');
      expect(await cluster.apply(refOf(absent), { ...without(absent, 'spec'), status }, onStatus)).toEqual({
        kind: 'missing',
      });
    });
  });

  describe('delete', () => {
    it('takes the object with that uid, and none is as good as gone', async () => {
      const { uid } = await identity(make('doomed'));
      expect(await cluster.delete(ref('doomed'), uid)).toEqual({ kind: 'deleted' });
      expect(await cluster.get(ref('doomed'))).toBeUndefined();
      expect(await cluster.delete(ref('doomed'), uid)).toEqual({ kind: 'gone' });
      expect(await cluster.delete({ ...ref('doomed'), namespace: `${prefix}-none` }, uid)).toEqual({ kind: 'gone' });
    });

    it('leaves an object with another uid alone', async () => {
      const old = await identity(make('reborn'));
      await cluster.delete(ref('reborn'), old.uid);
      const young = await identity(make('reborn'));
      expect(await cluster.delete(ref('reborn'), old.uid)).toEqual({ kind: 'otherUid' });
      expect(uidOf(await cluster.get(ref('reborn')))).toBe(young.uid);
    });

    it('leaves an object alone that is not in the demanded version any more, and takes it in the present one', async () => {
      const { uid, resourceVersion } = await identity(make('dated'));
      okay(await cluster.patch(ref('dated'), 'merge', { data: { changed: 'yes' } }, { manager }));
      expect(await cluster.delete(ref('dated'), uid, { resourceVersion })).toEqual({ kind: 'stale' });
      const present = await cluster.get(ref('dated'));
      expect(uidOf(present)).toBe(uid);
      const inPresent = { resourceVersion: textAt(present, 'metadata', 'resourceVersion') };
      expect(await cluster.delete(ref('dated'), uid, inPresent)).toEqual({ kind: 'deleted' });
      expect(await cluster.delete(ref('dated'), uid, inPresent)).toEqual({ kind: 'gone' });
    });

    it('waits for finalizers', async () => {
      const { uid } = await identity(make('held', {}, { finalizers: ['example.com/hold'] }));
      expect(await cluster.delete(ref('held'), uid)).toEqual({ kind: 'accepted' });
      expect(await cluster.delete(ref('held'), uid)).toEqual({ kind: 'accepted' });
      expect(textAt(await cluster.get(ref('held')), 'metadata', 'deletionTimestamp')).toEqual(expect.any(String));
      okay(await cluster.patch(ref('held'), 'merge', { metadata: { finalizers: null } }, { manager }));
      expect(await cluster.get(ref('held'))).toBeUndefined();
    });

    it('lets what the object owned follow in the background', async () => {
      const owner = await make('owner');
      const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: uidOf(owner) }];
      await make('owned', {}, { ownerReferences });
      await cluster.delete(ref('owner'), uidOf(owner));
      await eventually(async () => expect(await cluster.get(ref('owned'))).toBeUndefined());
    }, 60_000);
  });

  describe('reflector', () => {
    const kind = { apiVersion: 'v1', kind: 'ConfigMap' };

    function record(labelSelector: string, onEvent: (event: WatchEvent) => void = () => undefined) {
      const events: string[] = [];
      const stop = new AbortController();
      const ended = reflector.run(
        kind,
        { namespace, labelSelector },
        (event) => {
          if (event.kind === 'unlisted') return;
          const object = 'object' in event ? event.object : undefined;
          events.push(object === undefined ? event.kind : `${event.kind} ${textAt(object, 'metadata', 'name')}`);
          onEvent(event);
        },
        stop.signal,
      );
      return { events, stop: () => stop.abort(), ended };
    }

    it('delivers what is there, says so, and then what changes', async () => {
      const labels = { watch: 'changes' };
      await make('w1', {}, { labels });
      const { events, stop, ended } = record('watch=changes');
      await eventually(async () => expect(events).toEqual(['restarted', 'set w1', 'synced']));
      await make('w2', {}, { labels });
      okay(await cluster.patch(ref('w1'), 'merge', { data: { z: '1' } }, { manager }));
      okay(await cluster.patch(ref('w1'), 'merge', { metadata: { labels: { watch: null } } }, { manager }));
      const w2 = await cluster.get(ref('w2'));
      await cluster.delete(ref('w2'), uidOf(w2));
      const expected = ['restarted', 'set w1', 'synced', 'set w2', 'set w1', 'removed w1', 'removed w2'];
      await eventually(async () => expect(events).toEqual(expected));
      stop();
      await ended;
      await make('w3', {}, { labels });
      expect(events).toEqual(expected);
    });

    it('goes on after a handler that throws', async () => {
      const labels = { watch: 'throws' };
      await make('t1', {}, { labels });
      const { events, stop, ended } = record('watch=throws', () => {
        throw new Error('handler');
      });
      await eventually(async () => expect(events).toContain('synced'));
      await make('t2', {}, { labels });
      await eventually(async () => expect(events).toEqual(['restarted', 'set t1', 'synced', 'set t2']));
      stop();
      await ended;
    });

    it('ends at once when it is no longer wanted', async () => {
      const seen: WatchEvent[] = [];
      await reflector.run(kind, { namespace }, (event) => seen.push(event), AbortSignal.abort());
      expect(seen).toEqual([]);
    });
  });
}

function definitionOf(prefix: string) {
  const group = `${prefix}.example.com`;
  const kind = { apiVersion: `${group}/v1`, kind: 'Widget' };
  const names = { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' };
  const schema = {
    openAPIV3Schema: {
      type: 'object',
      properties: { spec: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
    },
  };
  const definition: JsonObject = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `widgets.${group}` },
    spec: { group, names, scope: 'Namespaced', versions: [{ name: 'v1', served: true, storage: true, schema }] },
  };
  return { definition, kind };
}

/** Every kind of character of the basic plane that JSON can hold, some of the others, and what YAML might take for syntax. */
function sampleText(): string {
  const codes: number[] = [];
  for (let code = 1; code <= 0x2ff; code += 1) codes.push(code);
  for (let code = 0x300; code <= 0xffff; code += 97) codes.push(code);
  codes.push(0x2028, 0x2029, 0xfeff, 0xfffd, 0x1f600, 0x10ffff);
  const letters = codes.filter((code) => code < 0xd800 || code > 0xdfff).map((code) => String.fromCodePoint(code));
  return `- &a *b !c {d: e} # f\t: \\u0041 \\/ "x" 'y' ${letters.join('')}\n...\n---\n`;
}

/** The object of a write that has to succeed. */
export function okay(result: WriteResult): JsonObject {
  if (result.kind !== 'ok') throw new Error(`not ok: ${JSON.stringify(result)}`);
  return result.object;
}

export function refOf(object: JsonObject): ObjectRef {
  return {
    apiVersion: textAt(object, 'apiVersion') ?? '',
    kind: textAt(object, 'kind') ?? '',
    namespace: textAt(object, 'metadata', 'namespace'),
    name: textAt(object, 'metadata', 'name') ?? '',
  };
}

export function uidOf(object: JsonObject | undefined): string {
  return textAt(object, 'metadata', 'uid') ?? 'none';
}

function versionOf(object: JsonObject): string {
  return textAt(object, 'metadata', 'resourceVersion') ?? 'none';
}

async function identity(object: Promise<JsonObject>): Promise<{ uid: string; resourceVersion: string }> {
  const made = await object;
  return { uid: uidOf(made), resourceVersion: versionOf(made) };
}

function without(object: JsonObject, key: string): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([name]) => name !== key));
}

/** Tries until it passes, for what a server does in the background. */
export async function eventually<T>(attempt: () => Promise<T>, milliseconds = 30_000): Promise<T> {
  const end = Date.now() + milliseconds;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
