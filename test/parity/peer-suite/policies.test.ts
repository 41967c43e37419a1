import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { configMap, deployment, service } from '../../support/parity/entries.ts';
import { pathOf } from '../../support/parity/paths.ts';
import { nodeSays, openStand, soon, type Stand } from '../../support/parity/stand.ts';

const now = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

describe('parity/peer-suite/policies', () => {
  let stand: Stand;
  beforeAll(async () => {
    stand = await openStand('policies');
  });
  afterAll(() => stand?.close());

  const foreign = (name: string, data: Readonly<Record<string, string>>) =>
    stand.create('ConfigMap', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data });

  describe('creationPolicy', () => {
    test.concurrent('Once: created a single time, stamped, and not changed when the row changes', async () => {
      const scene = await stand.scene('once', {
        form: [
          configMap('once', { plan: '{{ .plan }}' }, { creationPolicy: 'Once' }),
          configMap('always', { plan: '{{ .plan }}' }),
        ],
      });
      await scene.ready();
      const before = await scene.child('ConfigMap', 'once');
      expect(before?.metadata.annotations?.['lynq.sh/created-once']).toBe('true');
      await scene.sql("UPDATE $ SET plan = 'gold'");
      await soon(async () => expect((await scene.child('ConfigMap', 'always'))?.data).toEqual({ plan: 'gold' }));
      await scene.ready();
      expect(await scene.child('ConfigMap', 'once')).toEqual(before);
    });

    test.concurrent('Once: created again when it was deleted', async () => {
      const scene = await stand.scene('once-again', {
        form: [configMap('once', { v: '1' }, { creationPolicy: 'Once' })],
      });
      await scene.ready();
      const before = await scene.child('ConfigMap', 'once');
      await stand.world.cluster.remove(scene.path('ConfigMap', 'once'));
      await soon(async () => {
        const again = await scene.child('ConfigMap', 'once');
        expect(again?.data).toEqual({ v: '1' });
        expect(again?.metadata.uid).not.toBe(before?.metadata.uid);
      });
    });

    test.concurrent('Once: what others change in it stays', async () => {
      const scene = await stand.scene('once-edited', {
        form: [configMap('once', { v: '1' }, { creationPolicy: 'Once' }), configMap('other', { v: '1' })],
      });
      await scene.ready();
      await stand.world.cluster.merge(scene.path('ConfigMap', 'once'), { data: { v: 'edited' } });
      await stand.world.cluster.merge(scene.path('ConfigMap', 'other'), { data: { v: 'edited' } });
      await soon(async () => expect((await scene.child('ConfigMap', 'other'))?.data).toEqual({ v: '1' }));
      expect((await scene.child('ConfigMap', 'once'))?.data).toEqual({ v: 'edited' });
    });

    test.concurrent('WhenNeeded: changed in place when the row changes', async () => {
      const scene = await stand.scene('when-needed', { form: [configMap('cfg', { plan: '{{ .plan }}' })] });
      await scene.ready();
      const before = await scene.child('ConfigMap', 'cfg');
      expect(before?.metadata.annotations?.['lynq.sh/created-once']).toBeUndefined();
      await scene.sql("UPDATE $ SET plan = 'gold'");
      await soon(async () => expect((await scene.child('ConfigMap', 'cfg'))?.data).toEqual({ plan: 'gold' }));
      expect((await scene.child('ConfigMap', 'cfg'))?.metadata.uid).toBe(before?.metadata.uid);
    });

    test.concurrent('WhenNeeded: created again when it was deleted', async () => {
      const scene = await stand.scene('needed-again', { form: [configMap('cfg', { v: '1' })] });
      await scene.ready();
      await stand.world.cluster.remove(scene.path('ConfigMap', 'cfg'));
      await soon(async () => expect((await scene.child('ConfigMap', 'cfg'))?.data).toEqual({ v: '1' }));
    });
  });

  describe('deletionPolicy', () => {
    test.concurrent('every child says its policy in annotation lynq.sh/deletion-policy', async () => {
      const scene = await stand.scene('policy-marks', {
        form: [configMap('dropped'), configMap('kept', {}, { deletionPolicy: 'Retain' })],
      });
      await scene.ready();
      const policyOf = async (id: string) =>
        (await scene.child('ConfigMap', id))?.metadata.annotations?.['lynq.sh/deletion-policy'];
      expect([await policyOf('dropped'), await policyOf('kept')]).toEqual(['Delete', 'Retain']);
    });

    test.concurrent('Delete: the child goes with its row', async () => {
      const scene = await stand.scene('delete', { form: [configMap('cfg')] });
      await scene.ready();
      await scene.dropRow();
      expect(await scene.child('ConfigMap', 'cfg')).toBeUndefined();
    });

    test.concurrent('Retain: no ownerReference from the start, both tracking labels instead', async () => {
      const scene = await stand.scene('retain-marks', { form: [configMap('cfg', {}, { deletionPolicy: 'Retain' })] });
      await scene.ready();
      const { metadata } = (await scene.child('ConfigMap', 'cfg'))!;
      expect(metadata.ownerReferences ?? []).toEqual([]);
      expect(metadata.labels).toMatchObject({
        'lynq.sh/node': 'a-retain-marks',
        'lynq.sh/node-namespace': stand.world.namespace,
      });
    });

    test.concurrent('Retain: the child stays when its row goes, marked as an orphan', async () => {
      const scene = await stand.scene('retain', { form: [configMap('cfg', { v: '1' }, { deletionPolicy: 'Retain' })] });
      await scene.ready();
      const before = await scene.child('ConfigMap', 'cfg');
      await scene.dropRow();
      const { metadata, data } = (await scene.child('ConfigMap', 'cfg'))!;
      expect(metadata.uid).toBe(before?.metadata.uid);
      expect(data).toEqual({ v: '1' });
      expect(metadata.labels?.['lynq.sh/orphaned']).toBe('true');
      expect(metadata.annotations?.['lynq.sh/orphaned-reason']).toBe('LynqNodeDeleted');
      expect(metadata.annotations?.['lynq.sh/orphaned-at']).toMatch(now);
      expect(metadata.ownerReferences ?? []).toEqual([]);
    });

    test.concurrent('Retain: a row that returns takes its orphan back, without the marks', async () => {
      const scene = await stand.scene('readopt', {
        form: [configMap('cfg', { plan: '{{ .plan }}' }, { deletionPolicy: 'Retain' })],
      });
      await scene.ready();
      const before = await scene.child('ConfigMap', 'cfg');
      await scene.dropRow();
      await scene.sql("INSERT INTO $ (id, plan) VALUES ('a', 'returned')");
      await scene.ready();
      const { metadata, data } = (await scene.child('ConfigMap', 'cfg'))!;
      expect(metadata.uid).toBe(before?.metadata.uid);
      expect(data).toEqual({ plan: 'returned' });
      expect(metadata.labels?.['lynq.sh/orphaned']).toBeUndefined();
      expect(Object.keys(metadata.annotations ?? {}).filter((key) => key.startsWith('lynq.sh/orphaned'))).toEqual([]);
    });

    test.concurrent('Once and Retain: the orphan is taken back as it is, without the marks', async () => {
      const scene = await stand.scene('readopt-once', {
        form: [configMap('cfg', { plan: '{{ .plan }}' }, { deletionPolicy: 'Retain', creationPolicy: 'Once' })],
      });
      await scene.ready();
      const before = await scene.child('ConfigMap', 'cfg');
      await scene.dropRow();
      await scene.sql("INSERT INTO $ (id, plan) VALUES ('a', 'returned')");
      await scene.ready();
      const { metadata, data } = (await scene.child('ConfigMap', 'cfg'))!;
      expect([metadata.uid, data]).toEqual([before?.metadata.uid, { plan: 'basic' }]);
      expect(metadata.labels?.['lynq.sh/orphaned']).toBeUndefined();
      expect(metadata.annotations?.['lynq.sh/orphaned-at']).toBeUndefined();
    });

    test.concurrent('Delete changed to Retain in the form: the child loses its owner and stays with the row gone', async () => {
      const scene = await stand.scene('to-retain', { form: [configMap('cfg')] });
      await scene.ready();
      const before = (await scene.child('ConfigMap', 'cfg'))?.metadata;
      expect(before?.ownerReferences).toHaveLength(1);
      await scene.edit([configMap('cfg', {}, { deletionPolicy: 'Retain' })]);
      await soon(async () => {
        const { metadata } = (await scene.child('ConfigMap', 'cfg'))!;
        expect(metadata.ownerReferences ?? []).toEqual([]);
        expect(metadata.annotations?.['lynq.sh/deletion-policy']).toBe('Retain');
      });
      await scene.ready();
      await scene.dropRow();
      expect((await scene.child('ConfigMap', 'cfg'))?.metadata.uid).toBe(before?.uid);
    });

    test.concurrent('Retain changed to Delete in the form: the child goes with the row', async () => {
      const scene = await stand.scene('to-delete', { form: [configMap('cfg', {}, { deletionPolicy: 'Retain' })] });
      await scene.ready();
      await scene.edit([configMap('cfg')]);
      await soon(async () => {
        const { metadata } = (await scene.child('ConfigMap', 'cfg'))!;
        expect(metadata.annotations?.['lynq.sh/deletion-policy']).toBe('Delete');
        expect(metadata.ownerReferences).toHaveLength(1);
      });
      await scene.ready();
      await scene.dropRow();
      await soon(async () => expect(await scene.child('ConfigMap', 'cfg')).toBeUndefined());
    });
  });

  describe('conflictPolicy', () => {
    test.concurrent('Stuck: an object of someone else is left alone, and the node says so', async () => {
      const theirs = await foreign('a-stuck-cfg', { owner: 'someone else' });
      const scene = await stand.scene('stuck', { form: [configMap('cfg', { owner: 'us' }), configMap('free')] });
      const node = await nodeSays(scene, ({ status }) => status?.readyResources === 1);
      expect(await scene.nodeCondition('Conflicted')).toMatchObject({
        status: 'True',
        reason: 'ResourceConflict',
        message: 'One or more resources are in conflict. Check events for details.',
      });
      expect(await scene.nodeCondition('Ready')).toMatchObject({
        status: 'False',
        reason: 'ResourcesFailedAndConflicted',
        message: '1 resources failed and 1 resources in conflict',
      });
      expect(await scene.nodeCondition('Degraded')).toMatchObject({
        status: 'True',
        reason: 'ResourceFailuresAndConflicts',
        message: 'LynqNode has 1 failed and 1 conflicted resources',
      });
      expect(node.status.desiredResources).toBe(2);
      expect(await scene.child('ConfigMap', 'cfg')).toEqual(theirs);
    });

    test.concurrent('Stuck: the other object also outlives the row', async () => {
      const theirs = await foreign('a-stuck-gone-cfg', { owner: 'someone else' });
      const scene = await stand.scene('stuck-gone', { form: [configMap('cfg', { owner: 'us' })] });
      await nodeSays(scene, ({ status }) =>
        status?.conditions?.some(
          (one: { type: string; status: string }) => one.type === 'Conflicted' && one.status === 'True',
        ),
      );
      await scene.dropRow();
      expect(await scene.child('ConfigMap', 'cfg')).toEqual(theirs);
    });

    test.concurrent('Stuck: an object of someone else with the same content is not taken over either', async () => {
      const theirs = await foreign('a-stuck-same-cfg', { v: '1' });
      const scene = await stand.scene('stuck-same', { form: [configMap('cfg', { v: '1' })] });
      await soon(async () => expect((await scene.nodeCondition('Conflicted'))?.status).toBe('True'));
      expect(await scene.child('ConfigMap', 'cfg')).toEqual(theirs);
    });

    for (const patchStrategy of ['merge', 'replace'] as const) {
      test.concurrent(`Stuck: protects an object of someone else from ${patchStrategy} as well`, async () => {
        const theirs = await foreign(`a-stuck-${patchStrategy}-cfg`, { owner: 'someone else' });
        const form = [configMap('cfg', { owner: 'us' }, { patchStrategy })];
        const scene = await stand.scene(`stuck-${patchStrategy}`, { form });
        await soon(async () => expect((await scene.nodeCondition('Conflicted'))?.status).toBe('True'));
        expect(await scene.child('ConfigMap', 'cfg')).toEqual(theirs);
      });
    }

    test.concurrent('Stuck: heals by itself when the other object goes away', async () => {
      await foreign('a-stuck-heals-cfg', { owner: 'someone else' });
      const scene = await stand.scene('stuck-heals', { form: [configMap('cfg', { owner: 'us' })] });
      await soon(async () => expect((await scene.nodeCondition('Conflicted'))?.status).toBe('True'));
      await stand.world.cluster.remove(scene.path('ConfigMap', 'cfg'));
      await scene.ready('a', scene.name, { withinMs: 60_000 });
      expect((await scene.child('ConfigMap', 'cfg'))?.data).toEqual({ owner: 'us' });
      expect(await scene.nodeCondition('Conflicted')).toMatchObject({
        status: 'False',
        reason: 'NoConflict',
        message: 'No resource conflicts detected',
      });
    });

    test.concurrent('Stuck: the node has event ResourceConflict, in the sentence that names object, kind and policy', async () => {
      await foreign('a-stuck-event-cfg', { owner: 'someone else' });
      const scene = await stand.scene('stuck-event', { form: [configMap('cfg', { owner: 'us' })] });
      const place = `${stand.world.namespace}/a-stuck-event-cfg`;
      await soon(async () => {
        const [event] = await stand.events('a-stuck-event', 'ResourceConflict');
        expect(event?.type).toBe('Warning');
        expect(event?.message).toMatch(
          new RegExp(`^Resource conflict detected for ${place} \\(Kind: ConfigMap, Policy: Stuck\\)\\. `),
        );
      });
      expect((await scene.node())?.status).toMatchObject({ failedResources: 1, readyResources: 0 });
    });

    test.concurrent('Force: takes over an object that another manager applied, with all it held', async () => {
      const path = pathOf('ConfigMap', stand.world.namespace, 'a-force-cfg');
      const theirs = {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'a-force-cfg', labels: { app: 'theirs' } },
        data: { owner: 'someone else', theirs: 'kept' },
      };
      const type = 'application/apply-patch+yaml';
      const before = await stand.world.cluster.call('PATCH', `${path}?fieldManager=helm`, theirs, type);
      const scene = await stand.scene('force', {
        form: [configMap('cfg', { owner: 'us' }, { conflictPolicy: 'Force' })],
      });
      await scene.ready();
      const { data, metadata } = (await scene.child('ConfigMap', 'cfg'))!;
      expect(data).toEqual({ owner: 'us', theirs: 'kept' });
      expect(metadata.uid).toBe(before.metadata.uid);
      expect(metadata.labels).toMatchObject({ app: 'theirs', 'lynq.sh/node': 'a-force' });
      expect(await scene.nodeCondition('Conflicted')).toMatchObject({ status: 'False', reason: 'NoConflict' });
      expect(await stand.events('a-force', 'ResourceConflict')).toEqual([]);
    });

    test.concurrent('Force: what it took over is not deleted with the row, since the row did not make it', async () => {
      const before = await foreign('a-force-kept-cfg', { owner: 'someone else' });
      const scene = await stand.scene('force-kept', {
        form: [configMap('cfg', { owner: 'us' }, { conflictPolicy: 'Force' })],
      });
      await scene.ready();
      await scene.dropRow();
      expect((await scene.child('ConfigMap', 'cfg'))?.metadata.uid).toBe(before.metadata.uid);
    });

    test.concurrent('changed from Stuck to Force in the form, a conflict ends', async () => {
      await foreign('a-stuck-then-force-cfg', { owner: 'someone else' });
      const scene = await stand.scene('stuck-then-force', { form: [configMap('cfg', { owner: 'us' })] });
      await soon(async () => expect((await scene.nodeCondition('Conflicted'))?.status).toBe('True'));
      await scene.edit([configMap('cfg', { owner: 'us' }, { conflictPolicy: 'Force' })]);
      await scene.ready();
      expect((await scene.child('ConfigMap', 'cfg'))?.data).toEqual({ owner: 'us' });
    });
  });

  describe('patchStrategy', () => {
    test.concurrent('apply: fields of others stay, a field that leaves the form leaves the object', async () => {
      const scene = await stand.scene('apply', { form: [configMap('cfg', { keep: '1', leave: '1' })] });
      await scene.ready();
      await stand.world.cluster.merge(scene.path('ConfigMap', 'cfg'), { data: { theirs: 'x' } });
      await scene.edit([configMap('cfg', { keep: '2' })]);
      await soon(async () => expect((await scene.child('ConfigMap', 'cfg'))?.data).toEqual({ keep: '2', theirs: 'x' }));
    });

    test.concurrent('merge: fields of others stay when the form changes', async () => {
      const merge = { patchStrategy: 'merge' } as const;
      const scene = await stand.scene('merge', { form: [configMap('cfg', { v: '1' }, merge)] });
      await scene.ready();
      await stand.world.cluster.merge(scene.path('ConfigMap', 'cfg'), { data: { theirs: 'x' } });
      await scene.edit([configMap('cfg', { v: '2' }, merge)]);
      await soon(async () => expect((await scene.child('ConfigMap', 'cfg'))?.data).toEqual({ v: '2', theirs: 'x' }));
    });

    test.concurrent('replace: what is not in the form goes', async () => {
      const replace = { patchStrategy: 'replace' } as const;
      const scene = await stand.scene('replace', { form: [configMap('cfg', { v: '1' }, replace)] });
      await scene.ready();
      const before = await scene.child('ConfigMap', 'cfg');
      await stand.world.cluster.merge(scene.path('ConfigMap', 'cfg'), { data: { theirs: 'x' } });
      await scene.edit([configMap('cfg', { v: '2' }, replace)]);
      await soon(async () => expect((await scene.child('ConfigMap', 'cfg'))?.data).toEqual({ v: '2' }));
      expect((await scene.child('ConfigMap', 'cfg'))?.metadata.uid).toBe(before?.metadata.uid);
    });

    for (const patchStrategy of ['merge', 'replace'] as const) {
      test.concurrent(`${patchStrategy}: makes the child when it is absent, becomes ready and goes with its row`, async () => {
        const form = [deployment('app', {}, { patchStrategy }), service('svc', {}, { patchStrategy })];
        const scene = await stand.scene(`${patchStrategy}-life`, { form });
        await scene.ready();
        const uid = (await scene.child('Service', 'svc'))?.metadata.uid;
        await scene.sql("UPDATE $ SET plan = 'gold'");
        await soon(async () => expect((await scene.node())?.metadata.annotations?.['lynq.sh/extra']).toContain('gold'));
        await scene.ready();
        expect((await scene.child('Service', 'svc'))?.metadata.uid).toBe(uid);
        await scene.dropRow();
        await soon(async () => {
          expect(await scene.child('Deployment', 'app')).toBeUndefined();
          expect(await scene.child('Service', 'svc')).toBeUndefined();
        });
      });
    }

    test.concurrent('apply: writes as field manager lynq-operator', async () => {
      const scene = await stand.scene('manager', { form: [configMap('cfg', { v: '1' })] });
      await scene.ready();
      const { metadata } = await stand.world.cluster.call(
        'GET',
        pathOf('ConfigMap', stand.world.namespace, 'a-manager-cfg'),
      );
      expect(metadata.managedFields).toContainEqual(
        expect.objectContaining({ manager: 'lynq-operator', operation: 'Apply' }),
      );
    });
  });
});
