import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type AuditEntry, describeRequest, inNamespaces } from '../support/e2e/audit.ts';
import { childPath, type Json, lynqPath } from '../support/e2e/cluster.ts';
import { type DeafWatches, openDeafWatches } from '../support/e2e/deaf-watches.ts';
import { eventually, notYet, there, window } from '../support/e2e/eventually.ts';
import { configMapForm, hubObject } from '../support/e2e/manifests.ts';
import { nodesOf, openWorld, seedForms, type World } from '../support/e2e/world.ts';

const comparisonSeconds = 5;

describe('e2e/full-comparison', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lynqflow-deaf-'));
  const uid = 'restful';
  const space = `node-${uid}`;
  const nodes = nodesOf(uid);
  let watches: DeafWatches;
  let world: World;

  beforeAll(async () => {
    const stack = inject('stack');
    watches = await openDeafWatches(stack.kubeconfig, folder);
    world = await openWorld(stack, {
      name: 'comparison',
      settings: { KUBECONFIG: watches.kubeconfig, LYNQ_RELIST_SECONDS: String(comparisonSeconds) },
    });
    await world.database.sql(`INSERT INTO nodes (node_id) VALUES ('${uid}')`);
    await world.applyAll(world.hubText('10s'), ...seedForms.map((form) => world.formText(form)));
    await world.ready(nodes);
  });
  afterAll(async () => {
    await world?.close();
    await watches?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const writesSince = (place: number): readonly AuditEntry[] =>
    inNamespaces(world.audit.ofWorker(place), [world.namespace, space]);
  const eventCounts = async (): Promise<readonly string[]> => {
    const events = (await world.cluster.list(`/api/v1/namespaces/${world.namespace}/events`)) as readonly Json[];
    return events.map(({ reason, count, message }) => `${reason} ${count} ${message}`).toSorted();
  };
  const wakes = async (): Promise<readonly number[]> =>
    Promise.all(
      nodes.map(async (name) => {
        const history = await world.engine.client.workflow.getHandle(`node/${world.namespace}/${name}`).fetchHistory();
        return (history.events ?? []).length;
      }),
    );

  /** Waits until no LynqNode has been written for so long. */
  const quiet = (milliseconds: number): Promise<unknown> => {
    const from = world.audit.now();
    const began = Date.now();
    return eventually(`no LynqNode is written for ${milliseconds} ms`, () => {
      const writes = writesSince(from).filter(({ objectRef }) => objectRef?.resource === 'lynqnodes');
      const last = Date.parse(writes.at(-1)?.stageTimestamp ?? '') || began;
      return Date.now() - Math.max(last, began) >= milliseconds ? there(true) : notYet(writes.map(describeRequest));
    });
  };

  test('at rest nothing is written but the status of the hub, nor told, nor woken, over many comparisons', async () => {
    await window(15_000);
    const place = world.audit.now();
    const [told, woken] = [await eventCounts(), await wakes()];
    await window(90_000);
    const writes = writesSince(place).filter(({ objectRef }) => objectRef?.resource !== 'lynqhubs');
    expect(writes.map(describeRequest)).toEqual([]);
    expect(await eventCounts()).toEqual(told);
    expect(await wakes()).toEqual(woken);
  }, 240_000);

  test('an edit and a deletion that no watch ever told of are found and repaired', async () => {
    watches.deafen('all');
    const api = childPath('Deployment', space, `${uid}-api`);
    const service = childPath('Service', space, `${uid}-api`);
    const { spec } = await world.cluster.get(api);
    const before = await world.cluster.get(service);
    const place = world.audit.now();
    await world.cluster.merge(api, { spec: { replicas: (spec.replicas as number) + 5 } });
    await world.cluster.remove(service);
    await eventually('both are repaired', async () => {
      const [deployment, made] = [await world.cluster.get(api), await world.cluster.find(service)];
      const repaired = deployment.spec.replicas === spec.replicas && made !== undefined;
      return repaired
        ? there(true)
        : notYet([deployment.spec.replicas, made?.metadata.uid ?? 'absent', watches.held()]);
    });
    expect((await world.cluster.get(service)).metadata.uid).not.toBe(before.metadata.uid);
    expect(watches.held()).toBeGreaterThan(0);
    const touched = writesSince(place)
      .map(({ objectRef }) => `${objectRef?.resource}/${objectRef?.name ?? ''}`)
      // Hub and form count how many nodes are Ready, which one is not for a moment.
      .filter((name) => !name.includes(`/${uid}-api`) && !/^lynq(hubs|forms)\//.test(name));
    expect(touched).toEqual([]);
  });

  test('a LynqNode that was changed while nobody heard of it is found too', async () => {
    const name = `${uid}-web-tier`;
    const before = (await world.node(name))?.status.observedInput;
    await world.cluster.merge(lynqPath(world.namespace, 'lynqnodes', name), {
      metadata: { annotations: { 'lynq.sh/force-reconcile': 'now' } },
    });
    await eventually('a pass has seen it', async () => {
      const node = await world.node(name);
      return node?.status.observedInput === before ? notYet(node?.status) : there(node);
    });
    watches.deafen([]);
  });

  test('the time of the last full comparison comes with a status that changed, never alone', async () => {
    const name = `${uid}-api-tier`;
    const compared = async (): Promise<number> => Date.parse((await world.node(name))?.status.lastFullReconcileAt);
    await world.ready(nodes);
    // What went on while nobody heard of it becomes known with the next lists, and may be worth a status then.
    await quiet(2 * comparisonSeconds * 1_000);
    const [before, place] = [await compared(), world.audit.now()];
    expect(before).toBeGreaterThan(0);
    await window(3 * comparisonSeconds * 1_000);
    const writes = writesSince(place).filter(({ objectRef }) => objectRef?.resource === 'lynqnodes');
    expect(writes.map(describeRequest)).toEqual([]);
    expect(await compared()).toBe(before);
    expect(await world.lynq(['scale', uid, 'api-tier', '--set', 'apiReplicas=3'])).toMatchObject({ code: 0 });
    await eventually('a later time', async () => {
      const after = await compared();
      return after > before ? there(after) : notYet((await world.node(name))?.status);
    });
  });

  test('a conflict that someone else ends is noticed, though nothing of it is watched', async () => {
    const { namespace, database, cluster } = world;
    await database.sql(
      "CREATE TABLE others (id VARCHAR(63), active BOOLEAN DEFAULT TRUE); INSERT INTO others (id) VALUES ('zoe')",
    );
    const blocker = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'zoe-blocked-map' }, data: { mine: 'x' } };
    await cluster.create(childPath('ConfigMap', namespace), blocker);
    const place = { name: 'blocked', namespace, hub: 'others' };
    await cluster.create(
      lynqPath(namespace, 'lynqhubs'),
      hubObject({ name: 'others', namespace, database, table: 'others', extra: {}, syncInterval: '1h' }),
    );
    await cluster.create(lynqPath(namespace, 'lynqforms'), configMapForm(place, [{ id: 'map', data: { ours: 'x' } }]));
    await eventually('the conflict shows', async () => {
      const node = await world.node('zoe-blocked');
      return node?.status?.resources?.[0]?.state === 'Conflicted' ? there(node) : notYet(node?.status ?? 'absent');
    });
    await cluster.remove(childPath('ConfigMap', namespace, 'zoe-blocked-map'));
    await world.ready(['zoe-blocked']);
  });
});
