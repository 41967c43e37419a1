import { afterEach, describe, expect, it, vi } from 'vitest';
import type { JsonObject } from '../../../domain/api/json.ts';
import { LynqFailure } from '../../../domain/failures.ts';
import { finalizers } from '../../../domain/keys.ts';
import type { Cluster } from '../../../domain/ports.ts';
import { checkUninstall, judgeUninstall } from '../../../worker/uninstall-check.ts';
import type { Holders } from '../../../worker/uninstall-holders.ts';

const ours = 'a1b2c3d4e5f6';
const heldBy = (installation: string) => ({ 'lynq.sh/controller-id': installation });
const node = (name: string, hubName: string, more: JsonObject = {}, spec: JsonObject = { formRevision: 'web-1' }) => ({
  metadata: { namespace: 'team', name, labels: { 'lynq.sh/hub': hubName }, ...more },
  spec,
});
const nodes = (count: number) => Array.from({ length: count }, (_, index) => node(`n${index}`, 'shop'));
const hub = (name: string, more: JsonObject = {}) => ({
  metadata: { namespace: 'team', name, finalizers: [finalizers.hub], annotations: heldBy(ours), ...more },
});
const releasedAt = { 'lynq.sh/released': '2026-03-01T12:00:00Z' };
const otherAtWork = { conditions: [{ type: 'OtherOperator', status: 'True' }] };

/** A cluster with these LynqNodes and LynqHubs. */
const holding = (objects: Readonly<Record<string, readonly JsonObject[]>>): Pick<Cluster, 'list'> => ({
  list: async ({ kind }) => objects[kind] ?? [],
});
/** Who is alive beside this installation; 'go' is the Go operator. */
const alive = (...names: readonly string[]): Holders => ({
  peer: async () => names.includes('go'),
  installation: async (id) => names.includes(id),
});
const theirs = 'f6e5d4c3b2a1';
const judged = (objects: Readonly<Record<string, readonly JsonObject[]>>, holders = alive('go', theirs)) =>
  judgeUninstall(holding(objects), ours, holders);

