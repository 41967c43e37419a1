import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeRequest } from '../../support/e2e/audit.ts';
import { window } from '../../support/e2e/eventually.ts';
import {
  autoscaler,
  claim,
  configMap,
  cronJob,
  deployment,
  disruptionBudget,
  type Entry,
  job,
  namespace,
  networkPolicy,
  service,
  widget,
} from '../../support/parity/entries.ts';
import { type Kind, pathOf } from '../../support/parity/paths.ts';
import { openStand, type Scene, soon, type Stand, serveWidgets } from '../../support/parity/stand.ts';

const clusterRole: Entry = {
  id: 'role',
  spec: { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', rules: [] },
};

const elsewhere = (id: string, place: string, more: Partial<Entry> = {}): Entry => ({
  ...configMap(id, { v: '1' }),
  targetNamespace: place,
  ...more,
});

/** The Go operator takes any cluster-scoped kind its account may write; here it has to be listed. */
const policy = { clusterKinds: ['Namespace', 'ClusterRole.rbac.authorization.k8s.io'] };
/** A namespace that was there before. */
const far = 'parity-far';

describe('parity/peer-suite/ownership', () => {
  let stand: Stand;
  beforeAll(async () => {
    stand = await openStand('ownership', { LYNQ_SCOPE_POLICY: JSON.stringify(policy) });
    await stand.create('Namespace', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: far } });
    await serveWidgets(stand);
  });
  afterAll(() => stand?.close());

  const trackingOf = (node: string) => ({ 'lynq.sh/node': node, 'lynq.sh/node-namespace': stand.world.namespace });

  describe('tracking', () => {
    test.concurrent('a child beside its node is owned by it, as controller', async () => {
      const scene = await stand.scene('owned', { form: [configMap('cfg'), deployment('app'), service('svc')] });
      const node = await scene.ready();
      for (const [kind, id] of [
        ['ConfigMap', 'cfg'],
        ['Deployment', 'app'],
        ['Service', 'svc'],
      ] as const) {
        expect((await scene.child(kind, id))?.metadata.ownerReferences).toEqual([
          {
            apiVersion: 'operator.lynq.sh/v1',
            kind: 'LynqNode',
            name: node.metadata.name,
            uid: node.metadata.uid,
            controller: true,
            blockOwnerDeletion: true,
          },
        ]);
      }
    });

    test.concurrent('a child in another namespace is tracked by labels, without an owner', async () => {
      const scene = await stand.scene('cross', {
        form: [namespace('ns', 'parity-cross'), elsewhere('cfg', 'parity-cross', { dependIds: ['ns'] })],
      });
      await scene.ready();
      const { metadata } = (await stand.find('ConfigMap', 'a-cross-cfg', 'parity-cross'))!;
      expect(metadata.ownerReferences ?? []).toEqual([]);
      expect(metadata.labels).toMatchObject(trackingOf('a-cross'));
      const selected = await stand.world.cluster.list('/api/v1/configmaps?labelSelector=lynq.sh/node%3Da-cross');
      expect(selected.map((one) => one.metadata.name)).toContain('a-cross-cfg');
    });

    test.concurrent('a Namespace is tracked by labels, without an owner, beside its own labels', async () => {
      const scene = await stand.scene('own-ns', {
        form: [{ ...namespace('ns', 'parity-own-ns'), labelsTemplate: { team: '{{ .plan }}' } }],
      });
      await scene.ready();
      const { metadata } = (await stand.find('Namespace', 'parity-own-ns'))!;
      expect(metadata.ownerReferences ?? []).toEqual([]);
      expect(metadata.labels).toMatchObject({ ...trackingOf('a-own-ns'), team: 'basic' });
    });

    test.concurrent('a cluster-scoped child has no owner and goes with its row', async () => {
      const scene = await stand.scene('cluster-scoped', { form: [clusterRole] });
      await scene.ready();
      const { metadata } = (await stand.find('ClusterRole', 'a-cluster-scoped-role'))!;
      expect(metadata.ownerReferences ?? []).toEqual([]);
      expect(metadata.labels).toMatchObject(trackingOf('a-cluster-scoped'));
      await scene.dropRow();
      expect(await stand.find('ClusterRole', 'a-cluster-scoped-role')).toBeUndefined();
    });

    test.concurrent('children in other namespaces, and the namespace, go with the row', async () => {
      const scene = await stand.scene('cross-gone', {
        form: [
          namespace('ns', 'parity-cross-gone'),
          elsewhere('there', 'parity-cross-gone', { dependIds: ['ns'] }),
          elsewhere('far', far),
        ],
      });
      await scene.ready();
      expect(await stand.find('ConfigMap', 'a-cross-gone-far', far)).toBeDefined();
      await scene.dropRow();
      expect(await stand.find('ConfigMap', 'a-cross-gone-far', far)).toBeUndefined();
      await soon(async () => expect(await stand.find('Namespace', 'parity-cross-gone')).toBeUndefined());
    });

    test.concurrent('a Deployment that goes takes its ReplicaSets and pods along, a Job its pods', async () => {
      const scene = await stand.scene('cascade', { form: [deployment('cascade-app'), job('cascade-job')] });
      await scene.ready();
      const pods = async () => {
        const all = await stand.world.cluster.list(pathOf('Pod', stand.world.namespace));
        return all.filter(({ metadata }) => metadata.labels?.['app']?.startsWith('cascade-'));
      };
      expect(await pods()).toHaveLength(2);
      await scene.dropRow();
      await soon(async () => expect(await pods()).toEqual([]));
    });
  });

  describe('entries that leave the form', () => {
    const leaving: Readonly<Record<string, readonly [Kind, Entry]>> = {
      ConfigMap: ['ConfigMap', configMap('it')],
      Deployment: ['Deployment', deployment('it')],
      PersistentVolumeClaim: ['PersistentVolumeClaim', claim('it', undefined)],
      Job: ['Job', job('it')],
      CronJob: ['CronJob', cronJob('it')],
      PodDisruptionBudget: ['PodDisruptionBudget', disruptionBudget('it')],
      NetworkPolicy: ['NetworkPolicy', networkPolicy('it')],
      HorizontalPodAutoscaler: ['HorizontalPodAutoscaler', autoscaler('it', 'nobody', { waitForReady: false })],
      Widget: ['Widget', widget('it')],
    };
    for (const [what, [kind, entry]] of Object.entries(leaving)) {
      test.concurrent(`${what}: deleted, the others stay`, async () => {
        const scene = await stand.scene(`leaves-${what.toLowerCase()}`, { form: [entry, configMap('stays')] });
        await scene.ready();
        const stays = await scene.child('ConfigMap', 'stays');
        await scene.edit([configMap('stays')]);
        await soon(async () => expect(await scene.child(kind, 'it')).toBeUndefined());
        expect((await scene.child('ConfigMap', 'stays'))?.metadata.uid).toBe(stays?.metadata.uid);
        await soon(async () => {
          const status = (await scene.node())?.status;
          expect(status.desiredResources).toBe(1);
          expect(status.appliedResources).toEqual([`ConfigMap/${stand.world.namespace}/a-${scene.name}-stays@stays`]);
        });
      });
    }

    test.concurrent('in another namespace with a templated name: deleted', async () => {
      await stand.create('Namespace', {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name: 'parity-templated-basic' },
      });
      const scene = await stand.scene('leaves-there', {
        form: [elsewhere('it', 'parity-templated-{{ .plan }}'), configMap('stays')],
      });
      await scene.ready();
      expect(await stand.find('ConfigMap', 'a-leaves-there-it', 'parity-templated-basic')).toBeDefined();
      await scene.edit([configMap('stays')]);
      await soon(async () =>
        expect(await stand.find('ConfigMap', 'a-leaves-there-it', 'parity-templated-basic')).toBeUndefined(),
      );
    });

    test.concurrent('with Retain: stays, marked RemovedFromTemplate, and is taken back when the entry returns', async () => {
      const kept = configMap('it', { v: '1' }, { deletionPolicy: 'Retain' });
      const scene = await stand.scene('leaves-retained', { form: [kept, configMap('stays')] });
      await scene.ready();
      const before = await scene.child('ConfigMap', 'it');
      await scene.edit([configMap('stays')]);
      await soon(async () => {
        const { metadata } = (await scene.child('ConfigMap', 'it'))!;
        expect(metadata.uid).toBe(before?.metadata.uid);
        expect(metadata.labels?.['lynq.sh/orphaned']).toBe('true');
        expect(metadata.annotations?.['lynq.sh/orphaned-reason']).toBe('RemovedFromTemplate');
      });
      await scene.edit([kept, configMap('stays')]);
      await soon(async () => {
        const { metadata } = (await scene.child('ConfigMap', 'it'))!;
        expect(metadata.labels?.['lynq.sh/orphaned']).toBeUndefined();
        expect(metadata.uid).toBe(before?.metadata.uid);
      });
      await scene.ready();
    });

    test.concurrent('an entry whose id alone changes keeps its object', async () => {
      const named = { nameTemplate: '{{ .uid }}-renamed-id' };
      const scene = await stand.scene('renamed-id', { form: [configMap('old', { v: '1' }, named)] });
      await scene.ready();
      const before = await stand.find('ConfigMap', 'a-renamed-id');
      await scene.edit([configMap('new', { v: '2' }, named)]);
      await soon(async () => expect((await stand.find('ConfigMap', 'a-renamed-id'))?.data).toEqual({ v: '2' }));
      await scene.ready();
      expect((await stand.find('ConfigMap', 'a-renamed-id'))?.metadata.uid).toBe(before?.metadata.uid);
    });

    test.concurrent('an entry whose name changes leaves no object of the old name behind', async () => {
      const scene = await stand.scene('renamed', {
        form: [configMap('it', { v: '1' }, { nameTemplate: '{{ .uid }}-renamed-{{ .plan }}' })],
      });
      await scene.ready();
      await scene.sql("UPDATE $ SET plan = 'gold'");
      await soon(async () => {
        expect(await stand.find('ConfigMap', 'a-renamed-gold')).toBeDefined();
        expect(await stand.find('ConfigMap', 'a-renamed-basic')).toBeUndefined();
      });
    });
  });

  describe('drift', () => {
    const app = deployment('app');
    const breakers: Readonly<Record<string, (scene: Scene) => Promise<() => Promise<void>>>> = {
      'data of a ConfigMap': async (scene) => {
        await stand.world.cluster.merge(scene.path('ConfigMap', 'cfg'), { data: { v: 'drifted' } });
        return async () => expect((await scene.child('ConfigMap', 'cfg'))?.data).toEqual({ v: '1' });
      },
      'replicas of a Deployment': async (scene) => {
        await stand.world.cluster.merge(scene.path('Deployment', 'app'), { spec: { replicas: 3 } });
        return async () => expect((await scene.child('Deployment', 'app'))?.spec.replicas).toBe(1);
      },
      'the port of a Service': async (scene) => {
        const ports = [{ name: 'http', port: 81, targetPort: 8080 }];
        await stand.world.cluster.merge(scene.path('Service', 'svc'), { spec: { ports } });
        return async () => expect((await scene.child('Service', 'svc'))?.spec.ports[0].port).toBe(80);
      },
      'a field of a custom resource': async (scene) => {
        await stand.world.cluster.merge(scene.path('Widget', 'wid'), { spec: { size: 99 } });
        return async () => expect((await scene.child('Widget', 'wid'))?.spec.size).toBe(1);
      },
      'a custom resource that was deleted': async (scene) => {
        const before = await scene.child('Widget', 'wid');
        await stand.world.cluster.remove(scene.path('Widget', 'wid'));
        return async () => {
          const again = await scene.child('Widget', 'wid');
          expect(again).toBeDefined();
          expect(again?.metadata.uid).not.toBe(before?.metadata.uid);
        };
      },
      'an ownerReference that was taken away': async (scene) => {
        await stand.world.cluster.merge(scene.path('ConfigMap', 'cfg'), { metadata: { ownerReferences: null } });
        return async () => expect((await scene.child('ConfigMap', 'cfg'))?.metadata.ownerReferences).toHaveLength(1);
      },
      'a ConfigMap in another namespace': async (scene) => {
        const path = pathOf('ConfigMap', far, `a-${scene.name}-far`);
        await stand.world.cluster.merge(path, { data: { v: 'drifted' } });
        return async () => expect((await stand.world.cluster.get(path)).data).toEqual({ v: '1' });
      },
    };
    for (const [what, disturb] of Object.entries(breakers)) {
      test.concurrent(`${what}: repaired`, async () => {
        const scene = await stand.scene(`drift-${Object.keys(breakers).indexOf(what)}`, {
          form: [configMap('cfg', { v: '1' }), app, service('svc'), widget('wid', { size: 1 }), elsewhere('far', far)],
        });
        await scene.ready();
        const repaired = await disturb(scene);
        await soon(repaired);
        await scene.ready();
      });
    }

    test.concurrent('what others add, a label or a key, stays', async () => {
      const scene = await stand.scene('foreign-keys', { form: [configMap('cfg', { v: '1' })] });
      await scene.ready();
      const path = scene.path('ConfigMap', 'cfg');
      await stand.world.cluster.merge(path, {
        metadata: { labels: { theirs: 'yes' } },
        data: { theirs: 'x', v: 'drifted' },
      });
      await soon(async () => {
        const { data, metadata } = await stand.world.cluster.get(path);
        expect(data).toEqual({ v: '1', theirs: 'x' });
        expect(metadata.labels).toMatchObject({ theirs: 'yes' });
      });
    });
  });

  test('at rest nobody writes to nodes or children', async () => {
    const scene = await stand.scene('rest', {
      form: [configMap('cfg', { v: '1' }), deployment('app'), service('svc')],
    });
    await scene.ready();
    await window(3_000);
    const place = stand.world.audit.now();
    await window(12_000);
    const writes = stand.world.audit
      .ofWorker(place)
      .filter(({ objectRef }) => objectRef?.name?.startsWith('a-rest') === true)
      .filter(({ objectRef }) => objectRef?.resource !== 'events');
    expect(writes.map(describeRequest)).toEqual([]);
  });
});
