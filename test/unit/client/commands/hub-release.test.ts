import { describe, expect, it } from 'vitest';
import { at, type JsonObject, textAt } from '../../../../domain/api/json.ts';
import { createFakeCluster, type FakeCluster } from '../../../support/fake-cluster.ts';
import { aNode, run } from '../run.ts';

const released = 'lynq.sh/released';

function aHub(more: JsonObject = {}): JsonObject {
  return {
    apiVersion: 'operator.lynq.sh/v1',
    kind: 'LynqHub',
    metadata: { name: 'multi-tier-nodes', namespace: 'lynq-system' },
    spec: {},
    ...more,
  };
}

function aCluster(): FakeCluster {
  const cluster = createFakeCluster();
  cluster.seed(aNode('acme-corp-data-tier'));
  cluster.seed(aHub());
  return cluster;
}

/** What the worker does with a mark: here at the second look at the nodes. */
function workerOf(cluster: FakeCluster): void {
  let looks = 0;
  cluster.intercept(({ verb }) => {
    looks += verb === 'list' ? 1 : 0;
    if (looks !== 2) return undefined;
    looks += 1;
    const mark = textAt(cluster.objects('LynqHub')[0], 'metadata', 'annotations', released) ?? '';
    const node = aNode('acme-corp-data-tier');
    cluster.seed({ ...node, metadata: { ...(at(node, 'metadata') as JsonObject), annotations: { [released]: mark } } });
    const conditions = [{ type: 'Released', status: 'True', reason: 'Released', message: `Released at ${mark}` }];
    const metadata = { ...(aHub()['metadata'] as JsonObject), annotations: { [released]: mark } };
    cluster.seed(aHub({ metadata, status: { conditions } }));
    return undefined;
  });
}

describe('client/commands/hub-release', () => {
  it('waits until the worker says that all is done, with progress', async () => {
    const cluster = aCluster();
    workerOf(cluster);

    const { out, err, exitCode } = await run('release multi-tier-nodes --yes', { cluster });

    expect(err).toBe('0/1 nodes released\n1/1 nodes released\n');
    expect(out).toBe('lynqhub.operator.lynq.sh/multi-tier-nodes released; nothing is written for it any more\n');
    expect(exitCode).toBe(0);
  });

  it('ends with code 4 when the time of --wait-timeout is over, whatever --timeout says', async () => {
    const line = 'release multi-tier-nodes --yes --timeout 1h --wait-timeout 1s';

    const { err, exitCode } = await run(line, { cluster: aCluster(), timePasses: true });

    expect(err).toContain('waited 1s for LynqHub lynq-system/multi-tier-nodes to be released: 0/1 nodes released');
    expect(exitCode).toBe(4);
  });

  it('ends with code 1 when the hub is deleted meanwhile', async () => {
    const cluster = aCluster();
    let looks = 0;
    cluster.intercept(({ verb }) => {
      looks += verb === 'list' ? 1 : 0;
      if (looks !== 2) return undefined;
      looks += 1;
      const [hub] = cluster.objects('LynqHub');
      const ref = {
        apiVersion: 'operator.lynq.sh/v1',
        kind: 'LynqHub',
        namespace: 'lynq-system',
        name: 'multi-tier-nodes',
      };
      void cluster.delete(ref, textAt(hub, 'metadata', 'uid') ?? '');
      return undefined;
    });

    const { err, exitCode } = await run('release multi-tier-nodes --yes', { cluster });

    expect(err).toContain('LynqHub lynq-system/multi-tier-nodes was deleted, adopted or released anew meanwhile');
    expect(exitCode).toBe(1);
  });
});
