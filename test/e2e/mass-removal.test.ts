import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { identityOf } from '../support/e2e/audit.ts';
import { childPath } from '../support/e2e/cluster.ts';
import { eventually, notYet, there } from '../support/e2e/eventually.ts';
import { configMap, entryOf, mapOf, openSmallWorld, type SmallWorld } from '../support/e2e/forms.ts';

/** Rows are made, deleted in the table, and their deletion approved; each test has its own. */
describe('e2e/mass-removal', () => {
  const forms = ['data', 'app'] as const;
  let world: SmallWorld;

  const rowsOf = (prefix: string, count = 30): readonly string[] =>
    Array.from({ length: count }, (_, at) => `${prefix}-${String(at).padStart(2, '0')}`);
  const nodesOf = (rows: readonly string[]): readonly string[] =>
    rows.flatMap((row) => forms.map((form) => `${row}-${form}`));
  const list = (rows: readonly string[]): string => rows.map((row) => `('${row}')`).join(', ');
  const insert = (rows: readonly string[]) => world.database.sql(`INSERT INTO things (id) VALUES ${list(rows)}`);
  const runsOf = (node: string) => world.engine.runs(`WorkflowId = "node/${world.namespace}/${node}"`);
  const removals = () => world.engine.runs(`WorkflowId = "removals/${world.namespace}/${world.hubName}"`);

  async function make(prefix: string): Promise<readonly string[]> {
    const rows = rowsOf(prefix);
    await insert(rows);
    await world.ready(nodesOf(rows), { withinMs: 180_000 });
    return rows;
  }
  /** The guard holds the deletion of so many; what is approved is this very set. */
  async function drop(rows: readonly string[]): Promise<void> {
    await world.database.sql(`DELETE FROM things WHERE id IN (${rows.map((row) => `'${row}'`).join(', ')})`);
    const hash = await eventually('the deletion is held', async () => {
      const { stdout } = await world.lynq(['status', world.hubName]);
      const [, found] = /--plan (\w+)/.exec(stdout) ?? [];
      return found === undefined || !stdout.includes(String(rows.length)) ? notYet(stdout) : there(found);
    });
    const approved = await world.lynq(['approve-deletions', world.hubName, '--plan', hash, '--yes']);
    expect(approved).toMatchObject({ code: 0 });
  }
  const closed = (what: string, look: () => Promise<readonly { readonly status: string }[]>) =>
    eventually(
      `${what} have ended`,
      async () => {
        const found = await look();
        const open = found.filter(({ status }) => status === 'RUNNING');
        return found.length > 0 && open.length === 0 ? there(found) : notYet(open);
      },
      { withinMs: 60_000 },
    );
  const steps = async (node: string): Promise<readonly string[]> => {
    const { events } = await world.engine.client.workflow.getHandle(`node/${world.namespace}/${node}`).fetchHistory();
    return (events ?? []).flatMap((event) => event.activityTaskScheduledEventAttributes?.activityType?.name ?? []);
  };

  beforeAll(async () => {
    world = await openSmallWorld(inject('stack'), 'mass-removal');
    await world.putForm('data', { configMaps: [configMap('kept', { deletionPolicy: 'Retain' }), configMap('data')] });
    await world.putForm('app', { configMaps: [configMap('app')], dependsOn: [{ form: 'data' }] });
  });
  afterAll(() => world?.close());

  test('rows that are deleted together go in order by one run; what is held is left to its own run and says why', async () => {
    const rows = await make('go');
    const [held = ''] = rows;
    const path = childPath('ConfigMap', world.namespace, `${held}-app`);
    await world.cluster.merge(path, { metadata: { finalizers: ['example.com/hold'] } });
    const place = world.audit.now();
    await drop(rows);

    await world.gone(nodesOf(rows.slice(1)), { withinMs: 120_000 });
    const node = await world.nodeShows(`${held}-app`, 'it says why', (found) =>
      entryOf(found, 'app') === 'Deleting/Terminating' ? found : undefined,
    );
    expect(node.metadata.deletionTimestamp).toBeDefined();
    expect(await mapOf(world, `${held}-data`)).toBeDefined();

    const deletes = world.audit
      .ofWorker(place)
      .filter(({ verb, objectRef }) => verb === 'delete' && objectRef?.resource === 'configmaps')
      .map(identityOf);
    expect(new Set(deletes).size).toBe(deletes.length);
    for (const row of rows.slice(1)) {
      const at = (name: string) => deletes.findIndex((identity) => identity.endsWith(`/${row}-${name}`));
      expect(at('app'), row).toBeGreaterThanOrEqual(0);
      expect(at('app'), row).toBeLessThan(at('data'));
      expect(at('kept'), row).toBe(-1);
      const kept = await world.cluster.get(childPath('ConfigMap', world.namespace, `${row}-kept`));
      expect(kept.metadata.labels, row).toMatchObject({ 'lynq.sh/orphaned': 'true' });
    }

    await closed('the removals', removals);
    expect((await removals()).map(({ status }) => status)).toEqual(['COMPLETED']);
    const others = nodesOf(rows.slice(1));
    await closed('the runs', async () => (await Promise.all(others.map(runsOf))).flat());
    const runs = (await Promise.all(others.map(runsOf))).flat();
    expect(runs).toHaveLength(others.length);
    expect(new Set(runs.map(({ status }) => status))).toEqual(new Set(['COMPLETED']));
    const untold = (await Promise.all(others.map(steps))).filter((names) => !names.includes('removeNode'));
    expect(untold.length).toBeGreaterThan(others.length / 2);
    const [last = ''] = others.slice(-1);
    expect((await world.lynq(['history', last])).stdout).toContain('removed');

    // Its own run is at it.
    expect((await runsOf(`${held}-app`)).map(({ status }) => status)).toEqual(['RUNNING']);
    await eventually('its own run removes it', async () => {
      const taken = await steps(`${held}-app`);
      return taken.includes('removeNode') || taken.length > 1 ? there(taken) : notYet(taken);
    });
    await world.cluster.merge(path, { metadata: { finalizers: null } });
    await world.gone(nodesOf([held]));
    await closed('its runs', async () => (await Promise.all(nodesOf([held]).map(runsOf))).flat());
  }, 400_000);

  test('a worker killed with -9 in the middle of it finishes it, and every run ends', async () => {
    const rows = await make('kill');
    const place = world.audit.now();
    await drop(rows);
    const deletes = () =>
      world.audit
        .ofWorker(place)
        .filter(({ verb, objectRef }) => verb === 'delete' && objectRef?.resource === 'configmaps');
    await eventually(
      'many are on their way',
      async () => (deletes().length >= 20 && (await removals()).length > 1 ? there(true) : notYet(deletes().length)),
      { everyMs: 10, withinMs: 60_000 },
    ).catch(() => undefined);
    const atKill = deletes().length;
    await world.worker.kill();
    expect(atKill).toBeLessThan(2 * rows.length);
    await world.worker.start();

    await world.gone(nodesOf(rows), { withinMs: 240_000 });
    for (const row of rows) {
      expect(await mapOf(world, `${row}-data`), row).toBeUndefined();
      expect(await mapOf(world, `${row}-app`), row).toBeUndefined();
      expect((await mapOf(world, `${row}-kept`))?.metadata.labels, row).toMatchObject({ 'lynq.sh/orphaned': 'true' });
    }
    await closed('the removals', removals);
    await closed('the runs', async () => (await Promise.all(nodesOf(rows).map(runsOf))).flat());
  }, 500_000);

  test('rows that come back while their runs are still open are served, by one run each', async () => {
    const rows = await make('back');
    await drop(rows);
    await world.gone(nodesOf(rows), { withinMs: 120_000 });
    await insert(rows);
    const served = Date.now();
    await world.ready(nodesOf(rows), { withinMs: 120_000 });
    expect(Date.now() - served).toBeLessThan(120_000);
    const kept = await mapOf(world, `${rows[0] ?? ''}-kept`);
    expect(kept?.metadata.labels?.['lynq.sh/orphaned']).toBeUndefined();

    await closed('the removals', removals);
    for (const node of nodesOf(rows)) {
      const open = await eventually(`${node} has one run`, async () => {
        const found = (await runsOf(node)).filter(({ status }) => status === 'RUNNING');
        return found.length === 1 ? there(found) : notYet(await runsOf(node));
      });
      expect(open).toHaveLength(1);
    }
    const [row = ''] = rows;
    const before = await mapOf(world, `${row}-data`);
    await world.cluster.remove(childPath('ConfigMap', world.namespace, `${row}-data`));
    await eventually('what is deleted by hand is made again', async () => {
      const found = await mapOf(world, `${row}-data`);
      return found === undefined || found.metadata.uid === before?.metadata.uid
        ? notYet(found?.metadata)
        : there(found);
    });
  }, 400_000);
});
