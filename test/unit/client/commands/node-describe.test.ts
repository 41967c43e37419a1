import { describe, expect, it } from 'vitest';
import { textAt } from '../../../../domain/api/json.ts';
import { LynqFailure } from '../../../../domain/failures.ts';
import { createFakeCluster } from '../../../support/fake-cluster.ts';
import { aNode, now, run } from '../run.ts';

describe('client/commands/node-describe', () => {
  it('shows the node to whoever may not read events, and says that these are missing', async () => {
    const cluster = createFakeCluster();
    cluster.seed(aNode('acme-corp-data-tier'));
    const failure = new LynqFailure('ClusterForbidden', 'Event: The account may not read this.');
    cluster.intercept(({ ref }) => (ref.kind === 'Event' ? { failure } : undefined));

    const { out, err, exitCode } = await run('describe node acme-corp-data-tier', { cluster });

    expect({ err, exitCode }).toEqual({ err: '', exitCode: 0 });
    expect(out).toContain('Name:        acme-corp-data-tier\n');
    expect(out.endsWith('\nEvents:\n  <not shown> Event: The account may not read this.\n')).toBe(true);
  });

  it('shows conditions, resources with their reason, the record, and the events of this very object', async () => {
    const cluster = createFakeCluster({ now: () => new Date(now.getTime() - 600_000) });
    const node = aNode('acme-corp-data-tier', {
      ready: 1,
      desired: 2,
      status: 'False',
      reason: 'NotAllResourcesReady',
    });
    const status = {
      ...(node['status'] as object),
      resources: [
        { id: 'ns', kind: 'Namespace', name: 'node-acme-corp', state: 'Ready', since: '2026-11-22T11:51:00Z' },
        {
          id: 'postgres',
          kind: 'StatefulSet',
          name: 'acme-corp-postgres',
          state: 'Progressing',
          reason: 'NotReady',
          message: '0 of 1 replicas ready',
          since: '2026-11-22T11:58:00Z',
        },
      ],
      inventory: [
        { id: 'ns', apiVersion: 'v1', kind: 'Namespace', name: 'node-acme-corp', uid: 'u-1', policy: 'Retain' },
        {
          id: 'postgres',
          apiVersion: 'apps/v1',
          kind: 'StatefulSet',
          namespace: 'node-acme-corp',
          name: 'acme-corp-postgres',
          policy: 'Retain',
        },
      ],
    };
    const made = cluster.seed({ ...node, status });
    const event = (name: string, uid: string, message: string) => ({
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name, namespace: 'lynq-system' },
      involvedObject: { kind: 'LynqNode', name: 'acme-corp-data-tier', uid },
      type: 'Warning',
      reason: 'ReadinessTimeout',
      message,
      lastTimestamp: '2026-11-22T11:59:00Z',
      source: { component: 'lynqnode-controller' },
    });
    cluster.seed(
      event('mine', textAt(made, 'metadata', 'uid') ?? '', "Resource 'postgres' not ready after 5m0s (timeout: 5m0s)"),
    );
    cluster.seed(event('earlier', 'another', 'about another node of this name'));

    const { out, exitCode } = await run('describe node acme-corp-data-tier', { cluster });

    expect(out).toBe(`Name:        acme-corp-data-tier
Namespace:   lynq-system
Row:         acme-corp
Form:        data-tier (revision data-tier-0a1b2c)
Hub:         multi-tier-nodes
Created:     2026-11-22T11:50:00Z (10m ago)
Resources:   1/2 ready, 0 failed, 0 skipped

Conditions:
  TYPE    STATUS   REASON                 AGE   MESSAGE
  Ready   False    NotAllResourcesReady   8m    Successfully reconciled all resources

Resources:
  ID         KIND          NAME                 STATE         SINCE   REASON     MESSAGE
  ns         Namespace     node-acme-corp       Ready         9m      -          -
  postgres   StatefulSet   acme-corp-postgres   Progressing   2m      NotReady   0 of 1 replicas ready

Inventory:
  ID         KIND          NAMESPACE        NAME                 POLICY   UID
  ns         Namespace     -                node-acme-corp       Retain   u-1
  postgres   StatefulSet   node-acme-corp   acme-corp-postgres   Retain   -

Events:
  TYPE      REASON             AGE   FROM                  MESSAGE
  Warning   ReadinessTimeout   60s   lynqnode-controller   Resource 'postgres' not ready after 5m0s (timeout: 5m0s)
`);
    expect(exitCode).toBe(0);
  });

  it('says <none> for what a fresh node does not have', async () => {
    const cluster = createFakeCluster();
    cluster.seed({
      apiVersion: 'operator.lynq.sh/v1',
      kind: 'LynqNode',
      metadata: { name: 'fresh', namespace: 'lynq-system' },
      spec: { uid: 'a', templateRef: 'b' },
    });

    const { out } = await run('describe node fresh', { cluster });

    expect(out).toContain('Conditions:  <none>\n\nResources:  <none>\n\nInventory:  <none>\n\nEvents:  <none>\n');
  });

  it('shows several one after the other, in the order asked for, and all of the namespace without a name', async () => {
    const cluster = createFakeCluster();
    for (const name of ['a', 'b', 'c']) cluster.seed(aNode(name));
    const shown = (out: string) => out.split('\n\n\n').map((one) => /^Name: +(\w+)$/m.exec(one)?.[1]);

    const two = await run('describe nodes c a', { cluster });
    const all = await run('describe nodes', { cluster });

    expect(shown(two.out)).toEqual(['c', 'a']);
    expect(shown(all.out)).toEqual(['a', 'b', 'c']);
    expect([two.exitCode, all.exitCode]).toEqual([0, 0]);
  });

  it('shows what is there beside a name that nothing has, and says when there is nothing at all', async () => {
    const cluster = createFakeCluster();
    cluster.seed(aNode('a'));

    expect(await run('describe node a nobody', { cluster })).toMatchObject({
      out: expect.stringContaining('Name:        a\n'),
      err: 'Error: lynqnodes.operator.lynq.sh "nobody" not found in namespace "lynq-system"\n  see what is there: lynq get nodes -n lynq-system\n',
      exitCode: 1,
    });
    expect(await run('describe hubs', { cluster })).toMatchObject({
      out: '',
      err: 'No resources found in lynq-system namespace.\n',
      exitCode: 0,
    });
  });
});
