import { describe, expect, it } from 'vitest';
import { type JsonObject, listAt, textAt } from '../../../../domain/api/json.ts';
import { LynqFailure } from '../../../../domain/failures.ts';
import { followUpFacts, nextFollowUp } from '../../../../domain/follow-up.ts';
import type { EventNote } from '../../../../domain/ports.ts';
import { apiVersion, formOf, hubOf, type HubWorld, namespace, openHubWorld } from '../../../support/hub-world.ts';
import { peerCrds } from '../../../support/peer-crds.ts';

const hub = { apiVersion, kind: 'LynqHub', namespace, name: 'one' };
const denied = (name: string): string => `LynqNode tenants/${name}: denied by ValidatingAdmissionPolicy stay`;

/** A hub of three rows that is being deleted; notes of its Events are kept. */
async function withDeletedHub() {
  const world = await openHubWorld([hubOf('one'), formOf('web', 'one')]);
  world.setRows([{ id: 'a' }, { id: 'b' }, { id: 'c' }]);
  await world.sync();
  const told: EventNote[] = [];
  return {
    world,
    told,
    sync: () => world.sync('one', { events: { record: (note) => void told.push(note) } }),
    deleteHub: async () => {
      const object = world.cluster.objects('LynqHub')[0];
      await world.cluster.delete(hub, textAt(object, 'metadata', 'uid') ?? '');
    },
  };
}

function refuse(world: HubWorld, verb: 'delete' | 'patch', name: string): () => void {
  return world.cluster.intercept((call) =>
    call.verb === verb && call.ref?.name === name
      ? { answer: { kind: 'refused', reason: 'AdmissionDenied', message: denied(name) } }
      : undefined,
  );
}

const going = (world: HubWorld): readonly string[] =>
  world.nodes().filter((name) => textAt(world.node(name), 'metadata', 'deletionTimestamp') !== undefined);
const waiting = (world: HubWorld): JsonObject | undefined =>
  listAt(world.status(), 'conditions').find((one) => textAt(one, 'type') === 'RowsWaiting') as JsonObject | undefined;
const followsUp = (world: HubWorld): boolean =>
  nextFollowUp(followUpFacts(world.cluster.objects('LynqHub')[0] ?? {}, 0), new Date()) !== undefined;

describe('activities/hub/remove-hub', () => {
  it('a node that cannot be deleted holds up no other, and the hub says which', async () => {
    const { world, told, sync, deleteHub } = await withDeletedHub();
    refuse(world, 'delete', 'a-web');
    await deleteHub();

    const outcome = await sync();

    expect(outcome).toMatchObject({ kind: 'removing', remaining: 3 });
    expect(outcome).toMatchObject({ page: { births: [{ node: 'a-web' }, { node: 'b-web' }, { node: 'c-web' }] } });
    expect(going(world)).toEqual(['b-web', 'c-web']);
    const message = `1 LynqNodes cannot be deleted: LynqNode tenants/a-web cannot be deleted: ${denied('a-web')}`;
    expect(waiting(world)).toMatchObject({ status: 'True', reason: 'LeftToNextSync', message });
    expect(told.map(({ reason, message: text }) => [reason, text])).toEqual([
      ['CleanupFailed', `Failed to cleanup retain resources: ${message}`],
    ]);
  });

  it('it is tried again by further syncs, without an interval too, until it goes', async () => {
    const { world, sync, deleteHub } = await withDeletedHub();
    const lift = refuse(world, 'delete', 'a-web');
    await deleteHub();
    await sync();
    expect(followsUp(world)).toBe(true);

    lift();
    await sync();

    expect(going(world)).toEqual(['a-web', 'b-web', 'c-web']);
    expect(waiting(world)).toBeUndefined();
    expect(followsUp(world)).toBe(false);
  });

  it('what is not of the node itself ends the sync, and is told', async () => {
    const { world, told, sync, deleteHub } = await withDeletedHub();
    world.cluster.intercept(({ verb, ref }) =>
      verb === 'delete' && ref?.name === 'a-web'
        ? { failure: new LynqFailure('ClusterUnreachable', 'no answer') }
        : undefined,
    );
    await deleteHub();

    await expect(sync()).rejects.toMatchObject({ type: 'ClusterUnreachable' });
    expect(told.map(({ reason }) => reason)).toEqual(['CleanupFailed']);
  });

  describe('with nodes that are released', () => {
    async function withReleasedNodes() {
      const deleted = await withDeletedHub();
      const mark = async (released: string | null) => {
        const metadata = { annotations: { 'lynq.sh/released': released } };
        await deleted.world.cluster.patch(hub, 'merge', { metadata }, { manager: 'lynq' });
      };
      await mark('2026-11-28T00:00:00Z');
      await deleted.world.sync();
      await mark(null);
      return deleted;
    }
    const released = (world: HubWorld): readonly string[] =>
      world
        .nodes()
        .filter((name) => textAt(world.node(name), 'metadata', 'annotations', 'lynq.sh/released') !== undefined);

    it('goes where the definitions are those of the Go operator, which may be there for good', async () => {
      const { world, sync, deleteHub } = await withReleasedNodes();
      expect(released(world)).toHaveLength(3);
      for (const crd of peerCrds()) world.cluster.seed(crd);
      await deleteHub();

      expect(await sync()).toMatchObject({ kind: 'removing' });

      expect(released(world)).toEqual([]);
      expect(going(world)).toHaveLength(3);
    });

    it('one that cannot be taken up again keeps no other from going, and is named', async () => {
      const { world, sync, deleteHub } = await withReleasedNodes();
      refuse(world, 'patch', 'a-web');
      await deleteHub();

      await sync();

      expect(released(world)).toEqual(['a-web']);
      expect(going(world)).toHaveLength(3);
      expect(textAt(waiting(world), 'message')).toBe(
        `1 LynqNodes cannot be taken up again: LynqNode tenants/a-web cannot be taken up again: ${denied('a-web')}`,
      );
    });
  });
});
