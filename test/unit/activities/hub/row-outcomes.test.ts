import { describe, expect, it } from 'vitest';
import { type JsonObject, listAt, textAt } from '../../../../domain/api/json.ts';
import { followUpFacts, nextFollowUp } from '../../../../domain/follow-up.ts';
import type { RowSource } from '../../../../domain/ports.ts';
import {
  apiVersion,
  formOf,
  hubOf,
  type HubWorld,
  namespace,
  openHubWorld,
  withToken,
} from '../../../support/hub-world.ts';

const sealOf = (node: JsonObject | undefined): string | undefined =>
  textAt(node, 'metadata', 'annotations', 'lynq.sh/secret-values');
const secretRef = (node: string) => ({ apiVersion: 'v1', kind: 'Secret', namespace, name: `${node}-values` });
const nodeRef = (name: string) => ({ apiVersion, kind: 'LynqNode', namespace, name });
const manager = 'kubectl';

async function withSecrets() {
  const world = await openHubWorld([hubOf('one', withToken), formOf('web', 'one')]);
  world.setRows([{ id: 'bad' }, { id: 'good' }]);
  return world;
}

/** Sealed or not, by name of the node. */
const sealed = (world: HubWorld): readonly string[] =>
  world.nodes().map((name) => `${name} ${sealOf(world.node(name)) === undefined ? 'open' : 'sealed'}`);

/** Whether another sync is asked for where no interval brings one. */
const followsUp = (world: HubWorld, hub = 'one'): boolean =>
  nextFollowUp(followUpFacts({ status: world.status(hub) ?? {} }, 0), new Date()) !== undefined;

/** A source in which something happens between the last row and the plan. */
const thenAfterRows = (rows: RowSource, happens: () => Promise<void>): RowSource => ({
  ...rows,
  read: async (request, onRow) => {
    const proof = await rows.read(request, onRow);
    await happens();
    return proof;
  },
});

