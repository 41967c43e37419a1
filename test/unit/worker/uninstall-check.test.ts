import { afterEach, describe, expect, it, vi } from 'vitest';
import type { JsonObject } from '../../../domain/api/json.ts';
import { LynqFailure } from '../../../domain/failures.ts';
import { finalizers } from '../../../domain/keys.ts';
import type { Cluster } from '../../../domain/ports.ts';
import { checkUninstall, uninstallObstacle } from '../../../worker/uninstall-check.ts';

const nodes = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ metadata: { namespace: 'team', name: `n${index}` } }));
const hub = (name: string, ...finalizers: readonly string[]) => ({ metadata: { namespace: 'team', name, finalizers } });

/** A cluster with these LynqNodes and LynqHubs. */
const holding = (objects: Readonly<Record<string, readonly JsonObject[]>>): Pick<Cluster, 'list'> => ({
  list: async ({ kind }) => objects[kind] ?? [],
});

describe('worker/uninstall-check', () => {
  it('lets an installation go that has no nodes and no hubs of the worker, or no such kinds', async () => {
    expect(await uninstallObstacle(holding({}))).toBeUndefined();
    expect(
      await uninstallObstacle(holding({ LynqHub: [hub('new'), hub('other', 'example.com/held')] })),
    ).toBeUndefined();
    const unknown = async () => {
      throw new LynqFailure('ClusterInvalid', 'not served', { reason: 'MissingKind' });
    };
    expect(await uninstallObstacle({ list: unknown })).toBeUndefined();
  });

  it('names some of the nodes that are there, and what to do', async () => {
    const said = await uninstallObstacle(holding({ LynqNode: nodes(7) }));
    expect(said).toContain(
      'the worker is still needed by 7 LynqNodes (team/n0, team/n1, team/n2, team/n3, team/n4 and 2 more): ',
    );
    expect(said).toContain('delete the hubs and wait until hubs and nodes are gone');
  });

  it('names the hubs that wait for the worker, with nodes and without', async () => {
    const hubs = [hub('shop', finalizers.hub), hub('new')];
    const without = await uninstallObstacle(holding({ LynqHub: hubs }));
    expect(without).toContain('the worker is still needed by 1 LynqHub (team/shop): delete the hubs');
    const both = await uninstallObstacle(holding({ LynqHub: hubs, LynqNode: nodes(1) }));
    expect(both).toContain('by 1 LynqNode (team/n0) and 1 LynqHub (team/shop): delete');
  });

  it('lets what is released go to the operator that has it now', async () => {
    const released = ({ metadata }: { readonly metadata: JsonObject }): JsonObject => ({
      metadata: { ...metadata, annotations: { 'lynq.sh/released': '2026-03-01T12:00:00Z' } },
    });
    const hubs = [released(hub('shop', finalizers.hub))];
    expect(await uninstallObstacle(holding({ LynqHub: hubs, LynqNode: nodes(2).map(released) }))).toBeUndefined();
    const one = await uninstallObstacle(holding({ LynqHub: [...hubs, hub('kept', finalizers.hub)] }));
    expect(one).toContain('by 1 LynqHub (team/kept)');
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
      'Error: it cannot be told whether there are LynqNodes or LynqHubs: The kubeconfig /nowhere/kubeconfig cannot be read (ENOENT).\n' +
        '  nothing is uninstalled; try again, or leave everything as it is: helm uninstall --no-hooks\n',
    );
  });
});
