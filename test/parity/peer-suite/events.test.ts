import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type KubeObject, lynqPath } from '../../support/e2e/cluster.ts';
import { eventually, notYet, there } from '../../support/e2e/eventually.ts';
import { configMap, type Entry, stuckDeployment } from '../../support/parity/entries.ts';
import { type Occurrence, openStand, type Scene, soon, type Stand } from '../../support/parity/stand.ts';

/** An entry that the API server refuses. */
const broken = (id: string): Entry => configMap(id, { 'no such key!': '1' });

/** What may not be done in this namespace while the policy is there, told by the end of an object's name. */
const denials = {
  undeletable: "request.operation != 'DELETE' || !oldObject.metadata.name.endsWith('-undeletable')",
  unmarkable:
    "request.operation == 'DELETE' || !oldObject.metadata.name.endsWith('-unmarkable') || !has(object.metadata.labels) || !('lynq.sh/orphaned' in object.metadata.labels)",
  staying: "request.operation != 'DELETE' || !oldObject.metadata.name.startsWith('stays-')",
} as const;

/** Condition texts of parity 6.1 and events of 6.2, word by word; `<err>` of a message is any text. */
describe('parity/peer-suite/events', () => {
  let stand: Stand;
  const admission = '/apis/admissionregistration.k8s.io/v1';
  const policies = () => [
    `${admission}/validatingadmissionpolicybindings/${stand.world.namespace}`,
    `${admission}/validatingadmissionpolicies/${stand.world.namespace}`,
  ];
  const lift = async (): Promise<void> => {
    for (const path of policies())
      if ((await stand.world.cluster.find(path)) !== undefined) await stand.world.cluster.remove(path);
  };

  beforeAll(async () => {
    stand = await openStand('events');
  });
  afterAll(async () => {
    if (stand === undefined) return;
    await lift();
    await stand.close();
  });

  /** Waits for events of these reasons on an object, and shows them as `Type message`. */
  const told = (name: string, reason: string): Promise<readonly string[]> =>
    eventually(`${name} is told ${reason}`, async () => {
      const all = await stand.events(name);
      const found = all.filter((one) => one.reason === reason).map(({ type, message }) => `${type} ${message}`);
      return found.length > 0 ? there(found) : notYet(all.map((one) => `${one.reason}: ${one.message}`));
    });

  describe('conditions of a node', () => {
    const notConflicted = ['False', 'NoConflict', 'No resource conflicts detected'];
    const complete = ['False', 'ReconcileComplete', 'Reconciliation completed'];
    const table = [
      {
        state: 'ready',
        form: [configMap('one'), configMap('two')],
        conditions: {
          Ready: ['True', 'Reconciled', 'Successfully reconciled all resources'],
          Progressing: complete,
          Conflicted: notConflicted,
          Degraded: ['False', 'Healthy', 'All resources are healthy'],
        },
      },
      {
        state: 'moving',
        form: [configMap('one'), stuckDeployment('two')],
        conditions: {
          Ready: ['False', 'NotAllResourcesReady', 'Not all resources are ready: 1/2 ready'],
          Progressing: ['True', 'Reconciling', 'Reconciling changed resources'],
          Conflicted: notConflicted,
          Degraded: ['True', 'ResourcesNotReady', 'Not all resources are ready: 1/2 ready'],
        },
      },
      {
        state: 'failed',
        form: [configMap('one'), broken('two')],
        conditions: {
          Ready: ['False', 'ResourcesFailed', '1 resources failed'],
          Progressing: complete,
          Conflicted: notConflicted,
          Degraded: ['True', 'ResourceFailures', 'LynqNode has 1 failed resources'],
        },
      },
      {
        state: 'conflicted',
        form: [configMap('one'), broken('two'), configMap('foreign', { v: 'ours' })],
        conditions: {
          Ready: ['False', 'ResourcesFailedAndConflicted', '2 resources failed and 1 resources in conflict'],
          Progressing: complete,
          Conflicted: ['True', 'ResourceConflict', 'One or more resources are in conflict. Check events for details.'],
          Degraded: ['True', 'ResourceFailuresAndConflicts', 'LynqNode has 2 failed and 1 conflicted resources'],
        },
      },
    ] as const;

    test.concurrent.each(table)(
      'of one that is $state have the texts of parity 6.1',
      async ({ state, form, conditions }) => {
        const foreign = {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name: `a-${state}-foreign` },
          data: { v: 'theirs' },
        };
        await stand.create('ConfigMap', foreign);
        const scene = await stand.scene(state, { form });
        await soon(async () => {
          const found = ((await scene.node())?.status?.conditions ?? []) as readonly Readonly<Record<string, string>>[];
          const shown = found.map(({ type, status, reason, message }) => [type, [status, reason, message]] as const);
          expect(Object.fromEntries(shown)).toEqual(conditions);
        });
      },
    );
  });

  test.concurrent('TemplateAppliedPartial: what was applied and what failed of a form', async () => {
    const scene = await stand.scene('partial', { form: [configMap('one'), configMap('two'), broken('three')] });
    expect(await told('a-partial', 'TemplateAppliedPartial')).toEqual([
      `Warning Applied LynqForm '${scene.name}' (generation: 1) with partial success. Changed: 2, Ready: 2, Failed: 1 out of 3 total resources. Hub: ${scene.name}, LynqNode UID: a. Failed resources require attention.`,
    ]);
    expect(await stand.events('a-partial', 'TemplateAppliedSuccess')).toEqual([]);
  });

  test.concurrent('DuplicateResourceIDs: ids that several arrays of a form have', async () => {
    const { spec } = stuckDeployment('same');
    const form = [configMap('same'), { id: 'same', spec }, configMap('other')];
    await stand.scene('duplicates', { form });
    expect(await told('duplicates', 'DuplicateResourceIDs')).toEqual(['Warning Found duplicate resource IDs: [same]']);
    expect(await told('duplicates', 'ValidationFailed')).toHaveLength(1);
  });

  test.concurrent('RetainResourcePreserved: an object that still had its node for an owner, and stays', async () => {
    const scene = await stand.scene('preserved', { form: [configMap('cfg')] });
    await scene.ready();
    // A pass takes the owner off what has come to be retained; a node that a person has paused has none.
    const { namespace, cluster } = stand.world;
    await cluster.merge(lynqPath(namespace, 'lynqnodes', 'a-preserved'), { spec: { paused: true } });
    await scene.edit([configMap('cfg', {}, { deletionPolicy: 'Retain' })]);
    expect((await scene.child('ConfigMap', 'cfg'))?.metadata.ownerReferences).toHaveLength(1);
    await scene.dropRow();
    expect(await told('a-preserved', 'RetainResourcePreserved')).toEqual([
      'Normal Removed ownerReference from resource cfg (policy=Retain)',
    ]);
    expect(await told('a-preserved', 'ResourceRetained')).toEqual([
      'Normal Resource ConfigMap/a-preserved-cfg retained with orphan labels (ownerReferences removed)',
    ]);
    expect(await told('a-preserved', 'LynqNodeDeleted')).toEqual([
      'Normal LynqNode a-preserved deleted successfully. Resources will be cleaned up by Kubernetes garbage collector.',
    ]);
  });

  test.concurrent('DependencyError: a node whose revision has no order, until a sync gives it another', async () => {
    const scene = await stand.scene('cyclic', { form: [configMap('one'), configMap('two')] });
    const good = (await scene.ready()).spec.formRevision as string;
    const { namespace, cluster } = stand.world;
    const cycle = [configMap('one', {}, { dependIds: ['two'] }), configMap('two', {}, { dependIds: ['one'] })];
    await scene.edit(cycle);
    const bad = await eventually('the broken form has a revision too', async () => {
      const path = `/apis/apps/v1/namespaces/${namespace}/controllerrevisions?labelSelector=lynq.sh%2Fform%3Dcyclic`;
      const names = (await cluster.list(path)).map(({ metadata }) => metadata.name);
      const found = names.find((name) => name !== good);
      return found === undefined ? notYet(names) : there(found);
    });
    const hub = lynqPath(namespace, 'lynqhubs', 'cyclic');
    await cluster.merge(hub, { spec: { paused: true } });
    await cluster.merge(lynqPath(namespace, 'lynqnodes', 'a-cyclic'), { spec: { formRevision: bad } });
    const [text, ...more] = await told('a-cyclic', 'DependencyError');
    expect(more).toEqual([]);
    expect(text).toMatch(/^Warning .*(one -> two -> one|two -> one -> two)/);
    expect(await scene.nodeCondition('Ready')).toMatchObject({ status: 'False', reason: 'DependencyError' });
    expect(await scene.nodeCondition('Degraded')).toMatchObject({
      status: 'True',
      reason: 'DependencyCycle',
      message: 'Dependency cycle detected in resource graph',
    });
    expect(await scene.child('ConfigMap', 'one')).toBeDefined();
    await scene.edit([configMap('one'), configMap('two')]);
    await cluster.merge(hub, { spec: { paused: false } });
    await scene.ready();
    expect((await scene.node())?.spec.formRevision).toBe(good);
    expect(await scene.nodeCondition('Degraded')).toMatchObject({ status: 'False', reason: 'Healthy' });
  });

  describe('what is refused when something goes', () => {
    const anyError = (before: string, after = '') => new RegExp(`^${before}.*${stand.world.namespace}.*${after}$`, 's');
    let refused: Scene;
    let leaving: Scene;

    beforeAll(async () => {
      const { namespace, cluster } = stand.world;
      refused = await stand.scene('refused', {
        form: [configMap('undeletable'), configMap('unmarkable', {}, { deletionPolicy: 'Retain' })],
      });
      leaving = await stand.scene('leaving', { form: [configMap('cfg')], rows: ['stays', 'goes'] });
      await refused.ready();
      for (const row of ['stays', 'goes']) await leaving.ready(row);
      const rule = (apiGroups: readonly string[], resources: readonly string[]) => ({
        apiGroups,
        resources,
        apiVersions: ['*'],
        operations: ['UPDATE', 'DELETE'],
      });
      await cluster.create(`${admission}/validatingadmissionpolicies`, {
        apiVersion: 'admissionregistration.k8s.io/v1',
        kind: 'ValidatingAdmissionPolicy',
        metadata: { name: namespace },
        spec: {
          matchConstraints: {
            namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
            resourceRules: [rule([''], ['configmaps']), rule(['operator.lynq.sh'], ['lynqnodes'])],
          },
          validations: Object.values(denials).map((expression) => ({ expression, message: 'not now' })),
        },
      });
      await cluster.create(`${admission}/validatingadmissionpolicybindings`, {
        apiVersion: 'admissionregistration.k8s.io/v1',
        kind: 'ValidatingAdmissionPolicyBinding',
        metadata: { name: namespace },
        spec: { policyName: namespace, validationActions: ['Deny'] },
      });
      await eventually('the policy is in force', () =>
        cluster.call('DELETE', `${refused.path('ConfigMap', 'undeletable')}?dryRun=All`).then(
          () => notYet('admitted'),
          () => there(true),
        ),
      );
    });
    afterAll(lift);

    test('CleanupPartialFailure on the node and RetainResourceProcessFailed on the hub: objects that neither go nor are marked', async () => {
      await refused.sql("DELETE FROM $ WHERE id = 'a'");
      const errors = await soon(async () => {
        const found = await told('a-refused', 'CleanupPartialFailure');
        expect(found).toHaveLength(2);
        return found;
      });
      for (const error of errors)
        expect(error).toMatch(
          anyError(
            'Warning Some resources could not be cleaned up: ',
            String.raw`\. Kubernetes garbage collector will handle remaining resources with ownerReferences\.`,
          ),
        );
      expect(await told('refused', 'RetainResourceProcessFailed')).toEqual([
        expect.stringMatching(anyError('Warning Failed to process retain resources for node a-refused: ')),
      ]);
      expect((await refused.node())?.metadata.finalizers).toEqual(['lynqnode.operator.lynq.sh/finalizer']);
      expect(await stand.events('a-refused', 'LynqNodeDeleted')).toEqual([]);
    });

    test('NodeDeletionFailed on the hub: a node of a row that is gone, and cannot be deleted', async () => {
      await leaving.sql("DELETE FROM $ WHERE id = 'stays'");
      const [text] = await told('leaving', 'NodeDeletionFailed');
      expect(text).toMatch(anyError("Warning Failed to delete LynqNode 'stays-leaving': "));
      expect((await leaving.node('stays'))?.metadata.deletionTimestamp).toBeUndefined();
    });

    test('CleanupFailed on the hub: it is deleted, and a node of it cannot be', async () => {
      const { namespace, cluster } = stand.world;
      await cluster.remove(lynqPath(namespace, 'lynqhubs', 'leaving'));
      const [text] = await told('leaving', 'CleanupFailed');
      expect(text).toMatch(anyError('Warning Failed to cleanup retain resources: '));
      expect((await leaving.hub()).metadata.finalizers).toEqual(['lynq.sh/hub-finalizer']);
    });

    /** What is denied is tried again every half minute. */
    const patience = { withinMs: 110_000 };

    test('all of it goes on by itself when it is allowed', async () => {
      const { namespace, cluster } = stand.world;
      await lift();
      await refused.gone('a', 'refused', patience);
      expect(await refused.child('ConfigMap', 'undeletable')).toBeUndefined();
      const kept = await refused.child('ConfigMap', 'unmarkable');
      expect(kept?.metadata.labels).toMatchObject({ 'lynq.sh/orphaned': 'true' });
      await leaving.gone('stays');
      await soon(async () => expect(await cluster.find(lynqPath(namespace, 'lynqhubs', 'leaving'))).toBeUndefined());
    });
  });

  test('row 15: events have the names of the code, none that only the documentation has, but for DependencyError', async () => {
    const theirs = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a-forced-cfg' }, data: { v: 'theirs' } };
    await stand.create('ConfigMap', theirs);
    const scene = await stand.scene('forced', { form: [configMap('cfg', { v: 'ours' }, { conflictPolicy: 'Force' })] });
    await scene.ready();
    await scene.dropRow();
    await told('a-forced', 'LynqNodeDeleted');
    const path = `/api/v1/namespaces/${stand.world.namespace}/events`;
    const all = (await stand.world.cluster.list(path)) as unknown as readonly (Occurrence & {
      readonly involvedObject: KubeObject;
    })[];
    const reasons = new Set(
      all.filter(({ involvedObject }) => involvedObject.kind.startsWith('Lynq')).map((one) => one.reason),
    );
    expect([...reasons]).toEqual(
      expect.arrayContaining([
        'DependencyError',
        'TemplateAppliedSuccess',
        'ResourceConflict',
        'NodeDeleted',
        'LynqNodeDeleted',
      ]),
    );
    const onlyDocumented = [
      'ForceApply',
      'LynqNodeDeleting',
      'LynqNodeDeletionFailed',
      'TemplateRendered',
      'ResourceApplied',
      'Reconciling',
      'Ready',
    ];
    expect(onlyDocumented.filter((reason) => reasons.has(reason))).toEqual([]);
  });
});
