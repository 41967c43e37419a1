import { describe, expect, it } from 'vitest';
import type { PlacedResource } from '../../../domain/api/resource.ts';
import { resourceLists } from '../../../domain/api/resource.ts';
import { peerNode } from '../../../domain/peer-node.ts';
import { aConfigMap, anEntry } from '../../support/builders/resources.ts';

const placed = (resource: PlacedResource['resource']): PlacedResource => ({ resource, list: 'configMaps', index: 0 });
const entry = anEntry('one', {
  spec: { apiVersion: 'v1', kind: 'ConfigMap', data: { key: '{{ .uid }}' } },
  nameTemplate: '{{ .uid }}-one',
  targetNamespace: 'node-{{ .uid }}',
  labelsTemplate: { row: '{{ .uid }}' },
  annotationsTemplate: { note: '{{ .uid }}' },
});
const object = aConfigMap('acme-one', {
  metadata: { namespace: 'node-acme', labels: { row: 'acme' }, annotations: { note: 'acme' } },
});
const facts = { namespace: 'tenants', objects: new Map([['one', object]]), record: [] };

describe('domain/peer-node', () => {
  it('renders name, labels and annotations, and keeps spec and namespace as the form has them', () => {
    const { arrays } = peerNode(resourceLists, [placed(entry)], facts);

    expect(arrays.configMaps).toEqual([
      {
        ...entry,
        nameTemplate: 'acme-one',
        labelsTemplate: { row: 'acme' },
        annotationsTemplate: { note: 'acme' },
      },
    ]);
    expect(arrays.deployments).toBeNull();
    expect(Object.keys(arrays)).toEqual([...resourceLists]);
  });

  it('lists applied objects by the namespace template, or the Go operator would take them for removed ones', () => {
    const plain = anEntry('two', { nameTemplate: 'two', spec: { apiVersion: 'v1', kind: 'Secret' } });
    const nameless = anEntry('three', { spec: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' } } });

    const { appliedResources } = peerNode(resourceLists, [entry, plain, nameless].map(placed), facts);

    expect(appliedResources).toEqual([
      'ConfigMap/node-{{ .uid }}/acme-one@one',
      'Secret/tenants/two@two',
      'ConfigMap/tenants/@three',
    ]);
  });

  it('leaves an entry that does not render as the form has it', () => {
    const { arrays } = peerNode(resourceLists, [placed(entry)], { ...facts, objects: new Map() });
    expect(arrays.configMaps).toEqual([entry]);
  });

  it('gives an entry that does not render the name that its object has on record', () => {
    const record = [
      { id: 'one', kind: 'Secret', name: 'of-another-kind' },
      { id: 'one', kind: 'ConfigMap', name: 'on-record' },
    ];

    const stored = peerNode(resourceLists, [placed(entry)], { ...facts, objects: new Map(), record });

    expect(stored.arrays.configMaps).toEqual([{ ...entry, nameTemplate: 'on-record' }]);
    expect(stored.appliedResources).toEqual(['ConfigMap/node-{{ .uid }}/on-record@one']);
  });

  describe('an entry that names its namespace inside of its object, which the Go operator ignores', () => {
    const inside = anEntry('db', {
      nameTemplate: 'acme-db',
      spec: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'data-{{ .uid }}' } },
    });
    const objects = new Map([['db', aConfigMap('acme-db', { metadata: { namespace: 'data-acme' } })]]);
    const on = { id: 'db', kind: 'ConfigMap', name: 'acme-db' };
    const storedWith = (record: readonly (typeof on & { namespace?: string; ignoredNamespace?: string })[]) => {
      const { arrays, appliedResources } = peerNode(resourceLists, [placed(inside)], { ...facts, objects, record });
      return { target: arrays.configMaps?.[0]?.['targetNamespace'], key: appliedResources[0] };
    };

    it('is stored with the namespace where its object is', () => {
      const there = { ...on, namespace: 'data-acme' };
      const expected = { target: 'data-acme', key: 'ConfigMap/data-acme/acme-db@db' };
      expect(storedWith([there])).toEqual(expected);
      expect(storedWith([{ ...on, namespace: 'of-an-earlier-form' }, there])).toEqual(expected);
    });

    it('is stored as it is where its object stayed in the namespace of the node, or where there is none', () => {
      const expected = { target: undefined, key: 'ConfigMap/tenants/acme-db@db' };
      const here = { ...on, namespace: 'tenants', ignoredNamespace: 'data-{{ .uid }}' };
      expect(storedWith([{ ...on, namespace: 'data-acme' }, here])).toEqual(expected);
      expect(storedWith([])).toEqual(expected);
    });
  });

  it('names objects as on record where the entries took the place of those they were made from', () => {
    const record = [{ id: 'one', kind: 'ConfigMap', name: 'on-record' }];
    const rendered = peerNode(resourceLists, [placed(entry)], { ...facts, record });
    const replaced = peerNode(resourceLists, [placed(entry)], { ...facts, record, replaced: true });

    expect(rendered.appliedResources).toEqual(['ConfigMap/node-{{ .uid }}/acme-one@one']);
    expect(replaced.appliedResources).toEqual(['ConfigMap/node-{{ .uid }}/on-record@one']);
  });
});
