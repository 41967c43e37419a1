import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../domain/api/json.ts';
import { createFakeCluster, type FakeCluster } from '../../../support/fake-cluster.ts';
import { run } from '../run.ts';

const apiVersion = 'operator.lynq.sh/v1';

function aCluster(): FakeCluster {
  const cluster = createFakeCluster();
  for (const kind of ['LynqHub', 'LynqForm', 'LynqNode']) cluster.addKind({ apiVersion, kind });
  const seed = (kind: string, name: string, spec: JsonObject): void =>
    void cluster.seed({ apiVersion, kind, metadata: { name, namespace: 'lynq-system' }, spec });
  seed('LynqHub', 'shop', { paused: true });
  seed('LynqHub', 'twice', {});
  seed('LynqForm', 'twice', { hubId: 'shop', rollout: { maxSkew: 1 } });
  seed('LynqNode', 'acme-web', { uid: 'acme', templateRef: 'web' });
  return cluster;
}

const specOf = async (cluster: FakeCluster, kind: string, name: string) =>
  (await cluster.get({ apiVersion, kind, namespace: 'lynq-system', name }))?.['spec'];

describe('client/commands/object-pause', () => {
  it('pauses and resumes whatever has the name', async () => {
    const cluster = aCluster();
    expect(await run('pause acme-web', { cluster })).toMatchObject({
      exitCode: 0,
      out: 'lynqnode.operator.lynq.sh/acme-web paused: its objects are left as they are\n',
    });
    expect(await specOf(cluster, 'LynqNode', 'acme-web')).toMatchObject({ paused: true });
    expect(await run('resume shop', { cluster })).toMatchObject({ exitCode: 0 });
    expect(await specOf(cluster, 'LynqHub', 'shop')).toEqual({});
  });

  it('does to a form what rollout pause does', async () => {
    const cluster = aCluster();
    expect(await run('pause form/twice', { cluster })).toMatchObject({ exitCode: 0 });
    expect(await specOf(cluster, 'LynqForm', 'twice')).toMatchObject({ rollout: { maxSkew: 1, paused: true } });
  });

  it('says so when there is nothing to do, nothing of the name, or more than one thing', async () => {
    const cluster = aCluster();
    expect((await run('pause shop', { cluster })).out).toBe(
      'lynqhub.operator.lynq.sh/shop unchanged: already paused\n',
    );
    expect((await run('resume acme-web', { cluster })).out).toBe(
      'lynqnode.operator.lynq.sh/acme-web unchanged: not paused\n',
    );
    expect(await run('pause nobody', { cluster })).toMatchObject({ exitCode: 1 });
    const two = await run('pause twice', { cluster });
    expect(two.err).toContain('"twice" could mean hub/twice or form/twice');
    expect(await specOf(cluster, 'LynqHub', 'twice')).toEqual({});
  });

  it.each(['node/acme-web', 'lynqnode/acme-web', 'lynqnode.operator.lynq.sh/acme-web'])(
    'takes %s, so that what -o name prints can be handed on',
    async (target) => {
      const cluster = aCluster();

      expect(await run(`pause ${target}`, { cluster })).toMatchObject({ exitCode: 0 });

      expect(await specOf(cluster, 'LynqNode', 'acme-web')).toMatchObject({ paused: true });
    },
  );

  it.each(['pod/x', 'node/', '/acme-web', 'node/acme-web/x'])('calls %s a wrong command line', async (target) => {
    const cluster = aCluster();

    expect(await run(`pause ${target}`, { cluster })).toMatchObject({
      err: `Error: "${target}" is no target\n  write hub/NAME, form/NAME or node/NAME\n`,
      exitCode: 2,
    });
    expect(await specOf(cluster, 'LynqNode', 'acme-web')).not.toHaveProperty('paused');
  });

  it.each([
    ['node/nobody', 'lynqnodes.operator.lynq.sh "nobody" not found in namespace "lynq-system"', 'lynq get nodes'],
    ['form/nobody', 'lynqforms.operator.lynq.sh "nobody" not found in namespace "lynq-system"', 'lynq get forms'],
    ['nobody', 'no hub, form or node "nobody" in namespace "lynq-system"', 'lynq get nodes'],
  ])('says where to look when nothing is called %s', async (target, message, look) => {
    expect(await run(`pause ${target}`, { cluster: aCluster() })).toMatchObject({
      err: `Error: ${message}\n  see what is there: ${look} -n lynq-system\n`,
      exitCode: 1,
    });
  });
});
