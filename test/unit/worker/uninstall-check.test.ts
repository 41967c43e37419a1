import { describe, expect, it } from 'vitest';
import { LynqFailure } from '../../../domain/failures.ts';
import { uninstallObstacle } from '../../../worker/uninstall-check.ts';

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
});
