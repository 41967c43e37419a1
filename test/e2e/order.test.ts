import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { conditionOf, childPath, lynqPath } from '../support/e2e/cluster.ts';
import { eventually, notYet, there, window } from '../support/e2e/eventually.ts';
import { configMap, entryOf, mapOf, openSmallWorld, shows, type SmallWorld } from '../support/e2e/forms.ts';

const gated = { readyWhen: "has(object.data) && 'open' in object.data" };
const never = { readyWhen: "has(object.data) && 'never' in object.data", timeoutSeconds: 2 };

describe('e2e/order', () => {
  let world: SmallWorld;
  const open = (name: string, key = 'open') =>
    world.cluster.merge(childPath('ConfigMap', world.namespace, name), { data: { [key]: 'yes' } });
  const created = async (name: string) =>
    eventually(`${name} exists`, async () => {
      const found = await mapOf(world, name);
      return found === undefined ? notYet('absent') : there(found);
    });

  beforeAll(async () => {
    world = await openSmallWorld(inject('stack'), 'order');
    await world.addRow('acme');
  });
  afterAll(() => world?.close());

  test('what can go now goes now: only what depends on a waiting entry waits', async () => {
    await world.putForm('now', {
      configMaps: [
        configMap('gate', gated),
        configMap('gate-child', { dependIds: ['gate'] }),
        configMap('free'),
        configMap('free-child', { dependIds: ['free'] }),
        configMap('free-grandchild', { dependIds: ['free-child'] }),
      ],
    });
    await world.nodeShows('acme-now', 'the free ones are done', shows('free-grandchild', 'Ready'));
    const node = (await world.node('acme-now'))!;
    expect([entryOf(node, 'gate'), entryOf(node, 'gate-child')]).toEqual([
      'Progressing/ReadyWhenFalse',
      'Waiting/DependencyNotReady',
    ]);
    expect(await mapOf(world, 'acme-gate-child')).toBeUndefined();
    await open('acme-gate');
    await world.ready(['acme-now']);
    await world.dropForm('now');
  });

  test('a failed dependency skips what depends on it, all the way, or not; when it recovers the skipped ones go on', async () => {
    await world.putForm('skip', {
      configMaps: [
        configMap('broken', never),
        configMap('skipped', { dependIds: ['broken'] }),
        configMap('cascade', { dependIds: ['skipped'] }),
        configMap('bold', { dependIds: ['broken'], skipOnDependencyFailure: false }),
        configMap('beside'),
      ],
    });
    const ids = await world.nodeShows('acme-skip', 'two are skipped', (node) =>
      node.status?.skippedResources === 2 ? (node.status.skippedResourceIds as string[]) : undefined,
    );
    expect(ids.toSorted()).toEqual(['cascade', 'skipped']);
    await world.nodeShows('acme-skip', 'bold goes on', shows('bold', 'Ready'));
    await world.nodeShows('acme-skip', 'beside is untouched', shows('beside', 'Ready'));
    expect(await mapOf(world, 'acme-skipped')).toBeUndefined();

    await open('acme-broken', 'never');
    const [node] = await world.ready(['acme-skip']);
    expect([node?.status.skippedResources, node?.status.skippedResourceIds]).toEqual([0, []]);
    await world.dropForm('skip');
  });

  test('a chain of 200 and a form of 500 come up', async () => {
    const chain = Array.from({ length: 200 }, (_, index) =>
      configMap(`link-${index}`, index === 0 ? {} : { dependIds: [`link-${index - 1}`] }),
    );
    await world.putForm('chain', { configMaps: chain });
    await world.putForm('wide', {
      configMaps: Array.from({ length: 500 }, (_, index) => configMap(`wide-${index}`)),
    });
    await world.ready(['acme-chain', 'acme-wide'], { withinMs: 500_000 });
    await world.dropForm('chain');
    await world.dropForm('wide');
  }, 510_000);

  test("a row's first start of a form waits for its node of another, says so, and goes when that is Ready", async () => {
    await world.putForm('web', { dependsOn: [{ form: 'data' }], configMaps: [configMap('page')] });
    await eventually('the missing form is told', async () => {
      const found = conditionOf(await world.form('web'), 'DependencyMissing');
      return found?.status === 'True' && found.message.includes('data') ? there(found) : notYet(found ?? 'none');
    });
    await world.nodeShows('acme-web', 'waits', shows('page', 'Waiting/WaitingForForm'));
    await world.putForm('data', { configMaps: [configMap('store', gated)] });
    await created('acme-store');
    await window(1_500);
    expect(await mapOf(world, 'acme-page')).toBeUndefined();
    expect(conditionOf(await world.node('acme-web'), 'WaitingForForm')?.status).toBe('True');

    // By itself the wait asks again after ten minutes, which is longer than anything here is waited for: only the watch can end it.
    await open('acme-store');
    await world.ready(['acme-data', 'acme-web']);
    const web = await world.node('acme-web');
    expect(conditionOf(web, 'WaitingForForm')).toBeUndefined();
    expect(conditionOf(await world.form('web'), 'DependencyMissing')).toBeUndefined();
    expect(
      Date.parse((await mapOf(world, 'acme-page'))!.metadata['creationTimestamp' as 'name']),
    ).toBeGreaterThanOrEqual(Date.parse((await mapOf(world, 'acme-store'))!.metadata['creationTimestamp' as 'name']));
  });

  test('a node that runs stays when the node or the form it depended on fails or goes', async () => {
    const before = (await mapOf(world, 'acme-page'))!;
    await world.cluster.merge(childPath('ConfigMap', world.namespace, 'acme-store'), { data: { open: null } });
    await world.nodeShows('acme-data', 'is not ready', (node) =>
      conditionOf(node, 'Ready')?.status === 'False' ? true : undefined,
    );
    await world.putForm('web', { configMaps: [configMap('page', {}, { changed: 'yes' })] });
    await eventually('the page is changed', async () =>
      (await mapOf(world, 'acme-page'))?.data?.['changed'] === 'yes' ? there(true) : notYet('unchanged'),
    );
    expect((await mapOf(world, 'acme-page'))!.metadata.uid).toBe(before.metadata.uid);
    await open('acme-store');
    await world.ready(['acme-data', 'acme-web']);
  });

  test('when a row goes, what depends goes first', async () => {
    const block = ['e2e.example.com/hold'];
    await world.cluster.merge(childPath('ConfigMap', world.namespace, 'acme-page'), {
      metadata: { finalizers: block },
    });
    await world.dropRow('acme');
    await eventually('the page is going', async () => {
      const found = await mapOf(world, 'acme-page');
      return found?.metadata.deletionTimestamp === undefined ? notYet('not yet') : there(true);
    });
    await world.nodeShows('acme-data', 'waits for the web', (node) =>
      entryOf(node, 'store')?.startsWith('Deleting/WaitingForForm') === true ? true : undefined,
    );
    expect((await mapOf(world, 'acme-store'))?.metadata.deletionTimestamp).toBeUndefined();
    await world.cluster.merge(childPath('ConfigMap', world.namespace, 'acme-page'), { metadata: { finalizers: null } });
    await world.gone(['acme-web', 'acme-data']);
    await world.addRow('acme');
    await world.nodeShows('acme-data', 'is back', shows('store', 'Progressing/ReadyWhenFalse'));
  });

  test('a node alone does not wait for what depends on it', async () => {
    await open('acme-store');
    await world.ready(['acme-data', 'acme-web']);
    await world.cluster.remove(lynqPath(world.namespace, 'lynqnodes', 'acme-data'));
    await eventually('the store is another one', async () => {
      const found = await mapOf(world, 'acme-store');
      return found?.data?.['open'] === undefined && found !== undefined
        ? there(true)
        : notYet(found?.metadata ?? 'gone');
    });
  });

  test('forms that wait for each other are not Valid and name the chain; others are not touched', async () => {
    await world.putForm('left', { dependsOn: [{ form: 'right' }], configMaps: [configMap('l')] });
    await world.putForm('right', { dependsOn: [{ form: 'left' }], configMaps: [configMap('r')] });
    for (const [form, chain] of [
      ['left', 'left -> right -> left'],
      ['right', 'right -> left -> right'],
    ] as const)
      await eventually(`${form} is not valid`, async () => {
        const found = conditionOf(await world.form(form), 'Valid');
        return found?.status === 'False' && found.message.includes(chain) ? there(true) : notYet(found ?? 'none');
      });
    expect(conditionOf(await world.form('web'), 'Valid')?.status).toBe('True');
  });
});
