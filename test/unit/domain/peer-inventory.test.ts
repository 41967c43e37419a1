import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../domain/api/json.ts';
import type { PlacedResource, TResource } from '../../../domain/api/resource.ts';
import { annotations } from '../../../domain/keys.ts';
import { isListed, isSearched, peerInventory, peerKinds } from '../../../domain/peer-inventory.ts';
import { aConfigMap, anEntry } from '../../support/builders/resources.ts';

const map = { apiVersion: 'v1', kind: 'ConfigMap' };
const space = { apiVersion: 'v1', kind: 'Namespace' };
const kinds = [
  { ...map, namespaced: true },
  { ...space, namespaced: false },
];

function placed(id: string, change: Partial<TResource> = {}): PlacedResource {
  return { resource: anEntry(id, { nameTemplate: `acme-${id}`, ...change }), list: 'manifests', index: 0 };
}

function tracked(name: string, namespace: string, policy?: string): JsonObject {
  const marks = policy === undefined ? {} : { annotations: { [annotations.deletionPolicy]: policy } };
  return aConfigMap(name, { metadata: { namespace, ...marks } });
}

const inventory = (entries: readonly PlacedResource[], found: readonly JsonObject[] = []) =>
  peerInventory({ namespace: 'tenants', entries, kinds, tracked: found });

describe('domain/peer-inventory', () => {
  it('knows an object beside the node, in a namespace that is written out, and of the cluster by the entry alone', () => {
    const entries = [
      placed('cfg', { dependIds: ['ns'] }),
      placed('far', { targetNamespace: 'elsewhere', creationPolicy: 'Once' }),
      placed('ns', { spec: space, targetNamespace: 'ignored' }),
    ];

    expect(inventory(entries)).toEqual([
      { id: 'cfg', ...map, namespace: 'tenants', name: 'acme-cfg', policy: 'Delete', dependIds: ['ns'] },
      { id: 'far', ...map, namespace: 'elsewhere', name: 'acme-far', policy: 'Delete', once: true },
      { id: 'ns', ...space, name: 'acme-ns', policy: 'Delete' },
    ]);
  });

  it('finds an object in a namespace that the arrays have as a template by its labels', () => {
    const entries = [placed('far', { targetNamespace: 'node-{{ .uid }}' })];

    expect(inventory(entries)).toEqual([]);
    expect(inventory(entries, [tracked('acme-far', 'node-acme')])).toEqual([
      { id: 'far', ...map, namespace: 'node-acme', name: 'acme-far', policy: 'Delete' },
    ]);
  });

  it('searches only the kinds of which the arrays do not say where they are', () => {
    expect(isSearched([placed('cfg')], map)).toBe(false);
    expect(isSearched([placed('far', { targetNamespace: 'node-{{ .uid }}' })], map)).toBe(true);
    expect(isSearched([placed('far', { targetNamespace: 'node-{{ .uid }}' })], space)).toBe(false);
    const unnamed = anEntry('cfg', { spec: { ...map, metadata: { name: '{{ .uid }}-cfg' } } });
    expect(isSearched([{ resource: unnamed, list: 'configMaps', index: 0 }], map)).toBe(true);
  });

  it('keeps what a retained entry depends on', () => {
    const entries = [placed('base'), placed('data', { deletionPolicy: 'Retain', dependIds: ['base'] })];

    expect(inventory(entries).map(({ id, policy }) => [id, policy])).toEqual([
      ['base', 'Retain'],
      ['data', 'Retain'],
    ]);
  });

  it('keeps a tracked object that no entry names, unless it says that it may go', () => {
    const found = [tracked('lost', 'node-acme'), tracked('old', 'node-acme', 'Delete'), tracked('acme-cfg', 'tenants')];

    expect(inventory([placed('cfg')], found).map(({ name, policy }) => [name, policy])).toEqual([
      ['acme-cfg', 'Delete'],
      ['lost', 'Retain'],
      ['old', 'Delete'],
    ]);
  });

  it('has nothing of a kind the cluster does not know', () => {
    expect(inventory([placed('odd', { spec: { apiVersion: 'gone.example.com/v1', kind: 'Odd' } })])).toEqual([]);
  });

  it('names each kind once', () => {
    expect(peerKinds([placed('a'), placed('b'), placed('ns', { spec: space })])).toEqual([map, space]);
  });

  it('compares with the keys of the status as they are written there', () => {
    const [far] = inventory(
      [placed('far', { targetNamespace: 'node-{{ .uid }}' })],
      [tracked('acme-far', 'node-acme')],
    );

    expect(far === undefined ? undefined : isListed(['ConfigMap/node-{{ .uid }}/acme-far@far'], far)).toBe(true);
    expect(far === undefined ? undefined : isListed(['ConfigMap/elsewhere/acme-far@far'], far)).toBe(false);
  });
});
