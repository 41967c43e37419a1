import { describe, expect, it } from 'vitest';
import { type JsonObject, textAt } from '../../../../domain/api/json.ts';
import type { PlanWorld } from '../../../support/plan-world.ts';
import { form, lynq, open } from '../planned-form.ts';

const ref = { apiVersion: 'operator.lynq.sh/v1', kind: 'LynqHub', namespace: 'lynq-system', name: 'shop' };
const files = { 'web.yaml': form };

/** The hub with this on top, and a form that has a node of each row but one. */
async function standing({
  metadata = {},
  ...more
}: {
  readonly metadata?: JsonObject;
  readonly [key: string]: JsonObject | undefined;
}) {
  const world = open();
  await lynq(world, 'apply -f web.yaml', files);
  const stored = (await world.cluster.get(ref)) ?? {};
  const seeded = world.cluster.seed({
    ...stored,
    ...more,
    metadata: { ...(stored['metadata'] as JsonObject), ...metadata },
  });
  seedNode(world, 'acme', textAt(seeded, 'metadata', 'uid') ?? '');
  seedNode(world, 'gone', textAt(seeded, 'metadata', 'uid') ?? '');
  seedNode(world, 'adrift', 'another-hub');
  return world;
}

function seedNode({ cluster }: PlanWorld, uid: string, owner: string): void {
  const { apiVersion } = ref;
  const ownerReferences = [{ apiVersion, kind: 'LynqHub', name: 'shop', uid: owner, controller: true }];
  const labels = { 'lynq.sh/hub': 'shop', 'lynq.sh/uid': uid };
  const metadata = {
    name: `${uid}-web`,
    namespace: 'lynq-system',
    labels,
    ownerReferences,
    annotations: { 'lynq.sh/hub-id': 'shop' },
  };
  cluster.seed({ apiVersion, kind: 'LynqNode', metadata, spec: { uid, templateRef: 'web', formRevision: 'web-1' } });
}

const other = {
  type: 'OtherOperator',
  status: 'True',
  reason: 'OperatorAlive',
  message: 'lease f2130106.lynq.sh is live',
  lastTransitionTime: '2026-11-22T11:00:00Z',
};

describe('client/plan/print-hub', () => {
  it.each<[string, Parameters<typeof standing>[0], string]>([
    [
      'released',
      { metadata: { annotations: { 'lynq.sh/released': '2026-11-22T11:00:00Z' } } },
      'released to another operator: nothing is done until it is adopted',
    ],
    [
      'held',
      { status: { conditions: [other] } },
      'held by another operator: nothing is done until that is gone: lease f2130106.lynq.sh is live',
    ],
  ])('says of a hub that is %s that nothing comes of the plan', async (_what, over, words) => {
    const world = await standing(over);

    const synced = await lynq(world, 'plan shop', {});
    const planned = await lynq(world, 'plan -f web.yaml', files);
    const asJson = await lynq(world, 'plan shop --nodes-only -o json', {});

    expect(synced.out).toContain(`LynqHub lynq-system/shop: 2 rows, 2 active (${words})\n`);
    expect(planned.out).toContain(`! LynqHub lynq-system/shop is ${words}\n`);
    expect(asJson.out).toContain('"standstill": {');
  });

  it('plans of a hub that is being deleted that its own nodes go, and nothing else, without a look at the table', async () => {
    const world = await standing({ metadata: { deletionTimestamp: '2026-11-22T11:00:00Z', finalizers: ['x'] } });
    const unreadable = { ...world.ports.rows, read: () => Promise.reject(new Error('the table was read')) };
    Object.assign(world.ports.rows, unreadable);

    const synced = await lynq(world, 'plan shop', {});
    const planned = await lynq(world, 'plan -f web.yaml', files);

    expect(synced.err).not.toContain('Error');
    expect(synced.out).toBe(
      'LynqHub lynq-system/shop (being deleted: its table is not read any more)\n' +
        '- 2 LynqNodes of 2 rows to go, hub is being deleted: acme, gone\n' +
        '! LynqNodes that stay as they are, since the hub does not own them any more: 1\n',
    );
    expect(synced.exitCode).toBe(1);
    expect(planned.out).toContain('! LynqHub lynq-system/shop is being deleted: its table is not read any more\n');
    expect(planned.out).toContain('3 nodes left alone: each is of a hub that is being deleted');
    expect(planned.out).not.toContain('created');
    expect(planned.exitCode).toBe(0);
  });

  it('lists no removal of a hub that is deleted with --cascade=orphan', async () => {
    const world = await standing({ metadata: { deletionTimestamp: '2026-11-22T11:00:00Z', finalizers: ['orphan'] } });

    const { out, exitCode } = await lynq(world, 'plan shop', {});

    expect(out).not.toContain('to go');
    expect(out).toContain('does not own them any more: 3\nnothing would change\n');
    expect(exitCode).toBe(0);
  });
});
