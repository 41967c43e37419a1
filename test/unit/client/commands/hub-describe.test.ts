import { describe, expect, it } from 'vitest';
import { createFakeCluster } from '../../../support/fake-cluster.ts';
import { run } from '../run.ts';

describe('client/commands/hub-describe', () => {
  it('names the installation that holds the hub by its Lease, which stands in the namespace of its worker', async () => {
    const cluster = createFakeCluster();
    const hub = (name: string, annotations: Readonly<Record<string, string>>) => ({
      apiVersion: 'operator.lynq.sh/v1',
      kind: 'LynqHub',
      metadata: { name, namespace: 'lynq-system', annotations },
      spec: { source: { type: 'mysql', syncInterval: '30s', mysql: { host: 'mysql' } } },
    });
    cluster.addKind({ apiVersion: 'operator.lynq.sh/v1', kind: 'LynqHub' });
    cluster.seed(hub('held', { 'lynq.sh/controller-id': '0123456789ab' }));
    cluster.seed(hub('free', {}));

    expect((await run('describe hub held', { cluster })).out).toMatch(/^Held by: +Lease lynqflow-0123456789ab$/m);
    expect((await run('describe hub free', { cluster })).out).not.toContain('Held by:');
  });
});
