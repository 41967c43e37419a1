import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { conditionOf, type KubeObject, lynqPath } from '../../support/e2e/cluster.ts';
import { window } from '../../support/e2e/eventually.ts';
import { configMap, namespace } from '../../support/parity/entries.ts';
import { openStand, soon, type Stand } from '../../support/parity/stand.ts';

const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** Hubs, forms and nodes as tests of the Go operator look at them: labels, annotations, owners, finalizers, status, events, columns of kubectl. */
describe('parity/peer-suite/lifecycle', () => {
  let stand: Stand;
  beforeAll(async () => {
    stand = await openStand('lifecycle');
  });
  afterAll(() => stand?.close());

  const hubStatus = async (scene: { hub(): Promise<KubeObject> }) => {
    const { referencingTemplates, desired, ready, failed } = (await scene.hub()).status ?? {};
    return { referencingTemplates, desired, ready, failed };
  };
  const nodesOf = (hub: string) =>
    stand.world.cluster.list(`${lynqPath(stand.world.namespace, 'lynqnodes')}?labelSelector=lynq.sh/hub%3D${hub}`);
  const namesOf = async (hub: string) => (await nodesOf(hub)).map(({ metadata }) => metadata.name).toSorted();

  describe('nodes', () => {
    test.concurrent('a row and a form give LynqNode <uid>-<form> with label, annotations, owner, finalizer and spec', async () => {
      const scene = await stand.scene('born', { form: [configMap('cfg')] });
      const node = await scene.ready();
      const [hub, form] = [await scene.hub(), await scene.form()];
      expect(node.metadata.name).toBe('a-born');
      expect(node.metadata.labels).toMatchObject({ 'lynq.sh/hub': 'born', 'lynq.sh/uid': 'a' });
      expect(node.metadata.annotations).toMatchObject({
        'lynq.sh/hostOrUrl': '',
        'lynq.sh/activate': '1',
        'lynq.sh/extra': '{"plan":"basic","size":"1"}',
        'lynq.sh/hubId': 'born',
        'lynq.sh/template-generation': String(form.metadata.generation),
        'lynq.sh/rollout-update-start': expect.stringMatching(time),
      });
      expect(node.metadata.ownerReferences).toEqual([
        {
          apiVersion: 'operator.lynq.sh/v1',
          kind: 'LynqHub',
          name: 'born',
          uid: hub.metadata.uid,
          controller: true,
          blockOwnerDeletion: true,
        },
      ]);
      expect(node.metadata.finalizers).toEqual(['lynqnode.operator.lynq.sh/finalizer']);
      expect(hub.metadata.finalizers).toEqual(['lynq.sh/hub-finalizer']);
      expect(node.spec).toMatchObject({ uid: 'a', templateRef: 'born' });
      expect(node.status.observedGeneration).toBe(node.metadata.generation);
      expect(node.status.lastFullReconcileAt).toMatch(time);
    });

    test.concurrent('rows times forms: every pair has its node, and the hub counts them', async () => {
      const scene = await stand.scene('pairs', {
        rows: ['a', 'b'],
        forms: { 'pairs-one': [configMap('one')], 'pairs-two': [configMap('two')] },
      });
      await soon(async () =>
        expect(await hubStatus(scene)).toEqual({ referencingTemplates: 2, desired: 4, ready: 4, failed: 0 }),
      );
      expect(await namesOf('pairs')).toEqual(['a-pairs-one', 'a-pairs-two', 'b-pairs-one', 'b-pairs-two']);
    });

    test.concurrent('a row that is added gets its node, one that is removed loses it', async () => {
      const scene = await stand.scene('rows', { form: [configMap('cfg')] });
      await scene.ready();
      await scene.sql("INSERT INTO $ (id) VALUES ('b')");
      await scene.ready('b');
      await scene.sql("DELETE FROM $ WHERE id = 'a'");
      await scene.gone('a');
      expect(await namesOf('rows')).toEqual(['b-rows']);
      await soon(async () => expect(await hubStatus(scene)).toMatchObject({ desired: 1, ready: 1, failed: 0 }));
    });

    test.concurrent('exactly the texts 1 true TRUE True yes YES Yes are active', async () => {
      const active = ['1', 'true', 'TRUE', 'True', 'yes', 'YES', 'Yes'];
      const inactive = ['0', 'false', 'on', 'y', 't', 'active', ' 1', ''];
      const scene = await stand.scene('active', { rows: [], form: [configMap('cfg')] });
      const texts = [...active, ...inactive];
      for (const [index, text] of texts.entries())
        await scene.sql('INSERT INTO $ (id, active) VALUES (?, ?)', [`r${index}`, text]);
      await soon(async () => expect(await namesOf('active')).toHaveLength(active.length));
      await window(6_000);
      expect(await namesOf('active')).toEqual(active.map((_, index) => `r${index}-active`).toSorted());
    });

    test.concurrent('a row that is deactivated loses its node and gets it back when it is active again', async () => {
      const scene = await stand.scene('toggled', { form: [configMap('cfg')] });
      const before = await scene.ready();
      await scene.sql("UPDATE $ SET active = '0'");
      await scene.gone();
      expect(await scene.child('ConfigMap', 'cfg')).toBeUndefined();
      await scene.sql("UPDATE $ SET active = '1'");
      const after = await scene.ready();
      expect(after.metadata.uid).not.toBe(before.metadata.uid);
    });

    test.concurrent('a node that someone deletes is made again, with its children', async () => {
      const scene = await stand.scene('by-hand', { form: [configMap('cfg')] });
      const before = await scene.ready();
      await stand.world.cluster.remove(lynqPath(stand.world.namespace, 'lynqnodes', 'a-by-hand'));
      await soon(async () => {
        const now = await scene.node();
        expect(now?.metadata.uid).not.toBe(before.metadata.uid);
        expect(now).toBeDefined();
      });
      await scene.ready();
      expect(await scene.child('ConfigMap', 'cfg')).toBeDefined();
    });

    test.concurrent('values reach the node as they are, characters that Go escapes in JSON included', async () => {
      const scene = await stand.scene('escaped', { form: [configMap('cfg', { plan: '{{ .plan }}' })] });
      await scene.ready();
      const text = 'a<b>&"c" \\ é 漢 {{ .uid }}';
      await scene.sql('UPDATE $ SET plan = ?', [text]);
      await soon(async () => expect((await scene.child('ConfigMap', 'cfg'))?.data).toEqual({ plan: text }));
      const extra = (await scene.node())?.metadata.annotations?.['lynq.sh/extra'] ?? '';
      expect(extra).toContain('\\u003c');
      expect(extra).toContain('\\u0026');
      expect(JSON.parse(extra)).toEqual({ plan: text, size: '1' });
    });

    test.concurrent('a NULL value is an empty text that default cures', async () => {
      const scene = await stand.scene('nulls', { form: [configMap('cfg', { plan: '{{ .plan | default "none" }}' })] });
      await scene.ready();
      await scene.sql('UPDATE $ SET plan = NULL');
      await soon(async () => expect((await scene.child('ConfigMap', 'cfg'))?.data).toEqual({ plan: 'none' }));
    });

    test.concurrent('kubectl get shows the columns of the Go operator', async () => {
      const scene = await stand.scene('columns', { form: [configMap('cfg')] });
      await scene.ready();
      const get = async (kind: string, name: string) => {
        const { stdout } = await stand.world.kubectl(['get', kind, name, '-n', stand.world.namespace]);
        const [head = '', line = ''] = stdout.split('\n');
        return [head.split(/\s{2,}/).map((one) => one.trim()), line.split(/\s+/)] as const;
      };
      const [nodeHead, node] = await get('lynqnodes', 'a-columns');
      expect(nodeHead).toEqual([
        'NAME',
        'UID',
        'FORM',
        'READY',
        'DESIRED',
        'SKIPPED',
        'CONFLICTED',
        'CONDITIONS',
        'AGE',
      ]);
      expect(node.slice(0, 8)).toEqual(['a-columns', 'a', 'columns', '1', '1', '0', 'False', 'Reconciled']);
      await soon(async () => {
        const [hubHead, hub] = await get('lynqhubs', 'columns');
        expect(hubHead).toEqual(['NAME', 'TEMPLATES', 'DESIRED', 'READY', 'FAILED', 'CONDITIONS', 'AGE']);
        expect(hub.slice(0, 6)).toEqual(['columns', '1', '1', '1', '0', 'DatabaseConnected']);
        const [formHead, form] = await get('lynqforms', 'columns');
        expect(formHead).toEqual(['NAME', 'HUB', 'TOTAL', 'READY', 'ROLLOUT', 'UPDATING', 'APPLIED', 'AGE']);
        expect(form.slice(0, 4)).toEqual(['columns', 'columns', '1', '1']);
      });
    });
  });

  describe('forms', () => {
    test.concurrent('an edit reaches the children and the generation on the node, and nothing is made anew', async () => {
      const scene = await stand.scene('edited', { form: [configMap('cfg', { v: '1' })] });
      await scene.ready();
      const before = await scene.child('ConfigMap', 'cfg');
      await scene.edit([configMap('cfg', { v: '2' }), configMap('more')]);
      await soon(async () => {
        const { generation } = (await scene.form()).metadata;
        const node = await scene.node();
        expect(node?.metadata.annotations?.['lynq.sh/template-generation']).toBe(String(generation));
        expect((await scene.child('ConfigMap', 'cfg'))?.data).toEqual({ v: '2' });
        expect(await scene.child('ConfigMap', 'more')).toBeDefined();
        expect(node?.status.desiredResources).toBe(2);
      });
      expect((await scene.child('ConfigMap', 'cfg'))?.metadata.uid).toBe(before?.metadata.uid);
      const [event] = await stand.events('a-edited', 'TemplateApplied');
      expect(event?.message).toContain("Applying LynqForm 'edited' changes (generation: 1 -> 2). Total 2 resources");
    });

    test.concurrent('a valid form says so, and counts its nodes', async () => {
      const scene = await stand.scene('counted', { rows: ['a', 'b'], form: [configMap('cfg')] });
      await soon(async () => {
        const form = await scene.form();
        expect(form.status).toMatchObject({ totalNodes: 2, readyNodes: 2 });
        expect(conditionOf(form, 'Valid')).toMatchObject({ status: 'True', reason: 'ValidationPassed' });
        expect(conditionOf(form, 'Applied')).toMatchObject({
          status: 'True',
          reason: 'AllNodesReady',
          message: 'All 2 nodes ready',
        });
      });
    });

    test.concurrent('a form without rows says that nothing uses it', async () => {
      const scene = await stand.scene('unused', { rows: [], form: [configMap('cfg')] });
      await soon(async () =>
        expect(conditionOf(await scene.form(), 'Applied')).toMatchObject({
          status: 'False',
          reason: 'NoNodes',
          message: 'No nodes using this template',
        }),
      );
    });

    test.concurrent('hubId cannot be changed', async () => {
      const scene = await stand.scene('fixed', { form: [configMap('cfg')] });
      const path = lynqPath(stand.world.namespace, 'lynqforms', scene.name);
      await expect(stand.world.cluster.merge(path, { spec: { hubId: 'other' } })).rejects.toThrow(/hubId is immutable/);
    });

    test.concurrent('a form that is deleted takes its nodes and their objects along, and only its own', async () => {
      const scene = await stand.scene('dropped', {
        forms: { 'dropped-one': [configMap('one')], 'dropped-two': [configMap('two')] },
      });
      await scene.ready('a', 'dropped-one');
      await scene.ready('a', 'dropped-two');
      await stand.world.cluster.remove(lynqPath(stand.world.namespace, 'lynqforms', 'dropped-one'));
      await scene.gone('a', 'dropped-one', { withinMs: 120_000 });
      expect(await scene.child('ConfigMap', 'one', 'a', 'dropped-one')).toBeUndefined();
      expect(await scene.child('ConfigMap', 'two', 'a', 'dropped-two')).toBeDefined();
      await soon(async () => expect(await hubStatus(scene)).toMatchObject({ referencingTemplates: 1, desired: 1 }));
    });
  });

  describe('hubs', () => {
    test.concurrent('a hub that is deleted takes nodes, children and the namespaces they made along', async () => {
      const scene = await stand.scene('hub-gone', {
        form: [namespace('ns', 'parity-hub-gone'), { ...configMap('far'), targetNamespace: 'parity-hub-gone' }],
      });
      await scene.ready();
      const path = lynqPath(stand.world.namespace, 'lynqhubs', 'hub-gone');
      await stand.world.cluster.remove(path);
      await soon(async () => expect(await stand.world.cluster.find(path)).toBeUndefined(), { withinMs: 90_000 });
      expect(await scene.node()).toBeUndefined();
      await soon(async () => expect(await stand.find('Namespace', 'parity-hub-gone')).toBeUndefined());
    });

    test.concurrent('a hub that cannot read keeps its nodes, and says DatabaseQueryFailed', async () => {
      const scene = await stand.scene('no-table', { form: [configMap('cfg')] });
      const before = await scene.ready();
      await scene.sql('RENAME TABLE $ TO `no-table-away`');
      await soon(async () => {
        expect(conditionOf(await scene.hub(), 'Ready')?.status).toBe('False');
        const [event] = await stand.events('no-table', 'DatabaseQueryFailed');
        expect(event).toMatchObject({ type: 'Warning', message: expect.stringMatching(/^Failed to query database: /) });
      });
      await window(6_000);
      expect((await scene.node())?.metadata.uid).toBe(before.metadata.uid);
      await scene.sql('RENAME TABLE `no-table-away` TO $');
      await soon(async () => expect(conditionOf(await scene.hub(), 'Ready')?.status).toBe('True'));
    });
  });
});
