import { afterEach, describe, expect, it, vi } from 'vitest';
import { LynqFailure } from '../../../domain/failures.ts';
import { checkUninstall, uninstallObstacle } from '../../../worker/uninstall-check.ts';

const nodes = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ metadata: { namespace: 'team', name: `n${index}` } }));

describe('worker/uninstall-check', () => {
  it('lets an installation go that has no nodes, or no such kind', async () => {
    expect(await uninstallObstacle({ list: async () => [] })).toBeUndefined();
    const unknown = async () => {
      throw new LynqFailure('ClusterInvalid', 'not served', { reason: 'MissingKind' });
    };
    expect(await uninstallObstacle({ list: unknown })).toBeUndefined();
  });

  it('names some of the nodes that are there, and what to do', async () => {
    const said = await uninstallObstacle({ list: async () => nodes(7) });
    expect(said).toContain('there are 7 LynqNodes (team/n0, team/n1, team/n2, team/n3, team/n4 and 2 more)');
    expect(said).toContain('delete their hubs and wait');
  });

  it('lets nothing go when it cannot be told', async () => {
    const failing = async () => {
      throw new LynqFailure('ClusterForbidden', 'no right');
    };
    await expect(uninstallObstacle({ list: failing })).rejects.toThrow('no right');
  });

  afterEach(() => vi.restoreAllMocks());

  it('ends with 1 without a cluster, and says that nothing is uninstalled', async () => {
    const said: string[] = [];
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => said.push(String(text)) > 0);
    expect(await checkUninstall({ KUBECONFIG: '/nowhere/kubeconfig' })).toBe(1);
    expect(said.join('')).toBe(
      'Error: it cannot be told whether there are LynqNodes: The kubeconfig /nowhere/kubeconfig cannot be read (ENOENT).\n' +
        '  nothing is uninstalled; try again, or leave the nodes as they are: helm uninstall --no-hooks\n',
    );
  });
});
