import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { describeRequest } from '../support/e2e/audit.ts';
import { childPath, type KubeObject, lynqPath } from '../support/e2e/cluster.ts';
import { eventually, notYet, there, window } from '../support/e2e/eventually.ts';
import { hubObject } from '../support/e2e/manifests.ts';
import { openWorld, type World } from '../support/e2e/world.ts';

const schema = 'CREATE TABLE rows_ (id VARCHAR(63), active BOOLEAN DEFAULT TRUE);';

type Entry = Readonly<Record<string, unknown>>;

describe('e2e/removal', () => {
  const hub = 'leaving';
  let world: World;

  const map = (id: string, change: Entry = {}): Entry => ({
    id,
    nameTemplate: `{{ .uid }}-${id}`,
    ...change,
    spec: { apiVersion: 'v1', kind: 'ConfigMap', data: { key: 'value' } },
  });
  const put = (name: string, lists: Readonly<Record<string, readonly Entry[]>>) =>
    world.cluster.create(lynqPath(world.namespace, 'lynqforms'), {
      apiVersion: 'operator.lynq.sh/v1',
      kind: 'LynqForm',
      metadata: { name, namespace: world.namespace },
      spec: { hubId: hub, ...lists },
    });
  const at = (name: string, namespace = world.namespace) => childPath('ConfigMap', namespace, name);
  const add = (uid: string) => world.database.sql('INSERT INTO rows_ (id) VALUES (?)', [uid]);
  const drop = (uid: string) => world.database.sql('DELETE FROM rows_ WHERE id = ?', [uid]);
  const hold = (path: string) => world.cluster.merge(path, { metadata: { finalizers: ['example.com/hold'] } });
  const letGo = (path: string) => world.cluster.merge(path, { metadata: { finalizers: null } });
  const version = (name: string, storage: boolean, served = true) => ({
    name,
    served,
    storage,
    schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
  });
  /** A kind of group removal.example.com, stored in the first of its versions; gives the path of its definition. */
  async function define(plural: string, kind: string, [stored = '', ...others]: readonly string[]): Promise<string> {
    const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
    await world.cluster.create(definitions, {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: `${plural}.removal.example.com` },
      spec: {
        group: 'removal.example.com',
        scope: 'Namespaced',
        names: { plural, singular: kind.toLowerCase(), kind, listKind: `${kind}List` },
        versions: [version(stored, true), ...others.map((name) => version(name, false))],
      },
    });
    return `${definitions}/${plural}.removal.example.com`;
  }
  const isGone = (path: string) =>
    eventually(`${path} is gone`, async () => {
      const found = await world.cluster.find(path);
      return found === undefined ? there(true) : notYet(found.metadata);
    });
  const reasonsOf = (node: KubeObject | undefined): Readonly<Record<string, string>> =>
    Object.fromEntries(
      ((node?.status?.resources ?? []) as readonly { id: string; state: string; reason?: string }[]).map((entry) => [
        entry.id,
        `${entry.state} ${entry.reason ?? ''}`.trim(),
      ]),
    );
  const deletesOf = (place: number): readonly string[] =>
    world.audit
      .ofWorker(place)
      .filter(({ verb, objectRef }) => verb === 'delete' && objectRef?.resource !== 'lynqnodes')
      .map(describeRequest);

  beforeAll(async () => {
    world = await openWorld(inject('stack'), { name: 'removal', schema });
    await world.cluster.create(
      lynqPath(world.namespace, 'lynqhubs'),
      hubObject({
        name: hub,
        namespace: world.namespace,
        database: world.database,
        table: 'rows_',
        extra: {},
        syncInterval: '2s',
      }),
    );
    await put('chain', {
      configMaps: [
        map('base'),
        map('middle', { dependIds: ['base'] }),
        map('top', { dependIds: ['middle'] }),
        map('beside'),
      ],
    });
  });
  afterAll(async () => {
    await world?.close();
  });

  test('objects go in reverse order, and one that a foreign finalizer holds keeps those below it and the node', async () => {
    await add('held');
    await world.ready(['held-chain']);
    await hold(at('held-middle'));
    const place = world.audit.now();
    await drop('held');
    const node = await eventually('the node says what it waits for', async () => {
      const found = await world.node('held-chain');
      const reasons = reasonsOf(found);
      return reasons['middle'] === 'Deleting Terminating' ? there(found!) : notYet(reasons);
    });
    expect(reasonsOf(node)).toEqual({ middle: 'Deleting Terminating', base: 'Deleting WaitsForDependents' });
    expect(node.metadata.finalizers).toContain('lynqnode.operator.lynq.sh/finalizer');
    expect((await world.cluster.get(at('held-middle'))).metadata.finalizers).toEqual(['example.com/hold']);
    expect(deletesOf(place).indexOf('delete configmaps/held-top')).toBeLessThan(
      deletesOf(place).indexOf('delete configmaps/held-middle'),
    );
    expect(deletesOf(place)).not.toContain('delete configmaps/held-base');

    await letGo(at('held-middle'));
    await world.gone(['held-chain']);
    expect(await world.cluster.find(at('held-base'))).toBeUndefined();
  });

  test('a node that a person abandons goes, and its objects stay and are listed', async () => {
    await add('stuck');
    await world.ready(['stuck-chain']);
    const before = await world.cluster.get(at('stuck-base'));
    await hold(at('stuck-middle'));
    await drop('stuck');
    const node = await eventually('the node waits', async () => {
      const found = await world.node('stuck-chain');
      return reasonsOf(found)['middle'] === 'Deleting Terminating' ? there(found!) : notYet(reasonsOf(found));
    });
    const path = lynqPath(world.namespace, 'lynqnodes', 'stuck-chain');
    await world.cluster.merge(path, { metadata: { annotations: { 'lynq.sh/abandon': 'another-uid' } } });
    await window(1_500);
    expect(await world.cluster.find(path)).toBeDefined();

    await world.cluster.merge(path, { metadata: { annotations: { 'lynq.sh/abandon': node.metadata.uid } } });
    await world.gone(['stuck-chain']);
    await window(1_500);
    const after = await world.cluster.get(at('stuck-base'));
    expect(after.metadata.uid).toBe(before.metadata.uid);
    expect(after.metadata.deletionTimestamp).toBeUndefined();
    expect(after.metadata.ownerReferences).toBeUndefined();
    expect(after.metadata.labels).toMatchObject({ 'lynq.sh/orphaned': 'true' });
    const events = await world.cluster.list(`/api/v1/namespaces/${world.namespace}/events`);
    const told = (events as readonly { reason?: string; message?: string }[]).find(
      ({ reason }) => reason === 'LynqNodeAbandoned',
    );
    expect(told?.message).toContain(`ConfigMap ${world.namespace}/stuck-base`);
    expect(told?.message).toContain(`ConfigMap ${world.namespace}/stuck-middle`);
    await letGo(at('stuck-middle'));
    await world.cluster.remove(at('stuck-base'));
  });

  test('an object that someone made anew under the same name is left alone', async () => {
    await put('single', { configMaps: [map('again')] });
    await add('renewed');
    await world.ready(['renewed-single', 'renewed-chain']);
    await world.worker.stop();
    await world.cluster.remove(at('renewed-again'));
    const made = await world.cluster.create(childPath('ConfigMap', world.namespace), {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'renewed-again' },
      data: { mine: 'yes' },
    });
    await drop('renewed');
    await world.worker.start();
    await world.gone(['renewed-single', 'renewed-chain']);
    const after = await world.cluster.get(at('renewed-again'));
    expect(after.metadata).toMatchObject({
      uid: made.metadata.uid,
      resourceVersion: made.metadata.resourceVersion,
    });
    await world.cluster.remove(at('renewed-again'));
  });

  test('a node goes although the kind of an object was removed meanwhile, and the rest of it too', async () => {
    const path = await define('gadgets', 'Gadget', ['v1']);
    await put('custom', {
      configMaps: [map('plain')],
      manifests: [
        {
          id: 'gadget',
          nameTemplate: '{{ .uid }}-gadget',
          waitForReady: false,
          spec: { apiVersion: 'removal.example.com/v1', kind: 'Gadget', spec: {} },
        },
      ],
    });
    await add('customer');
    await world.ready(['customer-custom', 'customer-chain', 'customer-single']);
    await world.cluster.remove(path);
    await isGone(path);
    await drop('customer');
    await world.gone(['customer-custom', 'customer-chain', 'customer-single']);
    expect(await world.cluster.find(at('customer-plain'))).toBeUndefined();
  });

  test('objects whose kind left the version on record stay or go as ever, and what stays keeps its Namespace', async () => {
    const path = await define('stores', 'Store', ['v1', 'v1beta1']);
    const store = (id: string, deletionPolicy: string): Entry => ({
      id,
      nameTemplate: id,
      targetNamespace: 'e2e-{{ .uid }}',
      deletionPolicy,
      waitForReady: false,
      spec: { apiVersion: 'removal.example.com/v1beta1', kind: 'Store', spec: {} },
    });
    const space = { id: 'space', nameTemplate: 'e2e-{{ .uid }}', spec: { apiVersion: 'v1', kind: 'Namespace' } };
    await put('spaces', { namespaces: [space] });
    await put('stores', { manifests: [store('kept', 'Retain'), store('dropped', 'Delete')] });
    await add('moved');
    await world.ready(['moved-spaces', 'moved-stores', 'moved-chain']);
    const stores = (of: string, name: string) => `/apis/removal.example.com/${of}/namespaces/e2e-moved/stores/${name}`;
    const before = await world.cluster.get(stores('v1beta1', 'kept'));
    await world.worker.stop();
    await world.cluster.merge(path, { spec: { versions: [version('v1', true), version('v1beta1', false, false)] } });
    await isGone(stores('v1beta1', 'kept'));
    await world.worker.start();
    await drop('moved');
    await world.gone(['moved-stores', 'moved-spaces', 'moved-chain']);
    const after = await world.cluster.get(stores('v1', 'kept'));
    expect(after.metadata.uid).toBe(before.metadata.uid);
    expect(after.metadata.labels).toMatchObject({ 'lynq.sh/orphaned': 'true' });
    expect(await world.cluster.find(stores('v1', 'dropped'))).toBeUndefined();
    const kept = await world.cluster.get('/api/v1/namespaces/e2e-moved');
    expect(kept.metadata.deletionTimestamp).toBeUndefined();
    expect(kept.metadata.labels).toMatchObject({ 'lynq.sh/orphaned': 'true' });
    await world.cluster.remove('/api/v1/namespaces/e2e-moved');
    await isGone('/api/v1/namespaces/e2e-moved');
    await world.cluster.remove(path);
    await world.cluster.remove(lynqPath(world.namespace, 'lynqforms', 'spaces'));
    await world.cluster.remove(lynqPath(world.namespace, 'lynqforms', 'stores'));
  });

  test('objects in a namespace that is being deleted are waited for, and nothing is stripped', async () => {
    const space = 'e2e-removal-space';
    await world.cluster.create('/api/v1/namespaces', {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: space },
    });
    await put('abroad', { configMaps: [map('guest', { targetNamespace: space })] });
    await add('abroad');
    await world.ready(['abroad-abroad']);
    await hold(at('abroad-guest', space));
    await world.cluster.remove(`/api/v1/namespaces/${space}`);
    await drop('abroad');
    await eventually('the node waits', async () => {
      const reasons = reasonsOf(await world.node('abroad-abroad'));
      return reasons['guest'] === 'Deleting Terminating' ? there(true) : notYet(reasons);
    });
    expect((await world.cluster.get(at('abroad-guest', space))).metadata.finalizers).toEqual(['example.com/hold']);
    await letGo(at('abroad-guest', space));
    await world.gone(['abroad-abroad']);
    await isGone(`/api/v1/namespaces/${space}`);
  });

  test('the pods of a Job go with it', async () => {
    await put('batch', {
      jobs: [
        {
          id: 'job',
          nameTemplate: '{{ .uid }}-job',
          waitForReady: false,
          spec: {
            apiVersion: 'batch/v1',
            kind: 'Job',
            spec: {
              template: { spec: { restartPolicy: 'Never', containers: [{ name: 'one', image: 'example.com/one' }] } },
            },
          },
        },
      ],
    });
    await add('batched');
    const pods = `/api/v1/namespaces/${world.namespace}/pods`;
    await eventually('the Job has a pod', async () => {
      const found = await world.cluster.list(`${pods}?labelSelector=job-name%3Dbatched-job`);
      return found.length > 0 ? there(found) : notYet('none');
    });
    await drop('batched');
    await world.gone(['batched-batch']);
    await eventually('the pods are gone', async () => {
      const found = await world.cluster.list(`${pods}?labelSelector=job-name%3Dbatched-job`);
      return found.length === 0 ? there(true) : notYet(found.length);
    });
  });
});
