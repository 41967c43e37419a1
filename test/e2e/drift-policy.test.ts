import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { childPath, conditionOf } from '../support/e2e/cluster.ts';
import { eventually, notYet, there, window } from '../support/e2e/eventually.ts';
import { configMap, mapOf, openSmallWorld, shows, type SmallWorld } from '../support/e2e/forms.ts';

describe('e2e/drift-policy', () => {
  let world: SmallWorld;
  const path = () => childPath('ConfigMap', world.namespace, 'acme-settings');
  const valueIs = (value: string) =>
    eventually(`the value is ${value}`, async () => {
      const found = (await mapOf(world, 'acme-settings'))?.data?.['key'];
      return found === value ? there(found) : notYet(found ?? 'absent');
    });
  const edit = async (value: string) => {
    await world.cluster.merge(path(), { data: { key: value } });
    await world.nodeShows('acme-report', 'the drift is told', shows('settings', 'Ready/Drifted'));
  };
  const writesOf = (place: number) =>
    world.audit.ofWorker(place).filter(({ objectRef }) => objectRef?.resource === 'configmaps');

  beforeAll(async () => {
    world = await openSmallWorld(inject('stack'), 'drift-policy');
    await world.addRow('acme');
    await world.putForm('report', {
      driftPolicy: 'Report',
      configMaps: [configMap('settings', {}, { key: 'ours', size: '{{ .size }}' }), configMap('other')],
    });
    await world.ready(['acme-report']);
  });
  afterAll(() => world?.close());

  test('under Report a change by someone else is told and counted, and left', async () => {
    const place = world.audit.now();
    await edit('theirs');
    const node = await world.node('acme-report');
    expect(conditionOf(node, 'Drifted')).toMatchObject({
      status: 'True',
      message: expect.stringContaining('1 resources'),
    });
    expect(conditionOf(node, 'Ready')?.status).toBe('True');
    await window(4_000);
    expect(writesOf(place)).toEqual([]);
    await valueIs('theirs');
  });

  test('nothing is written or told again while nothing changes', async () => {
    const place = world.audit.now();
    await window(35_000);
    expect(world.audit.ofWorker(place).filter(({ objectRef }) => objectRef?.name?.startsWith('acme-'))).toEqual([]);
  });

  test('a resync corrects it', async () => {
    expect(await world.lynq(['resync', 'node/acme-report'])).toMatchObject({ code: 0 });
    await valueIs('ours');
    await world.nodeShows('acme-report', 'no drift', shows('settings', 'Ready'));
  });

  test('a change of the row corrects that object, and no other', async () => {
    await edit('theirs');
    const other = childPath('ConfigMap', world.namespace, 'acme-other');
    await world.cluster.merge(other, { metadata: { labels: { 'lynq.sh/node-namespace': 'else' } } });
    await world.database.sql("UPDATE things SET size = 2 WHERE id = 'acme'");
    await valueIs('ours');
    expect((await mapOf(world, 'acme-settings'))?.data?.['size']).toBe('2');
    await world.nodeShows('acme-report', 'the other one is told', shows('other', 'Ready/Drifted'));
  });

  test('driftPolicy Correct corrects what was left', async () => {
    await edit('theirs');
    await world.putForm('report', { driftPolicy: 'Correct' });
    await valueIs('ours');
    await world.nodeShows('acme-report', 'no drift', (node) =>
      conditionOf(node, 'Drifted') === undefined ? true : undefined,
    );
  });

  test('an object that someone deleted is made again under Report too', async () => {
    await world.putForm('report', { driftPolicy: 'Report' });
    const before = (await mapOf(world, 'acme-settings'))!.metadata.uid;
    await world.cluster.remove(path());
    await eventually('another one is there', async () => {
      const found = await mapOf(world, 'acme-settings');
      return found !== undefined && found.metadata.uid !== before ? there(found) : notYet('not yet');
    });
  });
});
