import { describe, expect, it } from 'vitest';
import { createFakeCluster } from '../../../support/fake-cluster.ts';
import { aNode, run } from '../run.ts';

function aCluster(finalizers: readonly string[] = []) {
  const cluster = createFakeCluster();
  cluster.seed(aNode('acme-corp-data-tier'));
  cluster.seed({
    apiVersion: 'operator.lynq.sh/v1',
    kind: 'LynqHub',
    metadata: { name: 'multi-tier-nodes', namespace: 'lynq-system', finalizers },
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

describe('client/commands/object-delete', () => {
  it('asks a person, naming how many nodes go', async () => {
    const cluster = aCluster();

    const { questions, err, exitCode } = await run('delete hub multi-tier-nodes', { cluster, answer: false });

    expect(questions).toEqual([
      'Delete lynqhub.operator.lynq.sh "multi-tier-nodes" in lynq-system? 1 LynqNode and what it made will be removed.',
    ]);
    expect(err).toBe('Error: nothing was changed\n');
    expect(exitCode).toBe(1);
    expect(cluster.objects('LynqHub')).toHaveLength(1);
  });

  it('deletes when a person agrees', async () => {
    const cluster = aCluster();

    const { out, exitCode } = await run('delete form data-tier', { cluster, answer: true });

    expect(out).toBe('lynqform.operator.lynq.sh "data-tier" deleted\n');
    expect(exitCode).toBe(0);
    expect(cluster.objects('LynqForm')).toEqual([]);
  });

  it('refuses where nobody can be asked, so that a wrong name in a script deletes nothing', async () => {
    const cluster = aCluster();

    expect(await run('delete form data-tier', { cluster })).toMatchObject({
      err:
        'Error: nothing was changed: nobody is there to answer "Delete lynqform.operator.lynq.sh "data-tier" in lynq-system? ' +
        '1 LynqNode and what it made will be removed."\n  confirm with --yes\n',
      exitCode: 1,
    });
    expect(cluster.objects('LynqForm')).toHaveLength(1);
  });

  it('does not ask with --yes', async () => {
    expect(await run('delete form data-tier --yes', { cluster: aCluster(), answer: false })).toMatchObject({
      exitCode: 0,
      questions: [],
    });
  });

  it('says that a hub stays until its nodes are gone', async () => {
    const { out } = await run('delete hub multi-tier-nodes --yes', { cluster: aCluster(['lynq.sh/hub-finalizer']) });

    expect(out).toBe('lynqhub.operator.lynq.sh "multi-tier-nodes" is being deleted; it goes when its nodes are gone\n');
  });

  it('fails for a name that is not there', async () => {
    expect(await run('delete form nope', { cluster: aCluster() })).toMatchObject({ exitCode: 1 });
  });
});
