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
    spec: {
      valueMappings: { uid: 'node_id', activate: 'is_active' },
      extraValueMappings: { apiReplicas: 'api_replicas', planId: 'plan' },
      secretValueMappings: { apiToken: 'api_token' },
    },
  });
  for (const [index, name] of ['data-tier-a1', 'data-tier-b2'].entries())
    cluster.seed({
      apiVersion: 'apps/v1',
      kind: 'ControllerRevision',
      metadata: { name, namespace: 'lynq-system', labels: { 'lynq.sh/form': 'data-tier' } },
      revision: index + 1,
      data: {},
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
    ['apply --plan ""', ':0\n'],
    ['apply --plan=p', ':0\n'],
    [
      'rollout undo data-tier --to-revision ""',
      '2\tdata-tier-b2\n1\tdata-tier-a1\ndata-tier-b2\trevision 2\ndata-tier-a1\trevision 1\n:4\n',
    ],
    ['rollout undo data-tier --to-revision=data-tier-a', 'data-tier-a1\trevision 1\n:4\n'],
    ['rollout undo nothing --to-revision ""', ':4\n'],
    ['scale acme-corp data-tier --set ""', 'apiReplicas=\tcolumn api_replicas\nplanId=\tcolumn plan\n:6\n'],
    ['scale acme-corp data-tier --set planId=1 --set=api', 'apiReplicas=\tcolumn api_replicas\n:6\n'],
    ['scale acme-corp data-tier --set apiReplicas=', ':4\n'],
    ['scale acme-corp data-tier --set apiReplicas=4', ':4\n'],
    ['scale acme-corp nothing --set ""', ':4\n'],
    ['render --row is', 'is_active=\tvariable activate\n:6\n'],
    ['render --row is_active=1 node', 'node_id=\tvariable uid\n:6\n'],
    ['render --row is_active=1 --row api', 'api_replicas=\tvariable apiReplicas\napi_token=\tvariable apiToken\n:6\n'],
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
