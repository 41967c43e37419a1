import { describe, expect, it } from 'vitest';
import { groupChanges } from '../../../../domain/change-plan/groups.ts';
import type { NodeOutlook, ObjectChange } from '../../../../domain/change-plan/types.ts';

function node(name: string, change: ObjectChange, id = 'app'): NodeOutlook {
  const ref = { apiVersion: 'apps/v1', kind: 'Deployment', name };
  return { name, form: 'web', uid: name, action: 'update', digest: '', objects: [{ id, ref, change }] };
}

const image = (before: string, after: string): ObjectChange => ({
  kind: 'update',
  fields: [{ path: '.image', before, after }],
});

const names = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `n${index + 100}`);

describe('domain/change-plan/groups', () => {
  it('makes one group of equal changes and another of the nodes that differ, the largest first', () => {
    const conflict: ObjectChange = { kind: 'conflict', owner: 'autoscaler', fields: ['.spec.replicas'] };
    const nodes = [node('x', conflict), ...names(97).map((name) => node(name, image('v1', 'v2'))), node('y', conflict)];

    const groups = groupChanges(nodes);

    expect(groups.map(({ change, nodes: of }) => [change.kind, of.length])).toEqual([
      ['update', 97],
      ['conflict', 2],
    ]);
    expect(groups[0]?.varying.size).toBe(0);
    expect(groups[1]?.nodes).toEqual(['x', 'y']);
  });

  it('tells a few different values apart, and takes many as one that differs by node', () => {
    expect(groupChanges([node('a', image('v1', 'v2')), node('b', image('v0', 'v2'))])).toHaveLength(2);
    const many = names(20).map((name) => node(name, image(name, `${name}-new`)));
    const [group, ...others] = groupChanges(many);
    expect(others).toEqual([]);
    expect(group?.nodes).toHaveLength(20);
    expect([...(group?.varying ?? [])]).toEqual(['.image']);
  });

  it('does not put changes of different entries, kinds of change or refusals together', () => {
    const refused = (message: string): ObjectChange => ({ kind: 'refused', reason: 'Invalid', message });
    const nodes = [
      node('a', { kind: 'create' }),
      node('b', { kind: 'create' }, 'other'),
      node('c', { kind: 'delete' }),
      node('d', refused('one')),
      node('e', refused('two')),
    ];
    expect(groupChanges(nodes)).toHaveLength(5);
  });

  it('does not depend on the order of the nodes', () => {
    const nodes = [node('a', image('1', '2')), node('b', image('1', '2')), node('c', { kind: 'create' })];
    expect(groupChanges(nodes.toReversed())).toEqual(groupChanges(nodes));
  });
});
