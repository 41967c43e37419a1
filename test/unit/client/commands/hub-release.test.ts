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
function workerOf(cluster: FakeCluster, said: JsonObject = { status: 'True', message: 'Released' }): void {
  let looks = 0;
  cluster.intercept(({ verb }) => {
    looks += verb === 'list' ? 1 : 0;
    if (looks !== 2) return undefined;
    looks += 1;
    const mark = textAt(cluster.objects('LynqHub')[0], 'metadata', 'annotations', released) ?? '';
    const node = aNode('acme-corp-data-tier');
    cluster.seed({ ...node, metadata: { ...(at(node, 'metadata') as JsonObject), annotations: { [released]: mark } } });
    const message = `${textAt(said, 'message') ?? ''} at ${mark}`;
    const conditions = [{ type: 'Released', reason: 'Released', ...said, message }];
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

  it('ends with code 1 when nodes could not be stored, and asks for it anew when it is run again', async () => {
    const cluster = aCluster();
    workerOf(cluster, { status: 'False', message: '1 of 1 nodes is not stored: acme-corp-data-tier' });
    const mark = () => textAt(cluster.objects('LynqHub')[0], 'metadata', 'annotations', released);

    const { err, out, exitCode } = await run('release multi-tier-nodes --yes', { cluster });

    expect(err).toContain(
      'LynqHub lynq-system/multi-tier-nodes is not released: 1 of 1 nodes is not stored: acme-corp',
    );
    expect(err).toContain('do not start the Go operator');
    expect(out).toBe('');
    expect(exitCode).toBe(1);

    const before = mark();
    const again = run('release multi-tier-nodes --yes --wait-timeout 1s', { cluster, timePasses: true });
    expect((await again).exitCode).toBe(4);
    expect(mark()).not.toBe(before);
  });

  it('goes on waiting for a release that is under way when it is run again', async () => {
    const cluster = aCluster();
    const metadata = { ...(aHub()['metadata'] as JsonObject), annotations: { [released]: '2026-11-22T11:00:00Z' } };
    const message = 'tried for the release of 2026-11-22T10:00:00Z';
    cluster.seed(aHub({ metadata, status: { conditions: [{ type: 'Released', status: 'False', message }] } }));

    await run('release multi-tier-nodes --yes --wait-timeout 1s', { cluster, timePasses: true });

    const [hub] = cluster.objects('LynqHub');
    expect(textAt(hub, 'metadata', 'annotations', released)).toBe('2026-11-22T11:00:00Z');
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
