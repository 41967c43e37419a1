import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../domain/api/json.ts';
import { createFakeCluster } from '../../../support/fake-cluster.ts';
import { fakeEngine, run } from '../run.ts';

function aCluster(more: { readonly spec?: JsonObject; readonly annotations?: JsonObject } = {}) {
  const cluster = createFakeCluster();
  const { spec = {}, annotations = {} } = more;
  const metadata = { name: 'multi-tier-nodes', namespace: 'lynq-system', annotations };
  cluster.seed({ apiVersion: 'operator.lynq.sh/v1', kind: 'LynqHub', metadata, spec });
  return cluster;
}

describe('client/commands/hub-notify', () => {
  it('starts a sync of the hub and nothing else', async () => {
    const engine = fakeEngine(['lynq-system/multi-tier-nodes']);

    const { out, exitCode } = await run('notify multi-tier-nodes', { cluster: aCluster(), engine });

    expect(engine.sent).toEqual(['sync lynq-system/multi-tier-nodes']);
    expect(out).toBe('lynqhub.operator.lynq.sh/multi-tier-nodes sync requested\n');
    expect(exitCode).toBe(0);
  });

  it('repeats the row it was told', async () => {
    const engine = fakeEngine(['lynq-system/multi-tier-nodes']);

    const { out } = await run('notify multi-tier-nodes --uid acme-corp', { cluster: aCluster(), engine });

    expect(out).toBe('lynqhub.operator.lynq.sh/multi-tier-nodes sync requested for row acme-corp\n');
  });

  it.each([
    [{ spec: { paused: true } }, 'is paused', 'let it go on: lynq resume hub/multi-tier-nodes -n lynq-system'],
    [
      { annotations: { 'lynq.sh/released': '2026-11-22T11:00:00Z' } },
      'is released to another operator',
      'take it up again: lynq adopt multi-tier-nodes -n lynq-system',
    ],
  ])('asks nothing for a hub whose table is not read: %j', async (more, why, fix) => {
    const engine = fakeEngine(['lynq-system/multi-tier-nodes']);

    const { out, err, exitCode } = await run('notify multi-tier-nodes', { cluster: aCluster(more), engine });

    expect(engine.sent).toEqual([]);
    expect(out).toBe('');
    expect(err).toBe(`Error: LynqHub lynq-system/multi-tier-nodes ${why}: its table is not read\n  ${fix}\n`);
    expect(exitCode).toBe(1);
  });

  it('knows no hub of that name', async () => {
    const engine = fakeEngine([]);

    const { err, exitCode } = await run('notify nowhere', { cluster: aCluster(), engine });

    expect(engine.sent).toEqual([]);
    expect(err).toBe(
      'Error: lynqhubs.operator.lynq.sh "nowhere" not found in namespace "lynq-system"\n' +
        '  see what is there: lynq get hubs -n lynq-system\n',
    );
    expect(exitCode).toBe(1);
  });

  it('fails when Temporal has no schedule of the hub', async () => {
    const { err, exitCode } = await run('notify multi-tier-nodes', { cluster: aCluster(), engine: fakeEngine([]) });

    expect(err).toContain('has no schedule in Temporal');
    expect(exitCode).not.toBe(0);
  });
});
