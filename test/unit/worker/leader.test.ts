import { hostname } from 'node:os';
import { describe, expect, it } from 'vitest';
import type { Logger } from '../../../domain/ports.ts';
import { holderIdentity, isFree, Leader } from '../../../worker/leader.ts';
import { createFakeCluster } from '../../support/fake-cluster.ts';

const now = new Date('2026-03-01T12:00:00Z');
const silent: Logger = { info: () => undefined, warn: () => undefined, error: () => undefined };

function lease(holderIdentity: string, renewTime: string) {
  return { spec: { holderIdentity, renewTime, leaseDurationSeconds: 15 } };
}

describe('worker/leader', () => {
  it.each([
    ['there is none', undefined, true],
    ['it was let go', lease('', '2026-03-01T11:59:59.000000Z'), true],
    ['it is ours', lease('me', '2026-03-01T11:59:59.000000Z'), true],
    ['another host renewed it a moment ago', lease('elsewhere_1_ab', '2026-03-01T11:59:50.000000Z'), false],
    ['another host did not renew it in time', lease('elsewhere_1_ab', '2026-03-01T11:59:40.000000Z'), true],
    ['a dead process of this host holds it', lease(`${hostname()}_4194999_ab`, '2026-03-01T11:59:59.000000Z'), true],
    [
      'a living process of this host holds it',
      lease(`${hostname()}_${process.ppid}_ab`, '2026-03-01T11:59:59.000000Z'),
      false,
    ],
  ])('knows whether the Lease may be taken when %s', (_story, held, free) => {
    expect(isFree(held, 'me', now)).toBe(free);
  });

  it('leads on one worker at a time, and lets another lead when it stops', async () => {
    const cluster = createFakeCluster();
    cluster.seed({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'lynq-system' } });
    cluster.addKind({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' });
    const leading = new Set<string>();
    const open = (identity: string) =>
      new Leader(
        { cluster, namespace: 'lynq-system', lease: 'lynqflow-leader', identity, logger: silent },
        { onChange: (leads) => (leads ? leading.add(identity) : leading.delete(identity)) },
      );
    const [first, second, third] = [open('host-a_1_x'), open('host-b_1_x'), open('host-c_1_x')];

    await first.start();
    await second.start();
    expect([...leading]).toEqual(['host-a_1_x']);

    await first.stop();
    await third.start();
    expect([...leading]).toEqual(['host-c_1_x']);

    await second.stop();
    await third.stop();
  });

  it('names the process', () => {
    expect(holderIdentity()).toContain(`_${process.pid}_`);
  });
});
