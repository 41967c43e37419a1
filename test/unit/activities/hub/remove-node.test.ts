import { describe, expect, it } from 'vitest';
import { listAt, textAt } from '../../../../domain/api/json.ts';
import { LynqFailure } from '../../../../domain/failures.ts';
import { followUpFacts, nextFollowUp } from '../../../../domain/follow-up.ts';
import { apiVersion, formOf, hubOf, type HubWorld, namespace, openHubWorld } from '../../../support/hub-world.ts';

const denied = 'LynqNode tenants/a-web: denied by ValidatingAdmissionPolicy stay';

/** Rows a and b have gone, and one has come; the node of a cannot be deleted. */
async function withRefusal() {
  const world = await openHubWorld([hubOf('one'), formOf('web', 'one')]);
  world.setRows([{ id: 'a' }, { id: 'b' }, { id: 'keep' }]);
  await world.sync();
  const lift = world.cluster.intercept(({ verb, ref }) =>
    verb === 'delete' && ref.name === 'a-web'
      ? { answer: { kind: 'refused', reason: 'AdmissionDenied', message: denied } }
      : undefined,
  );
  world.setRows([{ id: 'keep' }, { id: 'new' }]);
  return { world, lift };
}

const isGoing = (world: HubWorld, name: string): boolean =>
  textAt(world.node(name), 'metadata', 'deletionTimestamp') !== undefined;

const followsUp = (world: HubWorld): boolean =>
  nextFollowUp(followUpFacts({ status: world.status() ?? {} }, 0), new Date()) !== undefined;

describe('activities/hub/remove-node', () => {
  it('a node that the API server does not let go is named, and holds up nothing else', async () => {
    const { world } = await withRefusal();

    const outcome = await world.sync();

    expect(outcome).toMatchObject({ kind: 'synced', counts: { created: 1, removed: 1 } });
    const waiting = ['a-web', 'b-web', 'keep-web', 'new-web'].map((node) => ({ node }));
    expect(outcome).toMatchObject({ page: { births: waiting } });
    expect([isGoing(world, 'a-web'), isGoing(world, 'b-web')]).toEqual([false, true]);
    const message = `LynqNode tenants/a-web cannot be deleted: ${denied}`;
    expect(world.frozen()).toEqual([{ uid: 'a', reason: 'NodeRefused', message }]);
    expect(world.status()).toMatchObject({ rows: { seen: 2, active: 2, waiting: 2, failed: 0, frozen: 0, held: 0 } });
    expect(listAt(world.status(), 'warnings')).toEqual([`1 LynqNodes cannot be deleted: ${message}`]);
  });

  it('it is tried again by further syncs, without an interval too, until it goes', async () => {
    const { world, lift } = await withRefusal();
    await world.sync();

    expect(await world.sync()).toMatchObject({ kind: 'synced', counts: { created: 0, removed: 0 } });
    expect(followsUp(world)).toBe(true);

    lift();
    expect(await world.sync()).toMatchObject({ counts: { removed: 1 } });
    expect(isGoing(world, 'a-web')).toBe(true);
    expect(world.frozen()).toEqual([]);
    expect(followsUp(world)).toBe(false);
  });

  it.each(['ClusterUnreachable', 'ClusterStale', 'ClusterForbidden'] as const)(
    'what is not of the node itself ends the sync: %s',
    async (type) => {
      const { world, lift } = await withRefusal();
      lift();
      world.cluster.intercept(({ verb, ref }) =>
        verb === 'delete' && ref.name === 'a-web' ? { failure: new LynqFailure(type, 'no answer') } : undefined,
      );

      await expect(world.sync()).rejects.toMatchObject({ type });
    },
  );

  describe('when the API server lets none go, as with a webhook that is down', () => {
    const rows = Array.from({ length: 200 }, (_, at) => ({ id: `r${String(at).padStart(3, '0')}` }));
    const most = 50;
    /** Those that run beside the last one that is refused. */
    const beside = 15;

    async function withWebhook(isRefused: (name: string) => boolean) {
      const world = await openHubWorld([hubOf('one', { deletionGuard: { enabled: false } }), formOf('web', 'one')]);
      world.setRows(rows);
      await world.sync();
      const told: string[] = [];
      world.cluster.intercept(({ verb, ref }) =>
        verb === 'delete' && ref.kind === 'LynqNode' && isRefused(ref.name ?? '')
          ? { answer: { kind: 'refused', reason: 'AdmissionDenied', message: `LynqNode ${ref.name}: no answer` } }
          : undefined,
      );
      const deletes = () => world.cluster.calls.filter(({ verb, ref }) => verb === 'delete' && ref.kind === 'LynqNode');
      const sync = () => world.sync('one', { events: { record: ({ reason }) => void told.push(reason) } });
      return { world, told, deletes, sync };
    }

    it('a sync asks for some only, tells of no others, and says how many are left', async () => {
      const { world, told, deletes, sync } = await withWebhook(() => true);
      world.setRows([{ id: 'keep' }]);

      expect(await sync()).toMatchObject({ kind: 'synced', counts: { created: 1, removed: 0 } });

      const asked = deletes().length;
      expect(asked).toBeGreaterThanOrEqual(most);
      expect(asked).toBeLessThanOrEqual(most + beside);
      for (const reason of ['NodeDeleting', 'NodeDeletionFailed'])
        expect(told.filter((one) => one === reason)).toHaveLength(asked);
      const [text] = listAt(world.status(), 'warnings');
      expect(text).toMatch(`${asked} LynqNodes cannot be deleted, and ${200 - asked} more wait for the next sync: `);
      expect(followsUp(world)).toBe(true);
    });

    it('a deleted hub asks for some only', async () => {
      const { world, told, deletes, sync } = await withWebhook(() => true);
      const hub = world.cluster.objects('LynqHub')[0];
      const ref = { apiVersion, kind: 'LynqHub', namespace, name: 'one' };
      await world.cluster.delete(ref, textAt(hub, 'metadata', 'uid') ?? '');

      expect(await sync()).toMatchObject({ kind: 'removing', remaining: 200 });

      expect(deletes().length).toBeLessThanOrEqual(most + beside);
      expect(told).toEqual(['CleanupFailed']);
    });

    it('those that never go do not keep the others from their turn', async () => {
      const { world, sync } = await withWebhook((name) => name < 'r150');
      world.setRows([{ id: 'keep' }]);
      const left = () => world.nodes().filter((name) => name >= 'r150' && name !== 'keep-web' && !isGoing(world, name));

      for (let syncs = 0; left().length > 0 && syncs < 60; syncs += 1) await sync();

      expect(left()).toEqual([]);
    });
  });
});
