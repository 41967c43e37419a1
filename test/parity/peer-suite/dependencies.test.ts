import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { conditionOf, type KubeObject, lynqPath } from '../../support/e2e/cluster.ts';
import { configMap, deployment, type Entry, stuckDeployment } from '../../support/parity/entries.ts';
import { pathOf } from '../../support/parity/paths.ts';
import { nodeSays, openStand, soon, type Stand } from '../../support/parity/stand.ts';

/** An entry the API server refuses: the data of a ConfigMap has no such keys. */
const refused = (id: string, more: Parameters<typeof configMap>[2] = {}): Entry =>
  configMap(id, { 'no such key!': '1' }, more);

describe('parity/peer-suite/dependencies', () => {
  let stand: Stand;
  beforeAll(async () => {
    stand = await openStand('dependencies');
  });
  afterAll(() => stand?.close());

  const counts = ({ status }: KubeObject) => ({
    desired: status.desiredResources,
    ready: status.readyResources,
    failed: status.failedResources ?? 0,
    skipped: status.skippedResources ?? 0,
  });
  const skippedIds = ({ status }: KubeObject) => ((status.skippedResourceIds ?? []) as readonly string[]).toSorted();

  test.concurrent('children are made in the order of their dependencies, whatever the order in the form', async () => {
    const seen = stand.world.cluster.watch(pathOf('ConfigMap', stand.world.namespace));
    const scene = await stand.scene('ordered', {
      form: [
        configMap('last', {}, { dependIds: ['middle'] }),
        configMap('middle', {}, { dependIds: ['first'] }),
        configMap('first'),
      ],
    });
    await scene.ready();
    const made = await soon(async () => {
      const names = seen.events.flatMap(({ type, object }) => (type === 'ADDED' ? [object.metadata.name] : []));
      const ours = names.filter((name) => name.startsWith('a-ordered-'));
      expect(ours).toHaveLength(3);
      return ours;
    });
    seen.stop();
    expect(made).toEqual(['a-ordered-first', 'a-ordered-middle', 'a-ordered-last']);
  });

  test.concurrent('a diamond is made with its top last', async () => {
    const scene = await stand.scene('diamond', {
      form: [
        configMap('top', {}, { dependIds: ['left', 'right'] }),
        deployment('left', {}, { dependIds: ['base'] }),
        configMap('right', {}, { dependIds: ['base'] }),
        configMap('base'),
      ],
    });
    const node = await scene.ready();
    expect(counts(node)).toEqual({ desired: 4, ready: 4, failed: 0, skipped: 0 });
    const version = async (kind: 'ConfigMap' | 'Deployment', id: string) =>
      Date.parse((await scene.child(kind, id))?.metadata['creationTimestamp' as 'name'] ?? '');
    expect(await version('ConfigMap', 'top')).toBeGreaterThanOrEqual(await version('Deployment', 'left'));
    expect(await version('Deployment', 'left')).toBeGreaterThanOrEqual(await version('ConfigMap', 'base'));
  });

  test.concurrent('a child waits while what it depends on is not ready; an independent one does not', async () => {
    const scene = await stand.scene('waits', {
      form: [stuckDeployment('slow'), configMap('after', {}, { dependIds: ['slow'] }), configMap('free')],
    });
    const node = await nodeSays(scene, ({ status }) => status?.readyResources === 1);
    expect(counts(node)).toEqual({ desired: 3, ready: 1, failed: 0, skipped: 0 });
    expect(await scene.child('ConfigMap', 'after')).toBeUndefined();
    expect(await scene.nodeCondition('Ready')).toMatchObject({
      status: 'False',
      reason: 'NotAllResourcesReady',
      message: 'Not all resources are ready: 1/3 ready',
    });
    expect(await scene.nodeCondition('Degraded')).toMatchObject({ status: 'True', reason: 'ResourcesNotReady' });
  });

  test.concurrent('the child that waited is made once its dependency is ready', async () => {
    const scene = await stand.scene('waited', {
      form: [stuckDeployment('slow'), configMap('after', {}, { dependIds: ['slow'] })],
    });
    await nodeSays(scene, ({ status }) => status?.desiredResources === 2 && status.readyResources === 0);
    expect(await scene.child('ConfigMap', 'after')).toBeUndefined();
    await scene.edit([deployment('slow'), configMap('after', {}, { dependIds: ['slow'] })]);
    await scene.ready();
    expect(await scene.child('ConfigMap', 'after')).toBeDefined();
  });

  test.concurrent('waitForReady false: dependents do not wait, and the child counts as ready', async () => {
    const scene = await stand.scene('no-wait', {
      form: [stuckDeployment('slow', { waitForReady: false }), configMap('after', {}, { dependIds: ['slow'] })],
    });
    const node = await scene.ready();
    expect(counts(node)).toEqual({ desired: 2, ready: 2, failed: 0, skipped: 0 });
  });

  test.concurrent('a failed dependency skips its dependents, and theirs, and nothing else', async () => {
    const scene = await stand.scene('skips', {
      form: [
        refused('bad'),
        configMap('child', {}, { dependIds: ['bad'] }),
        configMap('grandchild', {}, { dependIds: ['child'] }),
        configMap('free'),
      ],
    });
    const node = await nodeSays(scene, ({ status }) => status?.skippedResources === 2);
    expect(counts(node)).toEqual({ desired: 4, ready: 1, failed: 1, skipped: 2 });
    expect(skippedIds(node)).toEqual(['child', 'grandchild']);
    expect(await scene.child('ConfigMap', 'child')).toBeUndefined();
    expect(await scene.child('ConfigMap', 'grandchild')).toBeUndefined();
    expect(await scene.nodeCondition('Ready')).toMatchObject({
      status: 'False',
      reason: 'ResourcesFailed',
      message: '1 resources failed',
    });
    expect(await scene.nodeCondition('Degraded')).toMatchObject({
      status: 'True',
      reason: 'ResourceFailures',
      message: 'LynqNode has 1 failed resources',
    });
  });

  test.concurrent('skipOnDependencyFailure false: made although the dependency failed', async () => {
    const scene = await stand.scene('proceeds', {
      form: [refused('bad'), configMap('child', {}, { dependIds: ['bad'], skipOnDependencyFailure: false })],
    });
    const node = await nodeSays(scene, ({ status }) => status?.readyResources === 1);
    expect(counts(node)).toEqual({ desired: 2, ready: 1, failed: 1, skipped: 0 });
    expect(await scene.child('ConfigMap', 'child')).toBeDefined();
  });

  test.concurrent('a dependency that ran out of time skips its dependents', async () => {
    const scene = await stand.scene('late', {
      form: [stuckDeployment('slow', { timeoutSeconds: 1 }), configMap('child', {}, { dependIds: ['slow'] })],
    });
    const node = await nodeSays(scene, ({ status }) => status?.skippedResources === 1);
    expect(counts(node)).toEqual({ desired: 2, ready: 0, failed: 1, skipped: 1 });
    expect(skippedIds(node)).toEqual(['child']);
  });

  test.concurrent('what was skipped is made when the dependency recovers, and the list of skipped ids is empty again', async () => {
    const scene = await stand.scene('recovers', {
      form: [refused('bad'), configMap('child', {}, { dependIds: ['bad'] })],
    });
    await nodeSays(scene, ({ status }) => status?.skippedResources === 1);
    await scene.edit([configMap('bad', { good: '1' }), configMap('child', {}, { dependIds: ['bad'] })]);
    const node = await scene.ready();
    expect(counts(node)).toEqual({ desired: 2, ready: 2, failed: 0, skipped: 0 });
    expect(skippedIds(node)).toEqual([]);
  });

  test.concurrent('a child that exists is left untouched while its dependency is broken', async () => {
    const scene = await stand.scene('left-alone', {
      form: [configMap('base', { v: '1' }), configMap('child', { v: '1' }, { dependIds: ['base'] })],
    });
    await scene.ready();
    const before = await scene.child('ConfigMap', 'child');
    await scene.edit([refused('base'), configMap('child', { v: '2' }, { dependIds: ['base'] })]);
    await nodeSays(scene, ({ status }) => status?.skippedResources === 1);
    expect(await scene.child('ConfigMap', 'child')).toEqual(before);
  });

  test.concurrent('a row that goes takes its children away in reverse order', async () => {
    const scene = await stand.scene('reverse', {
      form: [
        configMap('base'),
        configMap('middle', {}, { dependIds: ['base'] }),
        configMap('top', {}, { dependIds: ['middle'] }),
      ],
    });
    await scene.ready();
    const seen = stand.world.cluster.watch(pathOf('ConfigMap', stand.world.namespace));
    await soon(async () => expect(seen.events.length).toBeGreaterThan(0));
    await scene.dropRow();
    const gone = await soon(async () => {
      const names = seen.events.flatMap(({ type, object }) => (type === 'DELETED' ? [object.metadata.name] : []));
      const ours = names.filter((name) => name.startsWith('a-reverse-'));
      expect(ours).toHaveLength(3);
      return ours;
    });
    seen.stop();
    expect(gone).toEqual(['a-reverse-top', 'a-reverse-middle', 'a-reverse-base']);
  });

  describe('forms that cannot be ordered', () => {
    const valid = (scene: { form(): Promise<KubeObject> }) =>
      soon(async () => {
        const found = conditionOf(await scene.form(), 'Valid');
        expect(found?.status).toBe('False');
        return found!;
      });
    const broken = {
      cycle: {
        form: [configMap('one', {}, { dependIds: ['two'] }), configMap('two', {}, { dependIds: ['one'] })],
        says: /Dependency validation failed: .*one.*two/s,
      },
      unknown: {
        form: [configMap('one', {}, { dependIds: ['nobody'] })],
        says: /Dependency validation failed: .*one.*nobody/s,
      },
      duplicate: { form: [configMap('same'), deployment('same')], says: /Duplicate resource IDs: \[same\]/ },
    } as const;
    for (const [kind, { form, says }] of Object.entries(broken)) {
      test.concurrent(`${kind}: the form is not valid, says why, and no children are made`, async () => {
        const scene = await stand.scene(`invalid-${kind}`, { form });
        const condition = await valid(scene);
        expect(condition.reason).toBe('ValidationFailed');
        expect(condition.message).toMatch(/^Validation errors: \[/);
        expect(condition.message).toMatch(says);
        expect(await scene.child('ConfigMap', 'one')).toBeUndefined();
      });
    }

    test.concurrent('two entries of one array with the same id are refused by the API server', async () => {
      const entry = { id: 'same', spec: { apiVersion: 'v1', kind: 'ConfigMap' } };
      const body = {
        apiVersion: 'operator.lynq.sh/v1',
        kind: 'LynqForm',
        metadata: { name: 'twice', namespace: stand.world.namespace },
        spec: { hubId: 'any', configMaps: [entry, entry] },
      };
      await expect(stand.world.cluster.create(lynqPath(stand.world.namespace, 'lynqforms'), body)).rejects.toThrow(
        /Duplicate value/,
      );
    });

    test.concurrent('a form that is corrected becomes valid and its children are made', async () => {
      const scene = await stand.scene('corrected', { form: [configMap('one', {}, { dependIds: ['nobody'] })] });
      await valid(scene);
      await scene.edit([configMap('one')]);
      await scene.ready();
      expect(conditionOf(await scene.form(), 'Valid')).toMatchObject({
        status: 'True',
        reason: 'ValidationPassed',
        message: 'Template validation passed',
      });
    });
  });
});
