import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { nextSteps } from '../../domain/failures.ts';
import { childPath, conditionOf, lynqPath } from '../support/e2e/cluster.ts';
import { eventually, notYet, there } from '../support/e2e/eventually.ts';
import { openWorld, seedForms, type World } from '../support/e2e/world.ts';

/** The hub syncs once an hour: whatever happens within seconds was not waited for. */
describe('e2e/scale-and-resync', () => {
  const uid = 'hourly';
  const api = `${uid}-api-tier`;
  let world: World;

  const lastSync = async (): Promise<string> => (await world.hub()).status.lastSyncTime as string;
  /** Forms that have just been made start syncs, of which the last may come after its nodes are Ready. */
  const untilNoSync = async (milliseconds: number): Promise<unknown> => {
    let [seen, since] = ['', Date.now()];
    return eventually(`no sync for ${milliseconds} ms`, async () => {
      const last = await lastSync();
      if (last !== seen) [seen, since] = [last, Date.now()];
      return Date.now() - since >= milliseconds ? there(last) : notYet(last);
    });
  };
  const replicasAre = (expected: number): Promise<number> =>
    eventually(
      `${expected} replicas`,
      async () => {
        const { spec } = await world.cluster.get(childPath('Deployment', `node-${uid}`, `${uid}-api`));
        return spec.replicas === expected ? there(expected) : notYet(spec.replicas);
      },
      { withinMs: 20_000 },
    );

  beforeAll(async () => {
    world = await openWorld(inject('stack'), { name: 'scale' });
    await world.database.sql(`INSERT INTO nodes (node_id) VALUES ('${uid}')`);
    await world.applyAll(world.hubText('1h'), ...seedForms.map((form) => world.formText(form)));
    await world.ready(seedForms.map((form) => `${uid}-${form}`));
    await untilNoSync(6_000);
  });
  afterAll(() => world?.close());

  test('`lynq scale` acts at once, without a sync', async () => {
    const before = await lastSync();
    const ended = await world.lynq(['scale', uid, 'api-tier', '--set', 'apiReplicas=4']);
    expect(ended).toMatchObject({ code: 0 });
    await replicasAre(4);
    expect(await lastSync()).toBe(before);
    const node = await world.node(api);
    expect(JSON.stringify(node?.metadata.annotations?.['lynq.sh/overrides'])).toContain('apiReplicas');
    expect(JSON.parse(node?.metadata.annotations?.['lynq.sh/extra'] ?? '{}')).toMatchObject({ apiReplicas: '3' });
    // What a pass did is told with what follows from it, up to two seconds after the object has changed.
    await eventually('condition Overridden', async () => {
      const condition = conditionOf(await world.node(api), 'Overridden');
      return condition?.status === 'True' ? there(condition) : notYet(condition);
    });
    await world.ready([api]);
  });

  test('an override survives a resync of the node and ends with `--clear`', async () => {
    expect(await world.lynq(['resync', uid])).toMatchObject({ code: 0 });
    await world.ready([api]);
    await replicasAre(4);
    expect(await world.lynq(['scale', uid, 'api-tier', '--clear'])).toMatchObject({ code: 0 });
    await replicasAre(3);
  });

  test('`lynq resync` of the hub reads the table at once', async () => {
    await world.database.sql(`UPDATE nodes SET api_replicas = 2 WHERE node_id = '${uid}'`);
    expect(await world.lynq(['resync', 'hub/multi-tier-nodes'])).toMatchObject({ code: 0 });
    await replicasAre(2);
  });

  test('a change of the column ends the override', async () => {
    expect(await world.lynq(['scale', uid, 'api-tier', '--set', 'apiReplicas=7'])).toMatchObject({ code: 0 });
    await replicasAre(7);
    await world.database.sql(`UPDATE nodes SET api_replicas = 1 WHERE node_id = '${uid}'`);
    expect(await world.lynq(['resync', 'hub/multi-tier-nodes'])).toMatchObject({ code: 0 });
    await replicasAre(1);
    await eventually('the override is gone', async () => {
      const node = await world.node(api);
      const left = node?.metadata.annotations?.['lynq.sh/overrides'];
      return left === undefined && conditionOf(node, 'Overridden')?.status !== 'True'
        ? there(true)
        : notYet(left ?? 'condition');
    });
  });

  test('the signal `scale` in Temporal does what the command does', async () => {
    const handle = world.engine.client.workflow.getHandle(`node/${world.namespace}/${api}`);
    await handle.signal('scale', { overrides: { apiReplicas: '4' } });
    await replicasAre(4);
    expect(await world.lynq(['scale', uid, 'api-tier', '--clear'])).toMatchObject({ code: 0 });
    await replicasAre(1);
  });

  test.each([
    ['an unknown variable', 'apiReplica=4', /apiReplica\b/],
    ['an identity variable', 'uid=other', /uid/],
  ])('%s is refused by name and changes nothing', async (_, setting, named) => {
    const before = await world.node(api);
    const ended = await world.lynq(['scale', uid, 'api-tier', '--set', setting]);
    expect(ended.code).not.toBe(0);
    expect(ended.stderr).toMatch(named);
    expect(ended.stderr).toContain(nextSteps.ScaleRefused);
    const after = await world.node(api);
    expect(after?.metadata.annotations).toEqual(before?.metadata.annotations);
  });

  test('an edit of a form starts a sync at once', async () => {
    await world.apply(world.formText('api-tier', { 'node-api:v2.0.0': 'node-api:v2.0.1' }));
    await eventually('the new image', async () => {
      const { spec } = await world.cluster.get(childPath('Deployment', `node-${uid}`, `${uid}-api`));
      const image = spec.template.spec.containers[0].image as string;
      return image.endsWith('v2.0.1') ? there(image) : notYet(image);
    });
  });

  test.each(['hub', 'node'])('the annotation lynq.sh/force-reconcile on a %s acts at once', async (kind) => {
    const [path, check] =
      kind === 'hub'
        ? [lynqPath(world.namespace, 'lynqhubs', 'multi-tier-nodes'), () => syncs()]
        : [lynqPath(world.namespace, 'lynqnodes', api), () => signalsAndUpdates()];
    const before = await check();
    const value = new Date().toISOString();
    await world.cluster.merge(path, { metadata: { annotations: { 'lynq.sh/force-reconcile': value } } });
    await eventually('something happened', async () => {
      const now = await check();
      return now > before ? there(now) : notYet(now);
    });
  });

  async function syncs(): Promise<string> {
    const runs = await world.engine.syncsOf(world.namespace, 'multi-tier-nodes');
    return String(runs.length).padStart(9, '0');
  }
  async function signalsAndUpdates(): Promise<string> {
    const handle = world.engine.client.workflow.getHandle(`node/${world.namespace}/${api}`);
    const { historyLength, runId } = await handle.describe();
    return `${runId}${String(historyLength).padStart(9, '0')}`;
  }
});
