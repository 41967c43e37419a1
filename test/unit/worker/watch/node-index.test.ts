import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../domain/api/json.ts';
import { openChanges } from '../../../../worker/watch/changes.ts';
import { WatchedNodes } from '../../../../worker/watch/node-index.ts';

let version = 0;

function node(uid: string, form: string, hub = 'hub'): JsonObject {
  version += 1;
  return {
    apiVersion: 'operator.lynq.sh/v1',
    kind: 'LynqNode',
    metadata: {
      name: `${uid}-${form}`,
      namespace: 'ns',
      uid: `${uid}-${form}`,
      resourceVersion: String(version),
      labels: { 'lynq.sh/hub': hub },
    },
    spec: { uid, templateRef: form },
  };
}

const names = (nodes: readonly { readonly name: string }[]): readonly string[] =>
  nodes.map(({ name }) => name).toSorted();

function open(...objects: readonly JsonObject[]) {
  const index = new WatchedNodes(openChanges());
  for (const object of objects) index.observe(object);
  return index;
}

describe('worker/watch/node-index', () => {
  it('finds the nodes of a hub, and those of one row of it', () => {
    const index = open(node('a', 'web'), node('a', 'api'), node('b', 'web'), node('c', 'web', 'other'));
    expect(names(index.ofHub('ns', 'hub'))).toEqual(['a-api', 'a-web', 'b-web']);
    expect(names(index.ofRow('ns', 'hub', 'a'))).toEqual(['a-api', 'a-web']);
    expect(index.ofRow('ns', 'hub', 'c')).toEqual([]);
    expect(index.ofRow('elsewhere', 'hub', 'a')).toEqual([]);
  });

  it('counts the nodes of a hub that are being deleted', () => {
    const leaving = (object: JsonObject): JsonObject => ({
      ...object,
      metadata: { ...(object['metadata'] as JsonObject), deletionTimestamp: '2026-01-01T00:00:00Z' },
    });
    const index = open(node('a', 'web'), leaving(node('a', 'api')), leaving(node('c', 'web', 'other')));
    expect([index.leavingOf('ns', 'hub'), index.leavingOf('ns', 'other'), index.leavingOf('ns', 'none')]).toEqual([
      1, 1, 0,
    ]);
    index.observe(leaving(node('a', 'web')));
    index.observe(leaving(node('a', 'web')));
    index.observe(leaving(node('a', 'api', 'other')));
    expect([index.leavingOf('ns', 'hub'), index.leavingOf('ns', 'other')]).toEqual([1, 2]);
  });

  it('tells of a node that ceases to exist, and of none that changes or belongs to another hub now', () => {
    const index = open(node('a', 'web'), node('b', 'web'));
    const gone: string[] = [];
    index.onGone((namespace, name) => void gone.push(`${namespace}/${name}`));
    index.observe(node('a', 'web'));
    index.observe(node('a', 'web', 'other'));
    expect(gone).toEqual([]);

    const stop = new AbortController();
    void index.run(
      { run: async (_kind, _options, onEvent) => onEvent({ kind: 'removed', object: node('b', 'web') }) },
      stop.signal,
    );
    expect(gone).toEqual(['ns/b-web']);
  });

  it('takes out a node that is said to be gone, unless another one has its name, and does not take what the watch tells late for a new one', () => {
    const before = node('a', 'web');
    const index = open(before, node('b', 'web'));
    const gone = { namespace: 'ns', name: 'a-web', nodeUid: 'a-web' };
    index.forget({ ...gone, nodeUid: 'another' });
    expect(names(index.ofHub('ns', 'hub'))).toEqual(['a-web', 'b-web']);
    index.forget(gone);
    index.forget(gone);
    index.observe(before);
    expect(names(index.ofHub('ns', 'hub'))).toEqual(['b-web']);
    index.observe(node('a', 'web'));
    expect(names(index.ofHub('ns', 'hub'))).toEqual(['a-web', 'b-web']);
  });

  it('gives the latest digest of a node', () => {
    const index = open(node('a', 'web'));
    const changed = node('a', 'web');
    index.observe({ ...changed, spec: { uid: 'a', templateRef: 'web', formRevision: 'web-2' } });
    expect(index.ofRow('ns', 'hub', 'a').map(({ revision }) => revision)).toEqual(['web-2']);
    expect(index.ofHub('ns', 'hub').map(({ revision }) => revision)).toEqual(['web-2']);
  });

  it('follows a node to another hub or row, and forgets none of its neighbours', () => {
    const index = open(node('a', 'web'), node('a', 'api'), node('a', 'web', 'other'));
    expect(names(index.ofHub('ns', 'hub'))).toEqual(['a-api']);
    expect(names(index.ofRow('ns', 'hub', 'a'))).toEqual(['a-api']);
    expect(names(index.ofHub('ns', 'other'))).toEqual(['a-web']);
    expect(names(index.ofRow('ns', 'other', 'a'))).toEqual(['a-web']);
  });

  it('has a LynqNode whole until something is known to have been done for it, or to it', () => {
    const born = node('a', 'web');
    const index = open(born);
    expect(index.newborn('ns', 'a-web')).toBe(born);
    expect(index.newborn('ns', 'b-web')).toBeUndefined();

    const edited = node('a', 'web');
    index.observe(edited);
    index.observe(born);
    expect(index.newborn('ns', 'a-web')).not.toBe(born);

    index.observe({ ...node('a', 'web'), status: { observedInput: 'x' } });
    expect(index.newborn('ns', 'a-web')).toBeUndefined();
    const leaving = node('b', 'web');
    index.observe({ ...leaving, metadata: { ...(leaving['metadata'] as JsonObject), deletionTimestamp: 'now' } });
    expect(index.newborn('ns', 'b-web')).toBeUndefined();
  });
});