describe('activities/hub/row-outcomes', () => {
  it('a row whose values Secret is refused is named, and the others go on', async () => {
    const world = await withSecrets();
    const message = 'Secret tenants/bad-web-values: exceeded quota: secrets';
    world.cluster.intercept(({ verb, ref }) =>
      verb === 'apply' && ref.name === 'bad-web-values'
        ? { answer: { kind: 'refused', reason: 'QuotaExceeded', message } }
        : undefined,
    );

    const first = await world.sync();

    expect(first).toMatchObject({ kind: 'synced', counts: { created: 2 } });
    expect(first).toMatchObject({ page: { births: [{ node: 'bad-web' }, { node: 'good-web' }] } });
    expect(sealed(world)).toEqual(['bad-web open', 'good-web sealed']);
    const refused = { uid: 'bad', reason: 'SecretRefused', message: expect.stringContaining('exceeded quota') };
    expect(world.frozen()).toEqual([refused]);
    expect(await world.sync()).toMatchObject({ kind: 'synced', counts: { created: 0, updated: 0 } });
    expect(world.status()).toMatchObject({ rows: { seen: 2, active: 2, failed: 1, waiting: 1 } });
  });

  it('a row whose secret values no Secret can hold is frozen before anything is written', async () => {
    const world = await withSecrets();
    world.setRows([
      { id: 'bad', token: 'x'.repeat(1024 * 1024 + 1) },
      { id: 'good', token: 'x'.repeat(1024 * 1024) },
    ]);

    expect(await world.sync()).toMatchObject({ kind: 'synced', counts: { created: 1, frozen: 1 } });

    expect(world.frozen()).toEqual([{ uid: 'bad', reason: 'TooLarge', message: expect.stringContaining('1 MiB') }]);
    expect(sealed(world)).toEqual(['good-web sealed']);
  });

  it("someone else's Secret under the name of a row's values is a matter of that row", async () => {
    const world = await withSecrets();
    const metadata = { name: 'bad-web-values', namespace };
    world.cluster.seed({ apiVersion: 'v1', kind: 'Secret', metadata }, manager);

    expect(await world.sync()).toMatchObject({ kind: 'synced' });

    const message = expect.stringContaining(
      "Secret tenants/bad-web-values is where values of the row are kept, but it is someone else's",
    );
    expect(world.frozen()).toEqual([{ uid: 'bad', reason: 'SecretRefused', message }]);
    expect(sealed(world)).toEqual(['bad-web open', 'good-web sealed']);
    const ready = listAt(world.status(), 'conditions').find((condition) => textAt(condition, 'type') === 'Ready');
    expect(textAt(ready, 'status')).toBe('True');
  });

  describe('the Secret of an earlier node of the row', () => {
    const earlier = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: {
        name: 'bad-web-values',
        namespace,
        ownerReferences: [{ apiVersion, kind: 'LynqNode', name: 'bad-web', uid: 'of-before' }],
      },
    };

    it('is waited for a moment, while the others go on', async () => {
      const world = await withSecrets();
      const { uid } = world.cluster.seed(earlier, manager)['metadata'] as { uid: string };
      let tries = 0;
      world.cluster.intercept(({ verb, ref }) => {
        if (verb !== 'get' || ref.name !== 'bad-web-values') return undefined;
        tries += 1;
        if (tries === 1) void world.cluster.delete(secretRef('bad-web'), uid);
        return undefined;
      });

      expect(await world.sync()).toMatchObject({ kind: 'synced', counts: { created: 2 } });

      expect(sealed(world)).toEqual(['bad-web sealed', 'good-web sealed']);
      expect(world.frozen()).toEqual([]);
    });

    it('that stays leaves its row, and no other, to the next sync', async () => {
      const world = await withSecrets();
      const { uid } = world.cluster.seed(earlier, manager)['metadata'] as { uid: string };

      expect(await world.sync()).toMatchObject({ kind: 'synced', counts: { created: 2 } });
      expect(sealed(world)).toEqual(['bad-web open', 'good-web sealed']);
      expect(world.frozen()).toEqual([]);
      expect(listAt(world.status(), 'warnings')).toEqual([
        '1 rows wait for the next sync: Secret tenants/bad-web-values is of an earlier LynqNode bad-web, and goes with it',
      ]);

      expect(followsUp(world)).toBe(true);

      await world.cluster.delete(secretRef('bad-web'), uid);
      expect(await world.sync()).toMatchObject({ kind: 'synced', counts: { updated: 1 } });
      expect(followsUp(world)).toBe(false);
      expect(sealed(world)).toEqual(['bad-web sealed', 'good-web sealed']);
    });
  });

  it('a node that goes while its row is read is made again by the next sync', async () => {
    const world = await openHubWorld([hubOf('one'), formOf('web', 'one')]);
    await world.sync();
    const gone = async (): Promise<void> => {
      const uid = textAt(world.node('acme-web'), 'metadata', 'uid') ?? '';
      await world.cluster.patch(nodeRef('acme-web'), 'merge', { metadata: { finalizers: [] } }, { manager });
      await world.cluster.delete(nodeRef('acme-web'), uid);
    };
    const rows = thenAfterRows(world.deps.rows, gone);
    expect(await world.sync('one', { rows })).toMatchObject({ kind: 'synced', counts: { created: 0 } });
    expect(world.nodes()).toEqual([]);

    expect(await world.sync()).toMatchObject({ kind: 'synced', counts: { created: 1 } });
    expect(world.nodes()).toEqual(['acme-web']);
  });

  describe('a name that a node of another hub has', () => {
    it('freezes the row, names the holder, and nothing is counted as created', async () => {
      const world = await openHubWorld([hubOf('one'), formOf('b-c', 'one'), hubOf('two'), formOf('c', 'two')]);
      world.setRows([{ id: 'a' }]);
      await world.sync('one');
      world.setRows([{ id: 'a-b' }, { id: 'other' }]);

      expect(await world.sync('two')).toMatchObject({ kind: 'synced', counts: { created: 1 } });

      const message = 'with form c its LynqNode would be named a-b-c, as that of row a of hub one is';
      expect(world.frozen('two')).toEqual([{ uid: 'a-b', reason: 'NameCollision', message }]);
      expect(world.status('two')).toMatchObject({ rows: { active: 1, frozen: 1, waiting: 1 } });
      expect(textAt(world.node('a-b-c'), 'spec', 'uid')).toBe('a');
      expect(await world.sync('two')).toMatchObject({ counts: { created: 0 } });
    });

    it('is free for the row as soon as that node has gone', async () => {
      const world = await openHubWorld([hubOf('one'), formOf('b-c', 'one'), hubOf('two'), formOf('c', 'two')]);
      world.setRows([{ id: 'a' }]);
      await world.sync('one');
      world.setRows([{ id: 'a-b' }]);
      await world.sync('two');
      const uid = textAt(world.node('a-b-c'), 'metadata', 'uid') ?? '';
      await world.cluster.patch(nodeRef('a-b-c'), 'merge', { metadata: { finalizers: [] } }, { manager });
      await world.cluster.delete(nodeRef('a-b-c'), uid);

      await world.sync('two');

      expect(world.frozen('two')).toEqual([]);
      expect(textAt(world.node('a-b-c'), 'spec', 'uid')).toBe('a-b');
    });

    it('that the same row has for a form that was moved is waited for: the rest of the row goes on, and it is said', async () => {
      const world = await openHubWorld([hubOf('old'), hubOf('new'), formOf('web', 'old'), formOf('db', 'new')]);
      await world.sync('old');
      await world.sync('new');
      const form = { apiVersion, kind: 'LynqForm', namespace, name: 'web' };
      await world.cluster.patch(form, 'merge', { spec: { hubId: 'new' } }, { manager });
      world.setRows([{ id: 'acme', plan: 'paid' }]);

      expect(await world.sync('new')).toMatchObject({ kind: 'synced', counts: { created: 0, updated: 1 } });

      expect(textAt(world.node('acme-db'), 'metadata', 'annotations', 'lynq.sh/extra')).toContain('paid');
      expect(world.frozen('new')).toEqual([]);
      expect(world.status('new')).toMatchObject({ rows: { active: 1, frozen: 0, waiting: 1 } });
      expect(listAt(world.status('new'), 'warnings')).toEqual([
        '1 LynqNodes of moved forms wait until those of the same name have gone: acme-web is of hub old',
      ]);
      expect(followsUp(world, 'new')).toBe(true);

      const uid = textAt(world.node('acme-web'), 'metadata', 'uid') ?? '';
      await world.cluster.patch(nodeRef('acme-web'), 'merge', { metadata: { finalizers: [] } }, { manager });
      await world.cluster.delete(nodeRef('acme-web'), uid);
      expect(await world.sync('new')).toMatchObject({ counts: { created: 1 } });
      expect(listAt(world.status('new'), 'warnings')).toEqual([]);
      expect(followsUp(world, 'new')).toBe(false);
    });
  });
});
