import { describe, expect, it } from 'vitest';
import { listAt, textAt } from '../../../../domain/api/json.ts';
import { LynqFailure } from '../../../../domain/failures.ts';
import { followUpFacts, nextFollowUp } from '../../../../domain/follow-up.ts';
import { formOf, hubOf, type HubWorld, openHubWorld } from '../../../support/hub-world.ts';

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
});
