import { describe, expect, it } from 'vitest';
import { LynqFailure } from '../../../../domain/failures.ts';
import { createFakeCluster } from '../../../support/fake-cluster.ts';
import { aNode, run } from '../run.ts';

function aCluster() {
  const cluster = createFakeCluster();
  cluster.seed(aNode('acme-corp-data-tier'));
  cluster.seed(aNode('globex-data-tier', { uid: 'globex' }));
  cluster.seed({
    apiVersion: 'operator.lynq.sh/v1',
    kind: 'LynqHub',
    metadata: { name: 'multi-tier-nodes', namespace: 'lynq-system' },
    spec: {},
  });
  cluster.seed({
    apiVersion: 'operator.lynq.sh/v1',
    kind: 'LynqForm',
    metadata: { name: 'data-tier', namespace: 'lynq-system' },
    spec: { hubId: 'multi-tier-nodes' },
  });
  return cluster;
}

describe('client/completion/answer', () => {
  it('answers as programs made with cobra do: values, descriptions, a directive', async () => {
    expect(await run('__complete -- roll')).toMatchObject({
      out: 'rollout\tFollow and steer how an edit of a form reaches its nodes\n:4\n',
      exitCode: 0,
    });
  });

  it.each([
    ['get nodes gl', 'globex-data-tier\n:4\n'],
    ['scale ""', 'acme-corp\nglobex\n:4\n'],
    ['resync m', 'multi-tier-nodes\n:4\n'],
    ['resync ""', 'multi-tier-nodes\nacme-corp\nglobex\nacme-corp-data-tier\nglobex-data-tier\n:4\n'],
    ['pause ""', 'multi-tier-nodes\ndata-tier\nacme-corp-data-tier\nglobex-data-tier\n:4\n'],
    ['resume d', 'data-tier\n:4\n'],
    ['get nodes -n ""', 'default\nkube-system\nlynq-system\n:4\n'],
    ['--context p', 'production\n:4\n'],
    ['lint -f ""', ':0\n'],
  ])('offers what there is: %s', async (line, out) => {
    expect(await run(`__complete -- ${line}`, { cluster: aCluster() })).toMatchObject({ out, err: '', exitCode: 0 });
  });

  it('asks the cluster and namespace the line names', async () => {
    const cluster = aCluster();

    const { options, out } = await run('__complete -- --context kind -n empty get nodes ""', { cluster });

    expect(options[0]).toMatchObject({ context: 'kind', namespace: 'empty' });
    expect(out).toBe(':4\n');
  });

  it('says nothing when the cluster cannot be reached', async () => {
    const clusterError = new LynqFailure('ClusterUnreachable', 'The API server does not answer.');

    expect(await run('__complete -- get nodes ""', { clusterError })).toMatchObject({
      out: ':4\n',
      err: '',
      exitCode: 0,
    });
  });

  it('does not let a cluster that is slow hold up the shell', async () => {
    expect(await run('__complete -- get nodes ""', { clusterNeverAnswers: true })).toMatchObject({ out: ':4\n' });
  });
});