describe('worker/uninstall-check', () => {
  it('lets an installation go that has no nodes and no hubs of the worker, or no such kinds', async () => {
    expect(await judged({})).toEqual({});
    const bare = { finalizers: ['example.com/held'], annotations: {} };
    expect(await judged({ LynqHub: [hub('new', { ...bare, finalizers: [] }), hub('other', bare)] }, alive())).toEqual(
      {},
    );
    const unknown = async () => {
      throw new LynqFailure('ClusterInvalid', 'not served', { reason: 'MissingKind' });
    };
    expect(await judgeUninstall({ list: unknown }, ours, alive())).toEqual({});
  });

  it('names some of the nodes that are there, and what to do', async () => {
    const { obstacle } = await judged({ LynqHub: [hub('shop')], LynqNode: nodes(7) });
    expect(obstacle).toContain(
      'the worker is still needed by 7 LynqNodes (team/n0, team/n1, team/n2, team/n3, team/n4 and 2 more) and 1 LynqHub (team/shop): ',
    );
    expect(obstacle).toContain('delete the hubs and wait until hubs and nodes are gone (lynq uninstall does both)');
  });

  it('names the hubs that wait for the worker without any node', async () => {
    const { obstacle } = await judged({ LynqHub: [hub('shop'), hub('new', { finalizers: [] })] });
    expect(obstacle).toContain('the worker is still needed by 1 LynqHub (team/shop): delete the hubs');
  });

  it('is not held up by the hubs and nodes of a Go operator, nor by those of another installation, that are alive, and asks for nothing to be deleted', async () => {
    const theirHubs = [
      hub('go', { annotations: {} }),
      { ...hub('go-since', {}), status: otherAtWork },
      hub('elsewhere', { annotations: heldBy(theirs) }),
    ];
    const theirNodes = [node('g', 'go', {}, {}), node('s', 'go-since'), node('e', 'elsewhere')];
    expect(await judged({ LynqHub: theirHubs, LynqNode: theirNodes })).toEqual({
      foreign:
        '3 LynqNodes (team/g, team/s, team/e) and 3 LynqHubs (team/go, team/go-since, team/elsewhere): held by another operator; nothing to do',
    });
  });

  it('asks for its own hubs only where another operator has some, and not by the command that takes all', async () => {
    const all = { LynqHub: [hub('shop'), hub('go', { annotations: {} })], LynqNode: nodes(1) };
    const { obstacle, foreign } = await judged(all);
    expect(obstacle).toBe(
      'the worker is still needed by 1 LynqNode (team/n0) and 1 LynqHub (team/shop): delete these hubs, no others, and wait until they and ' +
        'their nodes are gone, or leave everything as it is: helm uninstall --no-hooks',
    );
    expect(foreign).toContain('1 LynqHub (team/go): held by another operator');
  });

  it('is held up by nodes of its own whose hub is gone, not by those that another operator made', async () => {
    const { obstacle, foreign } = await judged({ LynqNode: [node('left', 'gone'), node('go', 'gone', {}, {})] });
    expect(obstacle).toContain('needed by 1 LynqNode (team/left): delete');
    expect(foreign).toContain('1 LynqNode (team/go): held by another operator');
  });

  it('lets what is released go to the operator that has it now, with what that has made since', async () => {
    const released = { annotations: { ...heldBy(ours), ...releasedAt } };
    const hubs = [hub('shop', released)];
    const since = node('since', 'shop', {}, {});
    expect((await judged({ LynqHub: hubs, LynqNode: [node('n', 'shop', released), since] })).obstacle).toBeUndefined();
    const mid = await judged({ LynqHub: hubs, LynqNode: [node('n', 'shop', released), node('not-yet', 'shop')] });
    expect(mid.obstacle).toContain('by 1 LynqNode (team/not-yet): delete');
    const one = await judged({ LynqHub: [...hubs, hub('kept')] });
    expect(one.obstacle).toContain('by 1 LynqHub (team/kept)');
  });

  const gone =
    'what held them is gone and this worker, once it runs, takes them over: delete these hubs then and wait until they and their nodes are gone, ' +
    'or leave everything as it is, for this worker or for the operator that is to have them: helm uninstall --no-hooks';

  it('is held up by the hubs and nodes of an earlier installation that is gone, even with a Go operator alive', async () => {
    const left = { LynqHub: [hub('old', { annotations: heldBy(theirs) })], LynqNode: [node('o', 'old')] };
    for (const holders of [alive(), alive('go')]) {
      expect(await judged(left, holders)).toEqual({
        obstacle: `1 LynqNode (team/o) and 1 LynqHub (team/old): ${gone}`,
      });
    }
  });

  it('is held up by hubs and nodes that name no holder when no Go operator is alive', async () => {
    const left = {
      LynqHub: [hub('bare', { annotations: {} }), { ...hub('since', { annotations: {} }), status: otherAtWork }],
      LynqNode: [node('b', 'bare', {}, {}), node('alone', 'gone', {}, {})],
    };
    expect(await judged(left, alive(theirs))).toEqual({
      obstacle: `2 LynqNodes (team/b, team/alone) and 2 LynqHubs (team/bare, team/since): ${gone}`,
    });
  });

  it('takes a hub without holder for its own where a sync of ours wrote a node, whoever is alive', async () => {
    const lost = { LynqHub: [hub('lost', { annotations: {} })], LynqNode: [node('l', 'lost')] };
    for (const holders of [alive(), alive('go')]) {
      const { obstacle, foreign } = await judged(lost, holders);
      expect(obstacle).toContain('still needed by 1 LynqNode (team/l) and 1 LynqHub (team/lost): delete');
      expect(foreign).toBeUndefined();
    }
  });

  it('takes up again what the Go operator was at work on and is not any more', async () => {
    const { obstacle } = await judged({ LynqHub: [{ ...hub('shop'), status: otherAtWork }] }, alive());
    expect(obstacle).toContain('still needed by 1 LynqHub (team/shop): delete');
  });

  it('names its own and what is left apart, and has the right ones deleted', async () => {
    const hubs = [hub('shop'), hub('old', { annotations: heldBy(theirs) })];
    expect((await judged({ LynqHub: hubs }, alive())).obstacle).toBe(
      'the worker is still needed by 1 LynqHub (team/shop): delete these hubs, no others, and wait until they and their nodes are gone, ' +
        `or leave everything as it is: helm uninstall --no-hooks\n1 LynqHub (team/old): ${gone}`,
    );
  });

  it('leaves what is released alone, whether the operator that has it now is alive or not', async () => {
    const released = { annotations: { ...heldBy(ours), ...releasedAt } };
    const objects = { LynqHub: [hub('shop', released)], LynqNode: [node('since', 'shop', {}, {})] };
    for (const holders of [alive(), alive('go')]) {
      const { obstacle, foreign } = await judged(objects, holders);
      expect(obstacle).toBeUndefined();
      expect(foreign).toContain('1 LynqNode (team/since): held by another operator');
    }
  });

  it('asks who is alive only where that decides', async () => {
    const asked = async (): Promise<boolean> => {
      throw new Error('asked');
    };
    const objects = { LynqHub: [hub('shop')], LynqNode: nodes(2) };
    const { obstacle } = await judged(objects, { peer: asked, installation: asked });
    expect(obstacle).toContain('still needed by 2 LynqNodes');
  });

  it('lets nothing go when it cannot be told', async () => {
    const failing = async () => {
      throw new LynqFailure('ClusterForbidden', 'no right');
    };
    await expect(judgeUninstall({ list: failing }, ours, alive())).rejects.toThrow('no right');
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
