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
    expect((await run('pause shop', { cluster })).out).toContain('it is paused already');
    expect((await run('resume acme-web', { cluster })).out).toContain('it is not paused');
    expect(await run('pause nobody', { cluster })).toMatchObject({ exitCode: 1 });
    const two = await run('pause twice', { cluster });
    expect(two.err).toContain('"twice" could mean hub/twice or form/twice');
    expect(await specOf(cluster, 'LynqHub', 'twice')).toEqual({});
    expect((await run('pause pod/x', { cluster })).err).toContain('"pod/x" is no target');
  });
});
