import { describe, expect, it } from 'vitest';
import { createFakeCluster } from '../../../support/fake-cluster.ts';
import { fakeEngine, run } from '../run.ts';

function aCluster() {
  const cluster = createFakeCluster();
  const metadata = { name: 'multi-tier-nodes', namespace: 'lynq-system' };
  cluster.seed({ apiVersion: 'operator.lynq.sh/v1', kind: 'LynqHub', metadata, spec: {} });
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
