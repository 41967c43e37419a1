import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RemovalPage } from '../../../../activities/contract.ts';
import type { NodeDigest } from '../../../../domain/watching.ts';
import { MassRemovals } from '../../../../worker/watch/mass-removals.ts';
import { silentLogger } from '../../../contract/row-source.server.ts';

function going(row: string, change: Partial<NodeDigest> = {}): NodeDigest {
  const node = {
    namespace: 'ns',
    hub: 'hub',
    name: `${row}-web`,
    nodeUid: `uid-${row}`,
    rowUid: row,
    form: 'web',
    dependsOn: [],
    deleting: true,
    inputHash: 'same',
    observedInput: 'same',
    ...change,
  };
  return node as unknown as NodeDigest;
}

const rows = (count: number, prefix = 'r'): readonly NodeDigest[] =>
  Array.from({ length: count }, (_, at) => going(`${prefix}${String(at).padStart(5, '0')}`));

function open(hand: (page: RemovalPage) => Promise<void> = async () => undefined, logger = silentLogger) {
  const pages: RemovalPage[] = [];
  const woken: string[] = [];
  const removals = new MassRemovals({
    hand: (page) => {
      pages.push(page);
      return hand(page);
    },
    wake: ({ name }) => woken.push(name),
    logger,
  });
  const take = (nodes: readonly NodeDigest[]) => nodes.filter((node) => removals.takes(node));
  const go = (nodes: readonly NodeDigest[]) => {
    for (const { namespace, name } of nodes) removals.forget(`${namespace}/${name}`);
  };
  return { removals, pages, woken, take, go, handed: () => pages.flatMap(({ nodes }) => nodes) };
}

const soon = () => vi.advanceTimersByTimeAsync(301);

