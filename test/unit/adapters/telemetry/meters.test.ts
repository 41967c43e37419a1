import { describe, expect, it } from 'vitest';
import { openMeters } from '../../../../adapters/telemetry/meters.ts';

const conflict = (node: string) =>
  ({ kind: 'conflict', namespace: 'n', node, objectKind: 'ConfigMap', conflictPolicy: 'Stuck' }) as const;

describe('adapters/telemetry/meters', () => {
  it('has the names, labels and buckets of the Go operator', async () => {
    const meters = openMeters();
    meters.record({ kind: 'pass', result: 'partial_failure', seconds: 0.3 });
    meters.record({ kind: 'apply', objectKind: 'Service', result: 'success', conflictPolicy: 'Force' });
    meters.record(conflict('a'));
    const text = await meters.text();

    expect(text).toContain('lynqnode_reconcile_duration_seconds_bucket{le="0.1",result="partial_failure"} 0');
    expect(text).toContain('lynqnode_reconcile_duration_seconds_bucket{le="0.5",result="partial_failure"} 1');
    expect(text).toContain('apply_attempts_total{kind="Service",result="success",conflict_policy="Force"} 1');
    expect(text).toContain(
      'lynqnode_conflicts_total{lynqnode="a",namespace="n",resource_kind="ConfigMap",conflict_policy="Stuck"} 1',
    );
  });

  it('forgets the series of a node that is gone, and no other', async () => {
    const meters = openMeters();
    meters.record(conflict('a'));
    meters.record(conflict('b'));
    await meters.forgetNode('n', 'a');
    const text = await meters.text();

    expect(text).not.toContain('lynqnode="a"');
    expect(text).toContain('lynqnode="b"');
  });

  it('forgets the series of hubs that do not exist, buckets included, and no other', async () => {
    const meters = openMeters();
    const sync = { kind: 'sync', namespace: 'n', result: 'synced', seconds: 1 } as const;
    meters.record({ ...sync, hub: 'gone', written: { created: 2, updated: 0, removed: 1 } });
    meters.record({ ...sync, hub: 'stays' });
    await meters.forgetHubs((namespace, hub) => `${namespace}/${hub}` === 'n/stays');
    const text = await meters.text();

    expect(text).not.toContain('hub="gone"');
    expect(text).toContain('lynqflow_sync_duration_seconds_count{hub="stays",namespace="n",result="synced"} 1');
  });
});
