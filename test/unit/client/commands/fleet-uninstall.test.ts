import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../domain/api/json.ts';
import { createFakeCluster, type FakeCluster } from '../../../support/fake-cluster.ts';
import { run } from '../run.ts';

const apiVersion = 'operator.lynq.sh/v1';

function aCluster(): FakeCluster {
  const cluster = createFakeCluster();
  for (const kind of ['LynqHub', 'LynqForm', 'LynqNode']) cluster.addKind({ apiVersion, kind });
  const seed = (kind: string, name: string, more: JsonObject = {}): void =>
    void cluster.seed({ apiVersion, kind, metadata: { name, namespace: 'lynq-system' }, spec: {}, ...more });
  seed('LynqHub', 'shop');
  seed('LynqForm', 'web');
  const inventory = [{ policy: 'Delete' }, { policy: 'Delete' }, { policy: 'Retain' }];
  seed('LynqNode', 'acme-web', { status: { inventory } });
  return cluster;
}

const writes = ({ calls }: FakeCluster): readonly string[] =>
  calls
    .filter(({ verb }) => verb === 'patch' || verb === 'delete')
    .map(
      ({ verb, ref, body }) => `${verb} ${ref.kind}${verb === 'patch' ? ` ${Object.keys(body ?? {}).join(',')}` : ''}`,
    );

describe('client/commands/fleet-uninstall', () => {
  it('shows what goes and what stays, and removes nothing without a yes', async () => {
    const cluster = aCluster();

    const { err, questions, exitCode } = await run('uninstall', { cluster, answer: false });

    expect(err).toContain(
      '- LynqHub lynq-system/shop\n- LynqForm lynq-system/web\n- 1 LynqNode\n- 2 objects made for rows\n',
    );
    expect(err).toContain('  1 object stay, with orphan markers');
    expect(questions).toEqual(['Remove 1 hub, 1 form, 1 node? Their objects go, but for those that are retained.']);
    expect(exitCode).toBe(1);
    expect(writes(cluster)).toEqual([]);
    expect((await run('uninstall', { cluster })).err).toContain('confirm with --yes');
  });

  it('deletes hubs, then forms, then nodes that no hub owned', async () => {
    const cluster = aCluster();

    const { out, err, exitCode } = await run('uninstall --yes', { cluster });

    expect(writes(cluster)).toEqual(['delete LynqHub', 'delete LynqForm', 'delete LynqNode']);
    expect(out).toContain('1 hub, 1 form, 1 node removed\n');
    expect(err).toContain('What is left');
    expect(exitCode).toBe(0);
  });

  it('has every node let go of its objects first with --keep-objects, while no hub makes another', async () => {
    const cluster = aCluster();

    const { err, exitCode } = await run('uninstall --keep-objects --yes', { cluster });

    expect(writes(cluster)).toEqual([
      'patch LynqHub spec,metadata',
      'patch LynqNode metadata',
      'delete LynqHub',
      'delete LynqForm',
      'delete LynqNode',
    ]);
    expect(err).toContain('3 objects stay, with orphan markers');
    expect(exitCode).toBe(0);
  });

  it('deletes nothing when a node cannot be told', async () => {
    const cluster = aCluster();
    cluster.intercept(({ verb, ref }) =>
      verb === 'patch' && ref.kind === 'LynqNode'
        ? { answer: { kind: 'refused', reason: 'Forbidden', message: 'no' } }
        : undefined,
    );

    const { err, exitCode } = await run('uninstall --keep-objects --yes', { cluster });

    expect(err).toContain('nothing was deleted');
    expect(exitCode).toBe(1);
    expect(writes(cluster).filter((text) => text.startsWith('delete'))).toEqual([]);
  });

  it.each(['uninstall --yes', 'uninstall --keep-objects --yes'])(
    'refuses %s at once where a hub is released, which nobody would remove',
    async (line) => {
      const cluster = aCluster();
      const metadata = { name: 'left', namespace: 'lynq-system', annotations: { 'lynq.sh/released': 'x' } };
      cluster.seed({ apiVersion, kind: 'LynqHub', metadata, spec: {} });

      const { err, exitCode } = await run(line, { cluster });

      expect(err).toContain('LynqHub lynq-system/left is released');
      expect(err).toContain('lynq adopt left -n lynq-system');
      expect(exitCode).toBe(1);
      expect(writes(cluster)).toEqual([]);
    },
  );

  it('has nothing to do where there is nothing', async () => {
    const cluster = createFakeCluster();
    for (const kind of ['LynqHub', 'LynqForm', 'LynqNode']) cluster.addKind({ apiVersion, kind });
    expect(await run('uninstall', { cluster })).toMatchObject({
      exitCode: 0,
      out: 'there is no hub, no form and no node\n',
    });
  });
});