describe('worker/watch/mass-removals', () => {
  beforeEach(() => vi.useFakeTimers({ now: 1_000_000 }));
  afterEach(() => vi.useRealTimers());

  it('leaves a few deletions to the own runs of the nodes, and hands what comes beyond over together', async () => {
    const { take, handed } = open();
    const all = rows(40);

    expect(take(all)).toEqual(all.slice(16));
    expect(handed()).toEqual([]);
    await soon();
    expect(handed()).toEqual(all.slice(16).map(({ name }) => name));
  });

  it('never hands one of a slow series over', async () => {
    const { take, handed } = open();
    for (const node of rows(40)) {
      expect(take([node])).toEqual([]);
      await vi.advanceTimersByTimeAsync(400);
    }
    expect(handed()).toEqual([]);
  });

  it('tells the few of each hub apart', async () => {
    const { take, pages } = open();
    take(rows(20));
    expect(take(rows(16, 's').map((node) => ({ ...node, hub: 'other' })))).toEqual([]);
    await soon();
    expect(pages.map(({ hub, nodes }) => [hub, nodes.length])).toEqual([['hub', 4]]);
  });

  it('hands rows over whole, at most a hundred names a message', async () => {
    const { take, pages } = open();
    take(rows(16));
    const many = rows(150, 's').toReversed();
    take(many);
    await soon();
    expect(pages.map(({ nodes }) => nodes.length)).toEqual([100, 50]);
    expect(pages.flatMap(({ nodes }) => nodes)).toEqual(many.toReversed().map(({ name }) => name));
  });

  it('hands no more over than can be gone soon, and goes on as they go', async () => {
    const { take, go, handed } = open();
    const all = rows(16 + 700);
    take(all);
    await soon();
    expect(handed()).toHaveLength(500);
    go(all.slice(16, 116));
    await soon();
    expect(handed()).toHaveLength(600);
    expect(new Set(handed()).size).toBe(600);
  });

  it('goes on as well when passes of them end here, gone or not', async () => {
    const { take, removals, handed } = open();
    const all = rows(16 + 700);
    take(all);
    await soon();
    for (const { name } of all.slice(16, 216)) removals.ended(`ns/${name}`);
    await soon();
    expect(handed()).toHaveLength(700);
    expect(take(all.slice(16, 216))).toHaveLength(200);
  });

  it('leaves a node that is still there after a minute to its own run, and does not hand it over again', async () => {
    const { take, pages } = open();
    const all = rows(20);
    take(all);
    await soon();
    await vi.advanceTimersByTimeAsync(30_000);
    expect(take(all)).toEqual(all.slice(16));
    await vi.advanceTimersByTimeAsync(30_000);
    expect(take(all)).toEqual([]);
    await soon();
    expect(pages).toHaveLength(1);
  });

  it('does not count a wait for others to go against a node that was not handed over yet', async () => {
    const { take, go, woken, handed } = open();
    const all = rows(16 + 600);
    take(all);
    await vi.advanceTimersByTimeAsync(30_000);
    go(all.slice(16, 17));
    await vi.advanceTimersByTimeAsync(31_000);
    expect(take(all.slice(516))).toHaveLength(100);
    expect(woken).toEqual([]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(handed()).toHaveLength(600);
  });

  it('leaves all of them to their own runs when none that was handed over has gone for a minute', async () => {
    const { take, go, woken, handed } = open();
    const all = rows(16 + 700);
    take(all);
    await vi.advanceTimersByTimeAsync(30_000);
    const later = rows(100, 's');
    expect(take(later)).toHaveLength(100);
    await vi.advanceTimersByTimeAsync(30_500);
    expect(woken).toEqual([...all.slice(516), ...later].map(({ name }) => name));
    expect(take([...all, ...later])).toEqual([]);
    expect(handed()).toHaveLength(500);

    // What goes by its own run says nothing of the other one, which is tried again.
    go(all.slice(16, 116));
    take(rows(40, 't'));
    await vi.advanceTimersByTimeAsync(301);
    expect(handed()).toHaveLength(524);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(take(rows(40, 't'))).toEqual([]);
  });

  it('keeps nothing of a hub whose nodes are gone', async () => {
    const { removals, take, go } = open();
    const sizes = () => (removals as unknown as { readonly hubs: ReadonlyMap<string, unknown> }).hubs.size;
    const others = rows(50).map((node, at) => ({ ...node, hub: `hub-${at}` }));
    for (const node of others) {
      take([node]);
      go([node]);
    }
    await vi.advanceTimersByTimeAsync(5_000);
    take(rows(1));
    go(rows(1));
    expect(sizes()).toBe(1);
    expect(take(rows(40))).toHaveLength(25);
  });

  it('wakes the own runs of nodes that could not be handed over, and says of which hub they are', async () => {
    const warn = vi.fn();
    const { take, woken } = open(() => Promise.reject(new Error('unavailable')), { ...silentLogger, warn });
    const all = rows(20);
    take(all);
    await soon();
    expect(woken).toEqual(all.slice(16).map(({ name }) => name));
    expect(take(all)).toEqual([]);
    const [{ namespace, hub } = { namespace: '', hub: '' }] = all;
    expect(warn).toHaveBeenCalledWith(expect.any(String), expect.objectContaining({ namespace, hub, nodes: 4 }));
  });

  it('leaves a node that a pass is due for to its own run', async () => {
    const { take, handed } = open();
    take(rows(17));
    const changed = going('changed', { observedInput: 'other' });
    expect(take([changed])).toEqual([]);
    await soon();
    expect(handed()).toHaveLength(1);
  });

  it('takes another node of the same name for what it is', async () => {
    const { take, handed } = open();
    const all = rows(17);
    take(all);
    await soon();
    const again = going('r00016', { nodeUid: 'another' });
    await vi.advanceTimersByTimeAsync(60_000);
    take(rows(16, 's'));
    expect(take([again])).toEqual([again]);
    await soon();
    expect(handed()).toEqual(['r00016-web', 'r00016-web']);
  });

  it('hands nothing over once it was stopped or the nodes went', async () => {
    const { take, go, removals, handed } = open();
    const all = rows(18);
    take(all);
    go(all.slice(17));
    await soon();
    expect(handed()).toEqual(['r00016-web']);
    take(rows(18, 's'));
    removals.stop();
    await soon();
    expect(handed()).toEqual(['r00016-web']);
  });
});
