import { describe, expect, it, vi } from 'vitest';
import type { LateChildOutcome } from '../../../../activities/node/late-child.ts';
import type { Logger, ObjectRef } from '../../../../domain/ports.ts';
import type { NodeDigest } from '../../../../domain/watching.ts';
import type { ChildListener, TrackedChild } from '../../../../worker/watch/child-index.ts';
import { LateWrites } from '../../../../worker/watch/late-writes.ts';
import type { NodeListener } from '../../../../worker/watch/node-index.ts';

const silent: Logger = { info: () => undefined, warn: () => undefined, error: () => undefined };
const key = '/ConfigMap/out/a';
const child = (uid: string): TrackedChild =>
  ({
    key,
    ref: { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'out', name: 'a' },
    node: 'n',
    nodeNamespace: 'ns',
    uid,
    deleting: false,
  }) as unknown as TrackedChild;
const node = (change: Partial<NodeDigest> = {}): NodeDigest =>
  ({
    namespace: 'ns',
    name: 'n',
    deleting: true,
    children: new Map([[key, { uid: 'old' }]]),
    ...change,
  }) as unknown as NodeDigest;

function open(outcomes: (LateChildOutcome | Error)[] = [], logger = silent) {
  let onNode: NodeListener = () => undefined;
  let onChild: ChildListener = () => undefined;
  const live = new Map<string, TrackedChild>();
  const removals: string[] = [];
  const late = new LateWrites({
    nodes: {
      onChange: (listener) => {
        onNode = listener;
        return () => true;
      },
    },
    children: {
      onChange: (listener) => {
        onChild = listener;
        return () => true;
      },
      byKey: (wanted) => live.get(wanted),
    },
    remove: async (_: unknown, ref: ObjectRef) => {
      removals.push(ref.name);
      const outcome = outcomes.shift() ?? 'removed';
      if (outcome instanceof Error) throw outcome;
      return outcome;
    },
    logger,
  });
  return {
    removals,
    late,
    nodeGoes: (before = node()) => onNode({ key: 'ns/n', before, after: undefined }),
    nodeComes: () => onNode({ key: 'ns/n', before: undefined, after: node({ deleting: false }) }),
    appears: (uid: string) => {
      live.set(key, child(uid));
      onChild({ key, before: undefined, after: child(uid) });
    },
  };
}

describe('worker/watch/late-writes', () => {
  it('takes away what stands again of a node that was removed, in whatever order the watches tell', () => {
    const after = open();
    after.nodeGoes();
    after.appears('new');
    expect(after.removals).toEqual(['a']);
    const before = open();
    before.appears('new');
    before.nodeGoes();
    expect(before.removals).toEqual(['a']);
  });

  it('leaves alone the object the record knew, objects of living nodes, and of nodes that were not being deleted', () => {
    const known = open();
    known.nodeGoes();
    known.appears('old');
    const living = open();
    living.appears('new');
    const back = open();
    back.nodeGoes();
    back.nodeComes();
    back.appears('new');
    const vanished = open();
    vanished.nodeGoes(node({ deleting: false }));
    vanished.appears('new');
    expect([known, living, back, vanished].flatMap(({ removals }) => removals)).toEqual([]);
  });

  it('tries again when it could not be told', async () => {
    vi.useFakeTimers();
    const warn = vi.fn();
    const { nodeGoes, appears, removals, late } = open([new Error('no answer'), 'removed'], { ...silent, warn });
    nodeGoes();
    appears('new');
    await vi.advanceTimersByTimeAsync(5_000);
    expect(removals).toEqual(['a', 'a']);
    expect(warn.mock.calls.map(([, fields]) => fields)).toMatchObject([
      { workflowId: 'node/ns/n', nodeNamespace: 'ns', node: 'n', name: 'a' },
      { workflowId: 'node/ns/n', nodeNamespace: 'ns', node: 'n', name: 'a' },
    ]);
    late.close();
    vi.useRealTimers();
  });
});
