import { describe, expect, it } from 'vitest';
import { textAt } from '../../../../domain/api/json.ts';
import { LynqFailure } from '../../../../domain/failures.ts';
import { createFakeCluster, type FakeCluster } from '../../../support/fake-cluster.ts';
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

const hubRef = {
  apiVersion: 'operator.lynq.sh/v1',
  kind: 'LynqHub',
  namespace: 'lynq-system',
  name: 'multi-tier-nodes',
};

/** What the worker does after a while. */
async function removeAll(cluster: FakeCluster): Promise<void> {
  const [node] = cluster.objects('LynqNode');
  await cluster.delete(
    { ...hubRef, kind: 'LynqNode', name: 'acme-corp-data-tier' },
    textAt(node, 'metadata', 'uid') ?? '',
  );
  await cluster.patch(hubRef, 'merge', { metadata: { finalizers: null } }, { manager: 'worker' });
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

  it('ends with 130 and changes nothing when Ctrl-C answers the question', async () => {
    const cluster = aCluster();

    const { err, exitCode } = await run('delete hub multi-tier-nodes', { cluster, answer: 'interrupted' });

    expect(err).toBe('Error: nothing was changed\n');
    expect(exitCode).toBe(130);
    expect(cluster.objects('LynqHub')).toHaveLength(1);
  });

  it.each([
    [{ annotations: { 'lynq.sh/released': '2026-11-22T11:00:00Z' } }, [], 'is released'],
    [
      {},
      [{ type: 'OtherOperator', status: 'True', message: 'the Go operator is alive' }],
      'is held by another operator (the Go operator is alive)',
    ],
  ])('refuses at once where nobody would remove the hub, and names the way on', async (marks, conditions, why) => {
    const cluster = aCluster();
    await cluster.patch(hubRef, 'merge', { metadata: marks }, { manager: 'test' });
    await cluster.patch(hubRef, 'merge', { status: { conditions } }, { manager: 'test', subresource: 'status' });

    const { err, questions, exitCode } = await run('delete hub multi-tier-nodes --wait', { cluster, answer: true });

    expect(err).toContain(`LynqHub lynq-system/multi-tier-nodes ${why}`);
    expect(err).toContain('lynq adopt multi-tier-nodes -n lynq-system');
    expect(questions).toEqual([]);
    expect(exitCode).toBe(1);
    expect(cluster.objects('LynqHub').map((hub) => textAt(hub, 'metadata', 'deletionTimestamp'))).toEqual([undefined]);
  });

  it.each([
    [{ annotations: { 'lynq.sh/released': '2026-11-22T11:00:00Z' } }, [], 'is released'],
    [
      {},
      [{ type: 'OtherOperator', status: 'True', message: 'the Go operator is alive' }],
      'is held by another operator (the Go operator is alive)',
    ],
  ])('refuses for a form as for its hub: nobody would remove its nodes', async (marks, conditions, why) => {
    const cluster = aCluster();
    await cluster.patch(hubRef, 'merge', { metadata: marks }, { manager: 'test' });
    await cluster.patch(hubRef, 'merge', { status: { conditions } }, { manager: 'test', subresource: 'status' });

    const { err, questions, exitCode } = await run('delete form data-tier --wait', { cluster, answer: true });

    expect(err).toContain(`LynqHub lynq-system/multi-tier-nodes ${why}`);
    expect(err).toContain('lynq adopt multi-tier-nodes -n lynq-system');
    expect(questions).toEqual([]);
    expect(exitCode).toBe(1);
    expect(cluster.objects('LynqForm')).toHaveLength(1);
  });

  it('deletes a form whose hub the account may not read', async () => {
    const cluster = aCluster();
    const failure = new LynqFailure('ClusterForbidden', 'LynqHub: The account may not read this.', { code: 403 });
    cluster.intercept(({ verb, ref }) => (verb === 'get' && ref.kind === 'LynqHub' ? { failure } : undefined));

    expect(await run('delete form data-tier --yes', { cluster })).toMatchObject({ exitCode: 0 });
  });

  it('deletes a form whose hub is not there', async () => {
    const cluster = aCluster();
    await cluster.delete(hubRef, textAt(await cluster.get(hubRef), 'metadata', 'uid') ?? '');

    expect(await run('delete form data-tier --yes', { cluster })).toMatchObject({ exitCode: 0 });
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

  it('waits with --wait until the object is gone, which a hub is after its nodes', async () => {
    const cluster = aCluster(['lynq.sh/hub-finalizer']);
    let deleted = false;
    let looks = 0;
    cluster.intercept(({ verb }) => {
      deleted ||= verb === 'delete';
      if (!deleted || verb !== 'get') return undefined;
      looks += 1;
      if (looks === 2) void removeAll(cluster);
      return undefined;
    });

    const { out, err, exitCode } = await run('delete hub multi-tier-nodes --yes --wait', { cluster });

    expect(out).toBe('lynqhub.operator.lynq.sh "multi-tier-nodes" deleted\n');
    expect(err).toBe('hub multi-tier-nodes is still there\n');
    expect(exitCode).toBe(0);
    expect(cluster.objects('LynqHub')).toEqual([]);
  });

  it('waits for the nodes of a form, which has nothing to keep it there itself', async () => {
    const line = 'delete form data-tier --yes --wait --wait-timeout 1s';

    const { err, exitCode } = await run(line, { cluster: aCluster(), timePasses: true });

    expect(err).toContain(
      'waited 1s for lynqform.operator.lynq.sh "data-tier" and its nodes to be gone: 1 node still there',
    );
    expect(exitCode).toBe(4);
  });

  it('ends with code 4 when the object is still there after --wait-timeout', async () => {
    const line = 'delete hub multi-tier-nodes --yes --wait --wait-timeout 1s';

    const { err, exitCode } = await run(line, { cluster: aCluster(['lynq.sh/hub-finalizer']), timePasses: true });

    expect(err).toContain(
      'waited 1s for lynqhub.operator.lynq.sh "multi-tier-nodes" and its nodes to be gone: hub multi-tier-nodes is still there',
    );
    expect(exitCode).toBe(4);
  });

  it('fails for a name that is not there', async () => {
    expect(await run('delete form nope', { cluster: aCluster() })).toMatchObject({ exitCode: 1 });
  });
});
