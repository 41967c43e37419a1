import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { created } from '../support/e2e/audit.ts';
import { conditionOf, type Json, type KubeObject, lynqPath } from '../support/e2e/cluster.ts';
import { window } from '../support/e2e/eventually.ts';
import {
  configMap,
  deployment,
  type Entry,
  namespace,
  service,
  stuckDeployment,
  widget,
} from '../support/parity/entries.ts';
import { pathOf } from '../support/parity/paths.ts';
import { nodeSays, openStand, type Scene, soon, type Stand, serveWidgets } from '../support/parity/stand.ts';

/** Parity 11.3, column "user expects": the rows that only a real cluster can show. The others are in docs-versus-code/. */
describe('parity/docs-versus-code on a real cluster', () => {
  let stand: Stand;
  beforeAll(async () => {
    stand = await openStand('rows');
    await serveWidgets(stand);
  });
  afterAll(() => stand?.close());

  const merge = (path: string, body: unknown) => stand.world.cluster.merge(path, body);
  const metadataOf = async (scene: Scene, id = 'cfg'): Promise<KubeObject['metadata']> =>
    (await scene.child('ConfigMap', id))!.metadata;
  const withMetadata = (metadata: Readonly<Record<string, unknown>>, more: Partial<Entry> = {}): Entry => {
    const { spec, ...entry } = configMap('cfg', { v: '1' });
    return { ...entry, spec: { ...spec, metadata }, ...more };
  };

  test.concurrent('row 2: variables of extraValueMappings can be used in names, labels and annotations', async () => {
    const scene = await stand.scene('row2', {
      form: [
        {
          ...configMap('cfg'),
          nameTemplate: '{{ .uid }}-row2-{{ .plan }}',
          labelsTemplate: { plan: '{{ .plan }}' },
          annotationsTemplate: { 'example.com/plan': '{{ .plan }} {{ .size }}' },
        },
      ],
    });
    await scene.ready();
    const found = await stand.find('ConfigMap', 'a-row2-basic');
    expect(found?.metadata.labels).toMatchObject({ plan: 'basic' });
    expect(found?.metadata.annotations).toMatchObject({ 'example.com/plan': 'basic 1' });
  });

  test.concurrent('row 3: annotations in spec.metadata take effect, beside those of annotationsTemplate', async () => {
    const scene = await stand.scene('row3', {
      form: [
        withMetadata(
          { annotations: { 'example.com/inside': '{{ .plan }}' } },
          { annotationsTemplate: { 'example.com/outside': 'yes' } },
        ),
      ],
    });
    await scene.ready();
    expect((await metadataOf(scene)).annotations).toMatchObject({
      'example.com/inside': 'basic',
      'example.com/outside': 'yes',
    });
  });

  test.concurrent('row 4: metadata.namespace in the spec says where the object goes', async () => {
    await stand.create('Namespace', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'parity-row4' } });
    const scene = await stand.scene('row4', { form: [withMetadata({ namespace: 'parity-row4' })] });
    await scene.ready();
    expect(await stand.find('ConfigMap', 'a-row4-cfg', 'parity-row4')).toBeDefined();
    expect(await scene.child('ConfigMap', 'cfg')).toBeUndefined();
  });

  test.concurrent('row 5: a Namespace keeps the labels of its spec', async () => {
    const entry = namespace('ns', 'parity-row5');
    const scene = await stand.scene('row5', {
      form: [{ ...entry, spec: { ...entry.spec, metadata: { labels: { team: '{{ .plan }}' } } } }],
    });
    await scene.ready();
    expect((await stand.find('Namespace', 'parity-row5'))?.metadata.labels).toMatchObject({
      team: 'basic',
      'lynq.sh/node': 'a-row5',
    });
  });

  test.concurrent('row 6: a form whose hub does not exist is told so', async () => {
    const { namespace: place, cluster } = stand.world;
    await cluster.create(lynqPath(place, 'lynqforms'), {
      apiVersion: 'operator.lynq.sh/v1',
      kind: 'LynqForm',
      metadata: { name: 'row6', namespace: place },
      spec: { hubId: 'nobody' },
    });
    await soon(async () => {
      const valid = conditionOf(await cluster.get(lynqPath(place, 'lynqforms', 'row6')), 'Valid');
      expect(valid).toMatchObject({ status: 'False', reason: 'ValidationFailed' });
      expect((await stand.events('row6', 'HubNotFound'))[0]).toMatchObject({
        type: 'Warning',
        message: `Referenced LynqHub 'nobody' not found in namespace '${place}'`,
      });
    });
  });

  test.concurrent('row 7: merge is a strategic merge: a container that someone added stays', async () => {
    const app = (image: string) => deployment('app', { image }, { patchStrategy: 'merge' });
    const scene = await stand.scene('row7', { form: [app('example/app:1')] });
    await scene.ready();
    const path = scene.path('Deployment', 'app');
    const sidecar = { spec: { template: { spec: { containers: [{ name: 'sidecar', image: 'example/sidecar:1' }] } } } };
    await stand.world.cluster.call('PATCH', path, sidecar, 'application/strategic-merge-patch+json');
    await scene.edit([app('example/app:2')]);
    await soon(async () => {
      const { containers } = (await stand.world.cluster.get(path)).spec.template.spec;
      const images = (containers as readonly { image: string }[]).map(({ image }) => image);
      expect(images.toSorted()).toEqual(['example/app:2', 'example/sidecar:1']);
    });
  });

  test.concurrent('row 8: ignored fields are left out, and somebody else may own them alone', async () => {
    const app = (image: string) => deployment('app', { image }, { ignoreFields: ['$.spec.replicas'] });
    const scene = await stand.scene('row8', { form: [app('example/app:1')] });
    await scene.ready();
    const path = scene.path('Deployment', 'app');
    await merge(path, { spec: { replicas: 2 } });
    await scene.edit([app('example/app:2')]);
    const after: Json = await soon(async () => {
      const live = await stand.world.cluster.get(path);
      expect(live.spec.template.spec.containers[0].image).toBe('example/app:2');
      return live;
    });
    expect(after.spec.replicas).toBe(2);
    const ours = after.metadata.managedFields.filter((entry: Json) => entry.manager === 'lynq-operator');
    expect(JSON.stringify(ours)).toContain('f:template');
    expect(JSON.stringify(ours)).not.toContain('f:replicas');
  });

  test.concurrent('row 10: what does not depend on each other is made at the same time', async () => {
    const place = stand.world.audit.now();
    const ids = Array.from({ length: 12 }, (_, index) => `c${index}`);
    const scene = await stand.scene('row10', {
      form: [stuckDeployment('slow'), ...ids.map((id) => configMap(id))],
    });
    await nodeSays(scene, ({ status }) => status?.readyResources === ids.length);
    const made = stand.world.audit
      .ofWorker(place)
      .filter((entry) => created(entry) && entry.objectRef?.name?.startsWith('a-row10-c') === true);
    expect(made).toHaveLength(ids.length);
    const overlapping = made.filter((entry, index) => {
      const next = made[index + 1];
      return next !== undefined && next.requestReceivedTimestamp < entry.stageTimestamp;
    });
    expect(overlapping.length).toBeGreaterThan(0);
  });

  test.concurrent('row 11: an edit by hand is put right within 30 seconds', async () => {
    const scene = await stand.scene('row11', { form: [configMap('cfg', { v: '1' })] });
    await scene.ready();
    await merge(scene.path('ConfigMap', 'cfg'), { data: { v: 'edited' } });
    await soon(async () => expect((await scene.child('ConfigMap', 'cfg'))?.data).toEqual({ v: '1' }), {
      withinMs: 30_000,
    });
  });

  test.concurrent('row 14: lynq.sh/force-reconcile has every object written once more, each once, and then nothing', async () => {
    const form = [
      configMap('first', { v: '1' }),
      configMap('second', { v: '1' }, { dependIds: ['first'] }),
      configMap('third', { v: '1' }, { dependIds: ['second'], patchStrategy: 'merge' }),
      configMap('once', { v: '1' }, { creationPolicy: 'Once' }),
    ];
    const scene = await stand.scene('row14', { form });
    await scene.ready();
    const writes = (place: number): readonly string[] =>
      stand.world.audit
        .ofWorker(place)
        .filter(({ objectRef }) => objectRef?.name?.startsWith('a-row14-') === true)
        .map(({ verb, objectRef }) => `${verb} ${objectRef?.name}`);
    for (const value of ['1', 'again']) {
      const place = stand.world.audit.now();
      const path = lynqPath(stand.world.namespace, 'lynqnodes', 'a-row14');
      await merge(path, { metadata: { annotations: { 'lynq.sh/force-reconcile': value } } });
      await soon(async () => expect(writes(place)).toContain('patch a-row14-third'));
      await window(3_000);
      expect(writes(place)).toEqual(['patch a-row14-first', 'patch a-row14-second', 'patch a-row14-third']);
    }
  });

  test.concurrent('row 16: a hub says why it cannot read, and when it read last', async () => {
    const scene = await stand.scene('row16', { form: [configMap('cfg')] });
    await scene.ready();
    const before = (await scene.hub()).status;
    expect(Date.parse(before.lastSyncTime)).toBeGreaterThan(0);
    expect(before.lastSyncDuration).toMatch(/^\d+\.\ds$/);
    await scene.sql('RENAME TABLE $ TO `row16_away`');
    await soon(async () => {
      const ready = conditionOf(await scene.hub(), 'Ready');
      expect(ready?.status).toBe('False');
      expect(ready?.message).toContain('row16');
    });
    expect((await scene.hub()).status.desired).toBe(1);
    await scene.sql('RENAME TABLE `row16_away` TO $');
    await soon(async () => expect(conditionOf(await scene.hub(), 'Ready')?.reason).toBe('DatabaseConnected'));
  });

  test.concurrent('row 17: reasons are those of the code: ValidationPassed, DatabaseConnected, Reconciled', async () => {
    const scene = await stand.scene('row17', { form: [configMap('cfg')] });
    await scene.ready();
    await soon(async () => {
      expect(conditionOf(await scene.form(), 'Valid')?.reason).toBe('ValidationPassed');
      expect(conditionOf(await scene.form(), 'Applied')?.reason).toBe('AllNodesReady');
      expect(conditionOf(await scene.hub(), 'Ready')?.reason).toBe('DatabaseConnected');
    });
    expect((await scene.nodeCondition('Ready'))?.reason).toBe('Reconciled');
  });

  test.concurrent('row 20: a hub that is deleted goes after its nodes and their objects', async () => {
    const scene = await stand.scene('row20', { form: [configMap('cfg')] });
    await scene.ready();
    const seen = stand.world.cluster.watch(lynqPath(stand.world.namespace, 'lynqhubs'));
    await soon(async () => expect(seen.events.length).toBeGreaterThan(0));
    await stand.world.cluster.remove(lynqPath(stand.world.namespace, 'lynqhubs', 'row20'));
    await soon(async () =>
      expect(seen.events.some(({ type, object }) => type === 'DELETED' && object.metadata.name === 'row20')).toBe(true),
    );
    seen.stop();
    expect(await scene.node()).toBeUndefined();
    expect(await scene.child('ConfigMap', 'cfg')).toBeUndefined();
  });

  test.concurrent('row 21: what bears the labels of a node goes with it in every namespace, by the policy that stands on it', async () => {
    const { namespace: home, cluster } = stand.world;
    const far = 'parity-row21';
    await stand.create('Namespace', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: far } });
    const scene = await stand.scene('row21', { form: [configMap('cfg')] });
    await scene.ready();
    /** Objects that the node has no record of. */
    const straggler = (name: string, manager: string, policy: string): Promise<KubeObject> =>
      cluster.call(
        'PATCH',
        `${pathOf('ConfigMap', far, name)}?fieldManager=${manager}`,
        {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: {
            name,
            labels: { 'lynq.sh/node': 'a-row21', 'lynq.sh/node-namespace': home },
            annotations: { 'lynq.sh/deletion-policy': policy },
          },
        },
        'application/apply-patch+yaml',
      );
    await straggler('going', 'lynq-operator', 'Delete');
    const kept = await straggler('kept', 'lynq-operator', 'Retain');
    const forged = await straggler('forged', 'someone', 'Delete');
    await scene.dropRow();
    await soon(async () => {
      expect(await stand.find('ConfigMap', 'going', far)).toBeUndefined();
      const orphan = await stand.find('ConfigMap', 'kept', far);
      expect(orphan?.metadata).toMatchObject({ uid: kept.metadata.uid, labels: { 'lynq.sh/orphaned': 'true' } });
    });
    expect(await stand.find('ConfigMap', 'forged', far)).toEqual(forged);
  });

  test.concurrent('row 22: an orphan says whose it was', async () => {
    const scene = await stand.scene('row22', { form: [configMap('cfg', {}, { deletionPolicy: 'Retain' })] });
    await scene.ready();
    await scene.dropRow();
    expect((await metadataOf(scene)).annotations).toMatchObject({ 'lynq.sh/orphaned-from': 'row22/row22/a' });
    const orphans = await stand.world.cluster.list(
      `${pathOf('ConfigMap', stand.world.namespace)}?labelSelector=lynq.sh/orphaned%3Dtrue`,
    );
    expect(orphans.map((one) => one.metadata.name)).toContain('a-row22-cfg');
  });

  test.concurrent('row 23: appliedResources lists what exists, a Namespace without namespace', async () => {
    const scene = await stand.scene('row23', {
      form: [namespace('ns', 'parity-row23'), configMap('cfg'), configMap('bad', { 'no such key!': '1' })],
    });
    const node = await nodeSays(scene, ({ status }) => status?.readyResources === 2 && status.failedResources === 1);
    expect((node.status.appliedResources as readonly string[]).toSorted()).toEqual([
      `ConfigMap/${stand.world.namespace}/a-row23-cfg@cfg`,
      'Namespace//parity-row23@ns',
    ]);
  });

  test.concurrent('row 25: the values of a row are in one annotation as JSON, the uid in label and spec', async () => {
    const scene = await stand.scene('row25', { form: [configMap('cfg')] });
    const { metadata, spec } = await scene.ready();
    expect(metadata.annotations).toMatchObject({
      'lynq.sh/extra': '{"plan":"basic","size":"1"}',
      'lynq.sh/hubId': 'row25',
      'lynq.sh/activate': '1',
    });
    expect(metadata.labels).toMatchObject({ 'lynq.sh/uid': 'a', 'lynq.sh/hub': 'row25' });
    expect(spec).toMatchObject({ uid: 'a', templateRef: 'row25' });
    expect(Object.keys(metadata.annotations ?? {})).not.toContain('lynq.sh/plan');
  });

  test.concurrent('row 28: a BOOLEAN column reads as 1 or 0', async () => {
    const scene = await stand.scene('row28', {
      columns: 'flag BOOLEAN DEFAULT TRUE',
      extra: { flag: 'flag' },
      form: [configMap('cfg', { flag: '{{ .flag }}', on: '{{ if eq .flag "1" }}yes{{ end }}' })],
    });
    await scene.ready();
    expect((await scene.child('ConfigMap', 'cfg'))?.data).toEqual({ flag: '1', on: 'yes' });
  });

  test.concurrent('row 30: .namespace is the namespace of the node', async () => {
    const scene = await stand.scene('row30', { form: [configMap('cfg', { place: 'in {{ .namespace }}' })] });
    await scene.ready();
    expect((await scene.child('ConfigMap', 'cfg'))?.data).toEqual({ place: `in ${stand.world.namespace}` });
    await soon(async () => expect(conditionOf(await scene.form(), 'Valid')?.status).toBe('True'));
  });

  test.concurrent('row 31: under Stuck an object of another owner is neither changed nor deleted with the row', async () => {
    const holder = await stand.create('ConfigMap', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'row31' },
    });
    const theirs = await stand.create('ConfigMap', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'a-row31-cfg',
        ownerReferences: [
          { apiVersion: 'v1', kind: 'ConfigMap', name: 'row31', uid: holder.metadata.uid, controller: true },
        ],
      },
      data: { other: 'theirs' },
    });
    const scene = await stand.scene('row31', { form: [configMap('cfg', { v: '1' })] });
    await soon(async () => expect((await scene.nodeCondition('Conflicted'))?.status).toBe('True'));
    await scene.dropRow();
    expect(await scene.child('ConfigMap', 'cfg')).toEqual(theirs);
  });

  test.concurrent('row 33: the field manager is lynq-operator, whatever the strategy', async () => {
    const strategies = ['apply', 'merge', 'replace'] as const;
    const form = (v: string) => strategies.map((patchStrategy) => configMap(patchStrategy, { v }, { patchStrategy }));
    const scene = await stand.scene('row33', { form: form('1') });
    const managers = async (v: string) =>
      Promise.all(
        strategies.map(async (id) => {
          const found: Json = await scene.child('ConfigMap', id);
          expect(found?.data).toEqual({ v });
          return [...new Set((found.metadata.managedFields as readonly Json[]).map(({ manager }) => manager))];
        }),
      );
    await scene.ready();
    expect(await managers('1')).toEqual(strategies.map(() => ['lynq-operator']));
    await scene.edit(form('2'));
    expect(await soon(() => managers('2'))).toEqual(strategies.map(() => ['lynq-operator']));
  });

  test.concurrent('row 34: without nameTemplate the name in the spec is used, in the record too', async () => {
    const scene = await stand.scene('row34', {
      form: [withMetadata({ name: 'row34-{{ .uid }}' }, { nameTemplate: '' })],
    });
    const node = await scene.ready();
    expect(node.status.appliedResources).toEqual([`ConfigMap/${stand.world.namespace}/row34-a@cfg`]);
    expect(await stand.find('ConfigMap', 'row34-a')).toBeDefined();
  });

  test.concurrent('row 35: every kind is watched: an edit of a custom resource and of a Service is put right', async () => {
    const scene = await stand.scene('row35', { form: [widget('wid', { size: 1 }), service('svc')] });
    await scene.ready();
    await merge(scene.path('Widget', 'wid'), { spec: { size: 99 } });
    await merge(scene.path('Service', 'svc'), { spec: { selector: { app: 'other' } } });
    await soon(async () => {
      expect((await scene.child('Widget', 'wid'))?.spec.size).toBe(1);
      expect((await scene.child('Service', 'svc'))?.spec.selector.app).toBe('svc');
    });
  });

  test.concurrent('row 38: no webhook is needed: a form that is broken is taken and judged afterwards', async () => {
    const scene = await stand.scene('row38', { form: [configMap('one', {}, { dependIds: ['nobody'] })] });
    await soon(async () => expect(conditionOf(await scene.form(), 'Valid')?.status).toBe('False'));
    for (const plural of ['validatingwebhookconfigurations', 'mutatingwebhookconfigurations']) {
      const found = await stand.world.cluster.list(`/apis/admissionregistration.k8s.io/v1/${plural}`);
      expect(JSON.stringify(found)).not.toContain('operator.lynq.sh');
    }
  });

  test.concurrent('row 43: a row without hostOrUrl has its node, and .host is its uid', async () => {
    const scene = await stand.scene('row43', {
      hub: { valueMappings: { uid: 'id', activate: 'active', hostOrUrl: 'url' } },
      form: [configMap('cfg', { host: '{{ .host }}' })],
    });
    await scene.ready();
    expect((await scene.child('ConfigMap', 'cfg'))?.data).toEqual({ host: 'a' });
  });

  test('row 26: the connection to the database is kept between syncs', async () => {
    const scene = await stand.scene('row26', { form: [configMap('cfg')] });
    await scene.ready();
    const connections = async () =>
      (
        await scene.sql('SELECT ID FROM information_schema.PROCESSLIST WHERE USER LIKE ? AND DB = DATABASE()', [
          'reader%',
        ])
      )
        .map((found) => Number(found['ID']))
        .toSorted((left, right) => left - right);
    const lastSync = async () => (await scene.hub()).status.lastSyncTime as string;
    const before = await connections();
    expect(before.length).toBeGreaterThan(0);
    const since = await lastSync();
    await scene.sql("UPDATE $ SET plan = 'gold'");
    await soon(async () => expect((await lastSync()) > since).toBe(true));
    await window(6_000);
    expect(await connections()).toEqual(before);
  });

  describe('over a restart of the worker', () => {
    test('row 12: the time of the last full comparison stays, and nothing is written again', async () => {
      const scene = await stand.scene('row12', { form: [configMap('cfg', { v: '1' })] });
      await scene.ready();
      const before = (await scene.node())?.status.lastFullReconcileAt as string;
      expect(Date.parse(before)).toBeGreaterThan(0);
      const object = await scene.child('ConfigMap', 'cfg');
      await stand.world.worker.kill();
      await stand.world.worker.start();
      const lastSync = (await scene.hub()).status.lastSyncTime as string;
      await soon(async () => expect((await scene.hub()).status.lastSyncTime > lastSync).toBe(true));
      await window(3_000);
      expect((await scene.node())?.status.lastFullReconcileAt).toBe(before);
      expect(await scene.child('ConfigMap', 'cfg')).toEqual(object);
    });

    test('row 37: the CRDs and all objects stay when the worker goes', async () => {
      const before = (await stand.world.nodes()).map(({ metadata }) => metadata.uid).toSorted();
      expect(before.length).toBeGreaterThan(0);
      const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
      await stand.world.worker.stop();
      for (const plural of ['lynqhubs', 'lynqforms', 'lynqnodes'])
        expect(await stand.world.cluster.find(`${crds}/${plural}.operator.lynq.sh`)).toBeDefined();
      expect((await stand.world.nodes()).map(({ metadata }) => metadata.uid).toSorted()).toEqual(before);
      await stand.world.worker.start();
    });
  });
});
