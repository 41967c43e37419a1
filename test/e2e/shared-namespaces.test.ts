import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeRequest } from '../support/e2e/audit.ts';
import { claim, configMap, type Entry, namespace } from '../support/parity/entries.ts';
import type { Kind } from '../support/parity/paths.ts';
import { nodeSays, openStand, type Scene, soon, type Stand } from '../support/parity/stand.ts';

const plain = (id: string, kind: string): Entry => ({ id, spec: { apiVersion: 'v1', kind } });
const retain = { deletionPolicy: 'Retain' } as const;

interface EntryStatus {
  readonly id: string;
  readonly reason?: string;
  readonly message?: string;
}

/** What several nodes have a part in: a Namespace, and what a retained object of another form needs (decisions.md section 4). */
describe('e2e/shared-namespaces', () => {
  let stand: Stand;
  beforeAll(async () => {
    stand = await openStand('shared');
  });
  afterAll(() => stand?.close());

  const leaves = (scene: Scene) => scene.sql('DELETE FROM $');
  const messages = async (node: string, reason: string) =>
    (await stand.events(node, reason)).map(({ message }) => message).toSorted();
  const isGone = (kind: Kind, name: string, place?: string) =>
    soon(async () => expect(await stand.find(kind, name, place)).toBeUndefined(), { withinMs: 90_000 });

  test.concurrent('a Namespace that a node of another hub has objects in goes last, and says who holds it until then', async () => {
    const space = 'parity-shared-last';
    const inside = { targetNamespace: space };
    const host = await stand.scene('host', { form: [namespace('space', space), configMap('one', {}, inside)] });
    await host.ready();
    const guest = await stand.scene('guest', { form: [configMap('two', {}, inside)] });
    await guest.ready();
    const place = stand.world.audit.now();
    await leaves(host);
    const waiting = await nodeSays(host, ({ status }) =>
      ((status?.resources ?? []) as readonly EntryStatus[]).some(({ reason }) => reason === 'NamespaceInUse'),
    );
    expect(waiting.status?.resources).toMatchObject([{ id: 'space', message: 'NamespaceInUse by a-guest' }]);
    await soon(async () =>
      expect(await messages('a-host', 'NamespaceInUse')).toEqual([
        `Namespace ${space} stays while these LynqNodes have objects in it: [a-guest]`,
      ]),
    );
    expect(await stand.find('ConfigMap', 'a-host-one', space)).toBeUndefined();
    expect((await stand.find('ConfigMap', 'a-guest-two', space))?.metadata.deletionTimestamp).toBeUndefined();
    expect((await stand.find('Namespace', space))?.metadata.deletionTimestamp).toBeUndefined();

    await leaves(guest);
    await guest.gone();
    await host.gone();
    await isGone('Namespace', space);
    const deletes = stand.world.audit
      .ofWorker(place)
      .filter(({ verb, objectRef }) => verb === 'delete' && [space, 'last'].includes(objectRef?.namespace ?? 'last'))
      .map(describeRequest)
      .filter((request) => /a-host-one|a-guest-two|parity-shared-last/.test(request));
    expect(deletes).toEqual([
      'delete configmaps/a-host-one',
      'delete configmaps/a-guest-two',
      `delete namespaces/${space}`,
    ]);
    expect(await messages('a-host', 'NamespaceTakesAlong')).toEqual([]);
  });

  test.concurrent('what else is in a Namespace goes with it, and is named first', async () => {
    const space = 'parity-shared-along';
    const scene = await stand.scene('along', {
      form: [namespace('space', space), configMap('own', {}, { targetNamespace: space })],
    });
    await scene.ready();
    const put = (kind: Kind, name: string, metadata: object = {}) =>
      stand.create(kind, { apiVersion: 'v1', kind, metadata: { name, ...metadata } }, space);
    await put('ConfigMap', 'notes');
    const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'notes', uid: 'none' };
    await put('Secret', 'forged', {
      labels: { 'lynq.sh/node': 'a-along', 'lynq.sh/node-namespace': stand.world.namespace },
    });
    await put('ConfigMap', 'of-notes', {
      ownerReferences: [{ ...owner, uid: '5f6f1f6e-0000-4000-8000-000000000000' }],
    });
    await put('ServiceAccount', 'robot');
    await leaves(scene);
    await scene.gone();
    await isGone('Namespace', space);
    await soon(async () =>
      // Which kinds may not be listed follows, where the account of the worker may not list all.
      expect((await messages('a-along', 'NamespaceTakesAlong')).map((message) => message.split(';')[0])).toEqual([
        `Namespace ${space} is deleted with what else is in it: [ConfigMap/notes Secret/forged ServiceAccount/robot]`,
      ]),
    );
  });

  test.concurrent('a form that gives up a Namespace in which it still has an object does not lose that object', async () => {
    const space = 'parity-shared-own';
    const inside = configMap('inside', {}, { targetNamespace: space });
    const scene = await stand.scene('own', { form: [namespace('space', space), inside, configMap('marker')] });
    await scene.ready();
    const before = await stand.find('ConfigMap', 'a-own-inside', space);
    await scene.edit([inside]);
    await isGone('ConfigMap', 'a-own-marker');
    expect((await stand.find('Namespace', space))?.metadata.deletionTimestamp).toBeUndefined();
    expect((await stand.find('ConfigMap', 'a-own-inside', space))?.metadata.uid).toBe(before?.metadata.uid);
    await scene.edit([]);
    await isGone('Namespace', space);
  });

  test.concurrent('what a retained workload of another form names is kept with it, its Namespace too, and the rest goes', async () => {
    const space = 'parity-shared-kept';
    const named = (id: string) => ({ nameTemplate: `{{ .uid }}-kept-${id}`, targetNamespace: space });
    const needed = [
      configMap('cfg', {}, named('cfg')),
      { ...plain('pass', 'Secret'), ...named('pass') },
      { ...plain('robot', 'ServiceAccount'), ...named('robot') },
      claim('data', undefined, { ...named('data'), waitForReady: false }),
    ];
    const pod = {
      serviceAccountName: 'a-kept-robot',
      containers: [{ name: 'db', image: 'example/db:1', envFrom: [{ secretRef: { name: 'a-kept-pass' } }] }],
      volumes: [
        { name: 'cfg', configMap: { name: 'a-kept-cfg' } },
        { name: 'data', persistentVolumeClaim: { claimName: 'a-kept-data' } },
      ],
    };
    const labels = { app: 'db' };
    const database: Entry = {
      id: 'db',
      spec: {
        apiVersion: 'apps/v1',
        kind: 'StatefulSet',
        spec: {
          serviceName: 'db',
          replicas: 0,
          selector: { matchLabels: labels },
          template: { metadata: { labels }, spec: pod },
        },
      },
      ...named('db'),
      ...retain,
    };
    const scene = await stand.scene('kept', {
      forms: {
        'kept-base': [namespace('space', space), configMap('free', {}, named('free')), ...needed],
        'kept-data': [database],
      },
    });
    await scene.ready('a', 'kept-base');
    await scene.ready('a', 'kept-data');
    const kept = [
      ['ConfigMap', 'a-kept-cfg'],
      ['Secret', 'a-kept-pass'],
      ['ServiceAccount', 'a-kept-robot'],
      ['PersistentVolumeClaim', 'a-kept-data'],
      ['StatefulSet', 'a-kept-db'],
      ['Namespace', space],
    ] as const;
    const look = () => Promise.all(kept.map(([kind, name]) => stand.find(kind, name, space)));
    const before = (await look()).map((object) => object?.metadata.uid);
    await scene.dropRow();
    const after = await look();
    expect(after.map((object) => object?.metadata.uid)).toEqual(before);
    for (const object of after) {
      expect([object?.kind, object?.metadata.labels?.['lynq.sh/orphaned']]).toEqual([object?.kind, 'true']);
      expect(object?.metadata.ownerReferences ?? []).toEqual([]);
    }
    expect(await stand.find('ConfigMap', 'a-kept-free', space)).toBeUndefined();
    const dependency = (what: string) => `Resource ${what} retained because a retained object needs it`;
    await soon(async () =>
      expect(await messages('a-kept-base', 'RetainedAsDependency')).toEqual(
        expect.arrayContaining(
          [
            'ConfigMap/a-kept-cfg',
            `Namespace/${space}`,
            'PersistentVolumeClaim/a-kept-data',
            'Secret/a-kept-pass',
            'ServiceAccount/a-kept-robot',
          ].map(dependency),
        ),
      ),
    );
  });
});
