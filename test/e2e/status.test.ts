import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type AuditEntry, describeRequest } from '../support/e2e/audit.ts';
import { childPath, type Json, type KubeObject, lynqPath } from '../support/e2e/cluster.ts';
import { eventually, notYet, there } from '../support/e2e/eventually.ts';
import { configMapForm } from '../support/e2e/manifests.ts';
import { nodesOf, openWorld, seedForms, type World } from '../support/e2e/world.ts';

/** How often the status of a LynqNode is written, by the API server's audit log. */
describe('e2e/status', () => {
  const uid = 'spoken';
  const plain = `${uid}-settings`;
  const names = [...nodesOf(uid), plain];
  const replicas = '{{ .webReplicas }}';
  let world: World;
  let begun = 0;

  beforeAll(async () => {
    world = await openWorld(inject('stack'), { name: 'status', settings: { LYNQ_RELIST_SECONDS: '5' } });
    begun = world.audit.now();
    await world.database.sql(`INSERT INTO nodes (node_id) VALUES ('${uid}')`);
    await world.applyAll(world.hubText('2s'), ...seedForms.map((form) => world.formText(form)));
    await putForm([{ id: 'one', data: { replicas } }]);
    await world.ready(names);
  });
  afterAll(() => world?.close());

  const place = () => ({ name: 'settings', namespace: world.namespace, hub: 'multi-tier-nodes' });
  const formPath = (name?: string) => lynqPath(world.namespace, 'lynqforms', name);
  const putForm = (entries: Parameters<typeof configMapForm>[1]) =>
    world.cluster.create(formPath(), configMapForm(place(), entries));

  const statusWrites = (since: number, node: string): readonly AuditEntry[] =>
    world.audit
      .ofWorker(since)
      .filter(
        ({ objectRef }) =>
          objectRef?.resource === 'lynqnodes' &&
          objectRef.subresource === 'status' &&
          objectRef.namespace === world.namespace &&
          objectRef.name === node,
      );

  /** Waits until no LynqNode has been written for longer than a status waits for more to say, and longer than a comparison takes to come round. */
  const atRest = (): Promise<unknown> => {
    const from = world.audit.now();
    const began = Date.now();
    return eventually(
      'no LynqNode is written for 7 s',
      () => {
        const writes = world.audit.ofWorker(from).filter(({ objectRef }) => objectRef?.resource === 'lynqnodes');
        const last = Date.parse(writes.at(-1)?.stageTimestamp ?? '') || began;
        return Date.now() - Math.max(last, began) >= 7_000 ? there(true) : notYet(writes.map(describeRequest));
      },
      { withinMs: 120_000 },
    );
  };

  const settingsShow = (id: string, data: Json): Promise<KubeObject> =>
    eventually(`${id} shows ${JSON.stringify(data)}`, async () => {
      const found = await world.cluster.find(childPath('ConfigMap', world.namespace, `${plain}-${id}`));
      return JSON.stringify(found?.data) === JSON.stringify(data) ? there(found!) : notYet(found?.data ?? 'absent');
    });

  test('a change of the row that makes an object new without a wait is told in one write', async () => {
    await atRest();
    const from = world.audit.now();
    await world.database.sql(`UPDATE nodes SET web_replicas = 4 WHERE node_id = '${uid}'`);
    await settingsShow('one', { replicas: '4' });
    await atRest();
    expect(statusWrites(from, plain).map(describeRequest)).toEqual([`patch lynqnodes/status/${plain}`]);
  });

  test('a change of the form that makes another object too is told with its intent and with its end', async () => {
    const from = world.audit.now();
    const { spec } = configMapForm(place(), [
      { id: 'one', data: { replicas } },
      { id: 'two', data: { replicas } },
    ]);
    await world.cluster.merge(formPath('settings'), { spec });
    await settingsShow('two', { replicas: '4' });
    await atRest();
    const told = statusWrites(from, plain).map(({ responseObject }) => ({
      onRecord: (responseObject?.status?.inventory ?? []).map(({ id }: Json) => id),
      ready: responseObject?.status?.readyResources as number,
    }));
    expect(told.length).toBeLessThanOrEqual(2);
    expect(told.at(-1)).toEqual({ onRecord: ['one', 'two'], ready: 2 });
  });

  test('an edit by hand that is put right at once is told in one write at most', async () => {
    const from = world.audit.now();
    await world.cluster.merge(childPath('ConfigMap', world.namespace, `${plain}-one`), { data: { replicas: 'mine' } });
    await settingsShow('one', { replicas: '4' });
    await atRest();
    expect(statusWrites(from, plain).length).toBeLessThanOrEqual(1);
  });

  test('no write tells what the one before it told, nor a new time of comparison alone, whatever happens', async () => {
    expect(await world.lynq(['scale', uid, 'api-tier', '--set', 'apiReplicas=3'])).toMatchObject({ code: 0 });
    await world.cluster.remove(childPath('Service', `node-${uid}`, `${uid}-api`));
    await world.ready(names);
    await world.worker.kill();
    await world.worker.start();
    await atRest();
    await world.database.sql(`DELETE FROM nodes WHERE node_id = '${uid}'`);
    await world.gone(names);

    for (const name of names) {
      const told = statusWrites(begun, name).map(({ responseObject }) => {
        const { lastFullReconcileAt: _time, ...status } = (responseObject?.status ?? {}) as Json;
        return JSON.stringify(status);
      });
      expect(told.length).toBeGreaterThan(1);
      const repeated = told.filter((text, index) => text === told[index - 1]);
      expect(repeated, name).toEqual([]);
    }
  });
});
