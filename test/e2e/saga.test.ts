import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { childPath, conditionOf } from '../support/e2e/cluster.ts';
import { eventually, notYet, there, window } from '../support/e2e/eventually.ts';
import { configMap, entryOf, mapOf, openSmallWorld, shows, type SmallWorld } from '../support/e2e/forms.ts';

const never = (timeoutSeconds: number) => ({ readyWhen: "has(object.data) && 'done' in object.data", timeoutSeconds });
const retain = { deletionPolicy: 'Retain' };

describe('e2e/saga', () => {
  let world: SmallWorld;
  const isGone = (name: string) =>
    eventually(`${name} is gone`, async () =>
      (await mapOf(world, name)) === undefined ? there(true) : notYet('still there'),
    );
  const exists = (name: string) =>
    eventually(`${name} exists`, async () => {
      const found = await mapOf(world, name);
      return found === undefined ? notYet('absent') : there(found);
    });
  const rolledBack = (node: string) =>
    world.nodeShows(node, 'is rolled back', (found) =>
      conditionOf(found, 'RolledBack')?.status === 'True' ? found : undefined,
    );

  beforeAll(async () => {
    world = await openSmallWorld(inject('stack'), 'saga');
  });
  afterAll(() => world?.close());

  test('a creation that times out takes back what it made, in reverse, keeps what is retained, and rests', async () => {
    await world.addRow('one');
    const watching = world.cluster.watch(childPath('ConfigMap', world.namespace));
    await world.putForm('all', {
      rollbackOnFailure: true,
      configMaps: [
        configMap('first'),
        configMap('kept', retain),
        configMap('second', { dependIds: ['first'] }),
        configMap('stuck', { dependIds: ['second'], ...never(3) }),
      ],
    });
    const node = await rolledBack('one-all');
    expect(conditionOf(node, 'RolledBack')).toMatchObject({ reason: 'ReadinessTimeout' });
    expect(['first', 'kept', 'second', 'stuck'].map((id) => entryOf(node, id))).toEqual([
      'Skipped/RolledBack',
      'Skipped/RolledBack',
      'Skipped/RolledBack',
      'Failed/ReadinessTimeout',
    ]);
    await Promise.all(['one-first', 'one-second', 'one-stuck'].map(isGone));
    expect(await mapOf(world, 'one-kept')).toBeDefined();
    const deleted = watching.events.flatMap(({ type, object }) =>
      type === 'DELETED' && object.metadata.name.startsWith('one-') ? [object.metadata.name] : [],
    );
    watching.stop();
    expect(deleted).toEqual(['one-stuck', 'one-second', 'one-first']);

    const place = world.audit.now();
    await window(4_000);
    expect(world.audit.ofWorker(place).filter(({ objectRef }) => objectRef?.resource === 'configmaps')).toEqual([]);
  });

  test('a resync tries again, and a creation that succeeds is like any other node from then on', async () => {
    const kept = (await mapOf(world, 'one-kept'))!.metadata.uid;
    expect(await world.lynq(['resync', 'node/one-all'])).toMatchObject({ code: 0 });
    await exists('one-stuck');
    await world.cluster.merge(childPath('ConfigMap', world.namespace, 'one-stuck'), { data: { done: 'yes' } });
    const [node] = await world.ready(['one-all']);
    expect(node?.status.attempt).toBeUndefined();
    expect(JSON.stringify(node?.status.inventory)).not.toContain('attempt');
    expect((await mapOf(world, 'one-kept'))!.metadata.uid).toBe(kept);

    await world.cluster.merge(childPath('ConfigMap', world.namespace, 'one-stuck'), { data: { done: null } });
    await world.nodeShows('one-all', 'fails without a rollback', shows('stuck', 'Failed/ReadinessTimeout'));
    expect(await mapOf(world, 'one-first')).toBeDefined();
  });

  test('a change of the form half-way takes back what the old one made before the new one begins', async () => {
    await world.putForm('super', {
      rollbackOnFailure: true,
      configMaps: [configMap('old'), configMap('shared'), configMap('gate', never(3600))],
    });
    await world.nodeShows('one-super', 'half-way', shows('gate', 'Progressing/ReadyWhenFalse'));
    const before = (await exists('one-shared')).metadata.uid;
    await world.putForm('super', { configMaps: [configMap('shared'), configMap('new')] });
    await world.ready(['one-super']);
    await isGone('one-old');
    expect((await mapOf(world, 'one-shared'))!.metadata.uid).not.toBe(before);
  });

  test('what was there before the attempt is never touched, also when the row goes half-way', async () => {
    await world.putForm('pre', { configMaps: [configMap('treasure', retain)] });
    await world.ready(['one-pre']);
    const uid = (await mapOf(world, 'one-treasure'))!.metadata.uid;
    await world.dropForm('pre');
    await world.gone(['one-pre'], { withinMs: 120_000 });
    await world.putForm('pre', {
      rollbackOnFailure: true,
      configMaps: [configMap('treasure'), configMap('mine'), configMap('gate2', never(3600))],
    });
    await world.nodeShows('one-pre', 'half-way', shows('gate2', 'Progressing/ReadyWhenFalse'));
    expect((await mapOf(world, 'one-treasure'))!.metadata.uid).toBe(uid);
    await world.dropRow('one');
    await world.gone(['one-pre', 'one-all', 'one-super']);
    await Promise.all(['one-mine', 'one-gate2'].map(isGone));
    expect((await mapOf(world, 'one-treasure'))!.metadata.uid).toBe(uid);
  });

  test('a worker that dies in the middle of a rollback loses nothing', async () => {
    await world.putForm('all', { configMaps: [] });
    await world.dropForm('pre');
    await world.putForm('crash', {
      rollbackOnFailure: true,
      configMaps: [configMap('base'), configMap('top', { dependIds: ['base'], ...never(4) })],
    });
    await world.addRow('two');
    await exists('two-top');
    const hold = { metadata: { finalizers: ['e2e.example.com/hold'] } };
    await world.cluster.merge(childPath('ConfigMap', world.namespace, 'two-top'), hold);
    await eventually('the top is going', async () => {
      const found = await mapOf(world, 'two-top');
      return found?.metadata.deletionTimestamp === undefined ? notYet('not yet') : there(true);
    });
    await world.worker.kill();
    await world.cluster.merge(childPath('ConfigMap', world.namespace, 'two-top'), { metadata: { finalizers: null } });
    await world.worker.start();
    await rolledBack('two-crash');
    await Promise.all(['two-top', 'two-base'].map(isGone));
  });

  test('without the flag nothing is taken back on a timeout, and a row that goes half-way is removed as ever', async () => {
    await world.dropForm('crash');
    await world.putForm('plain', { configMaps: [configMap('p1'), configMap('p2', never(2))] });
    await world.nodeShows('two-plain', 'timed out', shows('p2', 'Failed/ReadinessTimeout'));
    await window(2_000);
    expect(await mapOf(world, 'two-p1')).toBeDefined();
    await world.dropRow('two');
    await world.gone(['two-plain']);
    await Promise.all(['two-p1', 'two-p2'].map(isGone));
  });
});
