import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../domain/api/json.ts';
import { LynqFailure } from '../../../domain/failures.ts';
import { peerLease } from '../../../domain/policies/other-operator.ts';
import type { Cluster } from '../../../domain/ports.ts';
import { openHolders } from '../../../worker/uninstall-holders.ts';
import { afterNoon } from '../../support/builders/node-pass.ts';

const id = 'f6e5d4c3b2a1';

interface Written {
  readonly renewed: number;
  readonly holder?: string;
  readonly namespace?: string;
  readonly lasts?: number;
}
const lease = ({ renewed, holder = 'pod-1', namespace = 'lynq-system', lasts = 15 }: Written): JsonObject => ({
  metadata: { namespace },
  spec: { holderIdentity: holder, leaseDurationSeconds: lasts, renewTime: afterNoon(renewed).toISOString() },
});

/** What the Leases of a name are, by the seconds since the check began; time passes only while it waits. */
function holdersOf(leases: Readonly<Record<string, (second: number) => readonly JsonObject[]>>) {
  let second = 0;
  let looks = 0;
  const list: Cluster['list'] = async (_kind, { fieldSelector = '' }) => {
    looks += 1;
    return leases[fieldSelector.replace('metadata.name=', '')]?.(second) ?? [];
  };
  const pause = async (milliseconds: number) => {
    second += milliseconds / 1000;
  };
  const holders = openHolders({ list }, { clock: { now: () => afterNoon(second) }, pause });
  return { holders, waited: () => second, looks: () => looks };
}

describe('worker/uninstall-holders', () => {
  it('takes a holder as alive once its Lease is renewed, however wrong the clocks are', async () => {
    const world = holdersOf({ [`lynqflow-${id}`]: (second) => [lease({ renewed: second < 5 ? -7200 : -7195 })] });
    expect(await world.holders.installation(id)).toBe(true);
    expect(world.waited()).toBe(5);
  });

  it('takes a holder as gone whose Lease is not renewed for as long as it lasts, though its time is of now', async () => {
    const world = holdersOf({ [peerLease]: () => [lease({ renewed: 0 })] });
    expect(await world.holders.peer()).toBe(false);
    expect(world.waited()).toBe(16);
  });

  it('does not wait where there is no Lease, where it was let go, or where it is of more than a day ago', async () => {
    const world = holdersOf({
      [peerLease]: () => [lease({ renewed: -90_000 })],
      [`lynqflow-${id}`]: () => [lease({ renewed: 0, holder: '' })],
    });
    expect(await Promise.all([world.holders.peer(), world.holders.installation(id)])).toEqual([false, false]);
    expect(await world.holders.installation('000000000000')).toBe(false);
    expect(world.waited()).toBe(0);
  });

  it('is not deceived by the Lease of a dead namespace beside a living one', async () => {
    const world = holdersOf({
      [peerLease]: (second) => [lease({ renewed: -60, namespace: 'old' }), lease({ renewed: second })],
    });
    expect(await world.holders.peer()).toBe(true);
  });

  it('waits a minute at most, and takes what it has not seen renewed then as gone', async () => {
    const world = holdersOf({ [peerLease]: () => [lease({ renewed: 0, lasts: 3600 })] });
    expect(await world.holders.peer()).toBe(false);
    expect(world.waited()).toBe(60);
  });

  it('looks once for all who ask', async () => {
    const world = holdersOf({ [peerLease]: (second) => [lease({ renewed: second })] });
    expect(await Promise.all([world.holders.peer(), world.holders.peer()])).toEqual([true, true]);
    expect(world.looks()).toBe(2);
  });

  it('says so when it may not read Leases', async () => {
    const list = async () => {
      throw new LynqFailure('ClusterForbidden', 'no right');
    };
    const holders = openHolders({ list }, { clock: { now: () => afterNoon(0) }, pause: async () => undefined });
    await expect(holders.peer()).rejects.toThrow('no right');
  });
});
