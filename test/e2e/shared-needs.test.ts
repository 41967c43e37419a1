import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeRequest } from '../support/e2e/audit.ts';
import { eventually, notYet, there } from '../support/e2e/eventually.ts';
import { configMap, type Entry } from '../support/parity/entries.ts';
import { openStand, type Scene, soon, type Stand } from '../support/parity/stand.ts';

type DeletionPolicy = 'Delete' | 'Retain';

/** A Secret of one form, named so that another form can know it. */
const secret = (scene: string, data: string): Entry => ({
  id: 'pass',
  spec: { apiVersion: 'v1', kind: 'Secret', stringData: { password: data } },
  nameTemplate: `{{ .uid }}-${scene}-pass`,
});

/** A workload of another form whose pod names that Secret. */
const database = (scene: string, deletionPolicy: DeletionPolicy): Entry => {
  const labels = { app: scene };
  const container = { name: 'db', image: 'example/db:1', envFrom: [{ secretRef: { name: `a-${scene}-pass` } }] };
  return {
    id: 'db',
    spec: {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      spec: {
        serviceName: 'db',
        replicas: 0,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [container] } },
      },
    },
    nameTemplate: `{{ .uid }}-${scene}-db`,
    deletionPolicy,
  };
};

/** While both nodes live: what a retained object of another form of the row needs has no owner that could take it along (decisions.md section 4). */
describe('e2e/shared-needs', () => {
  let stand: Stand;
  beforeAll(async () => {
    stand = await openStand('needs');
  });
  afterAll(() => stand?.close());

  const look = async (name: string) => {
    const found = await stand.find('Secret', `a-${name}-pass`);
    const { uid, ownerReferences = [], labels, annotations } = found?.metadata ?? {};
    const owners = ownerReferences.map((owner) => owner.name);
    return { uid, owners, node: labels?.['lynq.sh/node'], policy: annotations?.['lynq.sh/deletion-policy'] };
  };
  const isOwned = (name: string, owners: readonly string[]) =>
    soon(async () => expect(await look(name)).toMatchObject({ owners, node: `a-${name}-base` }), { withinMs: 60_000 });
  const open = (name: string, policy: DeletionPolicy): Promise<Scene> =>
    stand.scene(name, {
      forms: { [`${name}-base`]: [secret(name, 'one')], [`${name}-data`]: [database(name, policy)] },
    });
  /** Its nodes have said what they had to: two looks apart by a sync see the same. */
  const settled = async (scene: Scene) => {
    const versions = async () => {
      const nodes = await Promise.all(['base', 'data'].map((tier) => scene.node('a', `${scene.name}-${tier}`)));
      return nodes.map((node) => node?.metadata.resourceVersion);
    };
    await eventually('the nodes rest', async () => {
      const before = await versions();
      await stand.world.lynq(['notify', scene.name, '-n', stand.world.namespace]);
      return (await versions()).join() === before.join() ? there(before) : notYet(before.join());
    });
  };
  const deleteForeground = (node: string) =>
    stand.world.kubectl(['-n', stand.world.namespace, 'delete', 'lynqnode', node, '--cascade=foreground']);
  const bothReady = async (scene: Scene) => {
    await scene.ready('a', `${scene.name}-base`);
    await scene.ready('a', `${scene.name}-data`);
  };

  test.concurrent('a Secret loses its owner when a retained workload of another form comes to need it, and has it back when that one is to go', async () => {
    const scene = await open('late', 'Delete');
    await bothReady(scene);
    const before = await look('late');
    expect(before).toMatchObject({ owners: ['a-late-base'], policy: 'Delete' });

    await scene.edit([database('late', 'Retain')], 'late-data');
    await isOwned('late', []);
    expect(await look('late')).toMatchObject({ uid: before.uid, policy: 'Retain' });
    await soon(async () =>
      expect(await stand.events('a-late-base', 'RetainedAsDependency')).toMatchObject([
        {
          message:
            "Resource 'pass' will be retained although its policy is Delete: a retained object of another form needs it",
        },
      ]),
    );

    await scene.edit([database('late', 'Delete')], 'late-data');
    await isOwned('late', ['a-late-base']);
    expect(await look('late')).toMatchObject({ uid: before.uid, policy: 'Delete' });
    await scene.dropRow();
    await soon(async () => expect(await stand.find('Secret', 'a-late-pass')).toBeUndefined());
  });

  test.concurrent('it has no owner either when the workload was there first, whatever else its form changes', async () => {
    const scene = await stand.scene('first', {
      forms: { 'first-base': [configMap('marker')], 'first-data': [database('first', 'Retain')] },
    });
    await bothReady(scene);
    await scene.edit([configMap('marker'), secret('first', 'one')], 'first-base');
    await soon(async () => expect((await look('first')).uid).toBeDefined());
    await scene.ready('a', 'first-base');
    expect(await look('first')).toMatchObject({ owners: [], policy: 'Retain' });
    await scene.edit([configMap('marker'), secret('first', 'two')], 'first-base');
    const encoded = Buffer.from('two').toString('base64');
    const content = () => stand.find('Secret', 'a-first-pass') as Promise<{ data?: { password?: string } } | undefined>;
    await soon(async () => expect((await content())?.data?.password).toBe(encoded));
    expect((await look('first')).owners).toEqual([]);
  });

  test.concurrent('it keeps without an owner while a workload that outlived its form needs it, and the garbage collector takes nothing', async () => {
    const scene = await open('left', 'Retain');
    await bothReady(scene);
    await isOwned('left', []);
    const before = await look('left');
    await scene.edit([], 'left-data');
    await soon(async () => {
      const left = await stand.find('StatefulSet', 'a-left-db');
      expect(left?.metadata.labels?.['lynq.sh/orphaned']).toBe('true');
    });
    await scene.edit([secret('left', 'two'), configMap('marker')], 'left-base');
    await soon(async () => expect(await scene.child('ConfigMap', 'marker', 'a', 'left-base')).toBeDefined());
    await scene.ready('a', 'left-base');
    expect(await look('left')).toMatchObject({ uid: before.uid, owners: [], policy: 'Retain' });
    await scene.dropRow();
    expect((await look('left')).uid).toBe(before.uid);
  });

  test.concurrent("`kubectl delete --cascade=foreground` of its LynqNode, by which the garbage collector goes first, takes what is the node's and leaves what a retained workload needs", async () => {
    const name = 'front';
    const scene = await stand.scene(name, {
      forms: {
        [`${name}-base`]: [secret(name, 'one'), configMap('marker')],
        [`${name}-data`]: [database(name, 'Retain')],
      },
    });
    await bothReady(scene);
    await isOwned(name, []);
    const before = await look(name);
    const marker = await scene.child('ConfigMap', 'marker', 'a', `${name}-base`);
    const node = await scene.node('a', `${name}-base`);
    const deleted = await deleteForeground(`a-${name}-base`);
    expect(deleted).toMatchObject({ code: 0, stderr: '' });

    // The row is still there, so the node comes back, and has its Secret again.
    await soon(async () => expect((await scene.node('a', `${name}-base`))?.metadata.uid).not.toBe(node?.metadata.uid));
    await bothReady(scene);
    const made = await scene.child('ConfigMap', 'marker', 'a', `${name}-base`);
    expect(made?.metadata.uid).not.toBe(marker?.metadata.uid);
    await isOwned(name, []);
    expect(await look(name)).toMatchObject({ uid: before.uid, policy: 'Retain' });
  });

  test.concurrent('a Secret that is made once loses its owner, and nothing else, when it comes to be needed: the garbage collector leaves it too', async () => {
    const name = 'once';
    const made = (data: string): Entry => ({ ...secret(name, data), creationPolicy: 'Once' });
    const scene = await stand.scene(name, {
      forms: { [`${name}-base`]: [made('one')], [`${name}-data`]: [database(name, 'Delete')] },
    });
    await bothReady(scene);
    const before = await look(name);
    expect(before.owners).toEqual([`a-${name}-base`]);
    await scene.edit([database(name, 'Retain')], `${name}-data`);
    await isOwned(name, []);
    await scene.edit([made('two')], `${name}-base`);
    await bothReady(scene);
    const node = await scene.node('a', `${name}-base`);
    expect(await deleteForeground(`a-${name}-base`)).toMatchObject({ code: 0, stderr: '' });

    await soon(async () => expect((await scene.node('a', `${name}-base`))?.metadata.uid).not.toBe(node?.metadata.uid));
    await bothReady(scene);
    await isOwned(name, []);
    expect((await look(name)).uid).toBe(before.uid);
    const found = (await stand.find('Secret', `a-${name}-pass`)) as { data?: { password?: string } } | undefined;
    expect(found?.data?.password).toBe(Buffer.from('one').toString('base64'));
  });

  test('a restart of the worker changes none of it, and nothing is written', async () => {
    const scene = await open('rest', 'Retain');
    await bothReady(scene);
    await isOwned('rest', []);
    await settled(scene);
    await stand.world.worker.stop();
    const place = stand.world.audit.now();
    await stand.world.worker.start();
    await scene.sql('INSERT INTO $ (id) VALUES (?)', ['b']);
    await scene.ready('b', 'rest-base');
    await scene.ready('b', 'rest-data');
    const writes = stand.world.audit
      .ofWorker(place)
      .filter(({ verb }) => ['create', 'update', 'patch', 'delete'].includes(verb))
      .map(describeRequest)
      .filter((request) => /\/a-rest-/.test(request));
    expect(writes).toEqual([]);
    expect((await look('rest')).owners).toEqual([]);
  });
});
