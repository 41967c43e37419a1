import { describe, expect, it } from 'vitest';
import { HeldValues } from '../../../../activities/hub/held-values.ts';
import { beginCredentials, readHub } from '../../../../activities/hub/read-hub.ts';
import { readRows, type RowsRead } from '../../../../activities/hub/read-rows.ts';
import { textAt } from '../../../../domain/api/json.ts';
import { formOf, hubOf, type HubWorld, namespace, openHubWorld, type WorldRow } from '../../../support/hub-world.ts';

const request = { namespace, hub: 'one' };
const attempt = { signal: new AbortController().signal };

async function open(rows: readonly WorldRow[]): Promise<HubWorld> {
  const world = await openHubWorld([hubOf('one'), formOf('web', 'one')]);
  world.setRows(rows);
  return world;
}

async function readAll({ deps }: HubWorld): Promise<RowsRead> {
  const hub = await readHub(deps, request);
  if (hub === undefined) throw new Error('the hub is there');
  const credentials = beginCredentials(deps, request, hub);
  return readRows(deps, request, { hub, forms: [{ name: 'web', revision: 'web-1' }], credentials, attempt });
}

const many = (count: number, plan: string): readonly WorldRow[] =>
  Array.from({ length: count }, (_, index) => ({ id: `row-${index}`, plan }));

describe('activities/hub/held-values', () => {
  it.each<readonly [string, readonly WorldRow[]]>([
    ['too large', [{ id: 'big', plan: 'x'.repeat(300 * 1024) }]],
    ['of which there are two that differ', [{ id: 'twice' }, { id: 'twice', plan: 'other' }, { id: 'twice' }]],
    ['without a usable uid', [{ id: 'Not_a_label' }]],
    ['with a uid that collides', [{ id: 'acme' }, { id: 'ACME' }]],
  ])('nothing is kept of a row that is not acted on: %s', async (_, rows) => {
    const world = await open([...rows, { id: 'good' }]);
    expect([...(await readAll(world)).values.keys()]).toEqual(['good']);
  });

  it('ordinary rows are read once', async () => {
    const world = await open(many(300, 'free'));
    expect(await world.sync()).toMatchObject({ kind: 'synced', counts: { created: 300 } });
    expect(world.reads()).toBe(1);
  });

  it('rows whose values are more than one read may hold are read again, and each gets its node in the same sync', async () => {
    const world = await open(many(100, 'x'.repeat(200 * 1024)));
    expect((await readAll(world)).values.size).toBeLessThan(90);
    const before = world.reads();

    expect(await world.sync()).toMatchObject({ kind: 'synced', counts: { created: 100 } });

    expect(world.nodes()).toHaveLength(100);
    expect(world.reads() - before).toBe(2);
    const extra = textAt(world.node('row-99-web'), 'metadata', 'annotations', 'lynq.sh/extra') ?? '';
    expect(extra.length).toBeGreaterThan(200 * 1024);
  });

  it('rows that are refused each time do not keep the others from their turn', async () => {
    const world = await open(many(100, 'x'.repeat(200 * 1024)));
    world.cluster.intercept(({ verb, ref: { kind, name = '' } }) =>
      verb === 'create' && kind === 'LynqNode' && /^row-\d?\d-/.test(name) && name !== 'row-99-web'
        ? { answer: { kind: 'refused', reason: 'Invalid', message: 'no' } }
        : undefined,
    );

    expect(await world.sync()).toMatchObject({ kind: 'synced', counts: { created: 1 } });

    expect(world.nodes()).toEqual(['row-99-web']);
    expect(world.frozen()).toHaveLength(20);
  });

  it('rows that are dropped again do not keep those behind them from their turn, and the reads end', async () => {
    const world = await open([
      ...many(100, 'x'.repeat(200 * 1024)),
      { id: 'good' },
      ...many(100, 'y'.repeat(200 * 1024)),
    ]);
    const { rows } = world.deps;
    const bounded: typeof rows = {
      ...rows,
      read: (...question) => {
        if (world.reads() >= 5) throw new Error('the reads do not end');
        return rows.read(...question);
      },
    };

    expect(await world.sync('one', { rows: bounded })).toMatchObject({ kind: 'synced', counts: { created: 1 } });

    expect(world.nodes()).toEqual(['good-web']);
    expect(world.reads()).toBe(2);
    expect(world.status()).toMatchObject({ rows: { active: 1, frozen: 200 } });
  });

  it('a row that is dropped has had its turn', () => {
    const held = new HeldValues();
    const secrets = new Map<string, string>();
    held.keep('twice', { annotations: {}, secrets });
    held.drop('twice');
    held.keep('twice', { annotations: {}, secrets });
    expect(held.values.size).toBe(0);
    expect([...held.turns]).toEqual(['twice']);
  });

  it('one row is kept however large it is', () => {
    const held = new HeldValues({ most: 10 });
    const secrets = new Map<string, string>();
    held.keep('large', { annotations: { text: 'x'.repeat(100) }, secrets });
    held.keep('small', { annotations: { text: 'x' }, secrets });
    expect([...held.values.keys()]).toEqual(['large']);
    expect(held.isFull).toBe(true);
  });

  it('a row that had its turn is not kept again', () => {
    const held = new HeldValues({ had: new Set(['before']) });
    held.keep('before', { annotations: {}, secrets: new Map() });
    expect(held.values.size).toBe(0);
    expect(held.isFull).toBe(false);
  });
});
