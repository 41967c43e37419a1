import { delimiter } from 'node:path';
import { describe, expect, it } from 'vitest';
import { kubeconfigPaths, readContextNamespace } from '../../../client/kube-namespace.ts';

const files: Readonly<Record<string, string>> = {
  one: 'current-context: a\ncontexts:\n- name: a\n  context: {cluster: c, namespace: team-a}\n- name: b\n  context: {cluster: c}\n',
  two: 'current-context: b\ncontexts:\n- name: a\n  context: {namespace: other}\n- name: c\n  context: {namespace: team-c}\n',
  broken: 'a: [',
};

async function read(path: string): Promise<string> {
  const text = files[path];
  if (text === undefined) throw new Error(`no ${path}`);
  return text;
}

describe('client/kube-namespace', () => {
  it.each([
    [['one'], undefined, 'team-a'],
    [['one'], 'b', undefined],
    [['one'], 'nope', undefined],
    [['one', 'two'], undefined, 'team-a'],
    [['one', 'two'], 'c', 'team-c'],
    [['two', 'one'], undefined, undefined],
    [['missing', 'broken', 'one'], undefined, 'team-a'],
    [[], undefined, undefined],
  ])('in %j the context %s names the namespace %s', async (paths, context, namespace) => {
    expect(await readContextNamespace(paths, context, read)).toBe(namespace);
  });

  it('reads the files kubectl would read', () => {
    expect(kubeconfigPaths('mine', { KUBECONFIG: 'other' })).toEqual(['mine']);
    expect(kubeconfigPaths(undefined, { KUBECONFIG: ['a', '', 'b'].join(delimiter) })).toEqual(['a', 'b']);
    expect(kubeconfigPaths(undefined, {})[0]).toMatch(/\.kube.config$/);
  });
});
