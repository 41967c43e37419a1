import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../domain/api/json.ts';
import { managerKind, ownedFieldsHash, writtenByUs } from '../../../domain/owned-fields.ts';
import { textMap } from '../../support/builders/arbitraries.ts';

interface Managed {
  readonly manager?: string;
  readonly operation?: string;
  readonly subresource?: string;
  readonly fields: JsonObject;
}

function object(content: JsonObject, ...managed: readonly Managed[]): JsonObject {
  const managedFields = managed.map(({ fields, ...rest }) => ({
    manager: 'lynq-operator',
    operation: 'Apply',
    apiVersion: 'v1',
    fieldsType: 'FieldsV1',
    fieldsV1: fields,
    ...rest,
  }));
  const metadata = { name: 'x', managedFields, ...(content['metadata'] as JsonObject | undefined) };
  return { apiVersion: 'v1', kind: 'ConfigMap', ...content, metadata };
}

/** Hash of a content of which we own the given fields. */
const hash = (content: JsonObject, fields: JsonObject): string | undefined =>
  ownedFieldsHash(object(content, { fields }));

describe('domain/owned-fields', () => {
  describe('ownedFieldsHash', () => {
    it('is absent when we own nothing', () => {
      expect(ownedFieldsHash({ metadata: { name: 'x' } })).toBeUndefined();
      expect(ownedFieldsHash(object({}, { manager: 'kubectl', fields: { 'f:data': {} } }))).toBeUndefined();
      expect(ownedFieldsHash(object({}, { subresource: 'status', fields: { 'f:data': {} } }))).toBeUndefined();
    });

    it('counts what our updates hold together with what our apply holds', () => {
      const [a, b] = [{ 'f:data': { 'f:a': {} } }, { 'f:data': { 'f:b': {} } }];
      const data = { data: { a: '1', b: '1' } };
      const both = ownedFieldsHash(object(data, { fields: a }, { operation: 'Update', fields: b }));

      expect(both).toBe(ownedFieldsHash(object(data, { fields: { 'f:data': { 'f:a': {}, 'f:b': {} } } })));
      expect(
        ownedFieldsHash(object({ data: { a: '1', b: '2' } }, { fields: a }, { operation: 'Update', fields: b })),
      ).not.toBe(both);
    });

    it('is 32 hex characters that begin as what earlier versions recorded', () => {
      expect(hash({ data: { a: '1' } }, { 'f:data': { 'f:a': {} } })).toMatch(/^c203646a505786c5[0-9a-f]{16}$/);
    });

    it('changes with an owned value and not with one of another', () => {
      const fields = { 'f:data': { '.': {}, 'f:a': {} } };
      const base = hash({ data: { a: '1', b: '1' } }, fields);

      expect(hash({ data: { a: '1', b: '2' } }, fields)).toBe(base);
      expect(hash({ data: { a: '1' } }, fields)).toBe(base);
      expect(hash({ data: { a: '2', b: '1' } }, fields)).not.toBe(base);
    });

    it('changes when an owned field is gone or is not ours any more', () => {
      const both = { 'f:data': { 'f:a': {}, 'f:b': {} } };
      const base = hash({ data: { a: '1', b: '1' } }, both);

      expect(hash({ data: { a: '1' } }, both)).not.toBe(base);
      expect(hash({ data: { a: '1', b: '1' } }, { 'f:data': { 'f:a': {} } })).not.toBe(base);
      expect(hash({}, both)).not.toBe(base);
    });

    it('does not change with the bookkeeping of the server', () => {
      const fields = { 'f:data': { 'f:a': {} } };
      const before = object({ data: { a: '1' }, status: { phase: 'old' } }, { fields });
      const metadata = { ...(before['metadata'] as JsonObject), resourceVersion: '99', generation: 4, uid: 'u' };

      expect(ownedFieldsHash({ ...before, metadata, status: { phase: 'new' } })).toBe(ownedFieldsHash(before));
    });

    it('does not change with other managers, whatever they hold', () => {
      const mine = { fields: { 'f:data': { 'f:a': {} } } };
      const alone = ownedFieldsHash(object({ data: { a: '1' } }, mine));

      const others: readonly Managed[] = [
        { manager: 'kubectl', operation: 'Update', fields: { 'f:data': { 'f:b': {} } } },
        { manager: 'lynq-operator', operation: 'Update', subresource: 'status', fields: { 'f:status': {} } },
        { manager: 'lynq-operator-markers', operation: 'Update', fields: { 'f:metadata': {} } },
      ];
      expect(ownedFieldsHash(object({ data: { a: '1', b: '2' } }, ...others, mine))).toBe(alone);
    });

    it('changes with each owned value and stays with each other one, whatever the keys are', () => {
      fc.assert(
        fc.property(textMap(), textMap(), fc.nat(), (mine, others, pick) => {
          const keys = Object.keys(mine);
          const key = keys[pick % Math.max(1, keys.length)];
          fc.pre(key !== undefined);
          const fields = { 'f:data': Object.fromEntries(keys.map((name) => [`f:${name}`, {}])) };
          const own = Object.entries(mine);
          const foreign = Object.entries(others).filter(([name]) => !keys.includes(name));
          const base = hash({ data: Object.fromEntries(own) }, fields);

          expect(hash({ data: Object.fromEntries([...foreign, ...own.toReversed()]) }, fields)).toBe(base);
          const edited = own.map(([name, value]) => [name, name === key ? `${value}!` : value] as const);
          expect(hash({ data: Object.fromEntries(edited) }, fields)).not.toBe(base);
          expect(hash({ data: Object.fromEntries(own.filter(([name]) => name !== key)) }, fields)).not.toBe(base);
        }),
      );
    });

    it('follows k: elements to the list item with these keys, wherever it stands', () => {
      const fields = { 'f:spec': { 'f:containers': { 'k:{"name":"web"}': { '.': {}, 'f:image': {}, 'f:name': {} } } } };
      const web = { name: 'web', image: 'web:1', imagePullPolicy: 'Always' };
      const base = hash({ spec: { containers: [web] } }, fields);

      expect(hash({ spec: { containers: [{ name: 'injected' }, { ...web, imagePullPolicy: 'Never' }] } }, fields)).toBe(
        base,
      );
      expect(hash({ spec: { containers: [{ ...web, image: 'web:2' }] } }, fields)).not.toBe(base);
      expect(hash({ spec: { containers: [{ ...web, name: 'other' }] } }, fields)).not.toBe(base);
      expect(hash({ spec: { containers: [] } }, fields)).not.toBe(base);
    });

    it('follows k: elements with several keys of several types', () => {
      const fields = { 'f:ports': { 'k:{"containerPort":80,"protocol":"TCP"}': { 'f:name': {} } } };
      const base = hash({ ports: [{ name: 'http', protocol: 'TCP', containerPort: 80 }] }, fields);

      expect(
        hash(
          {
            ports: [
              { name: 'dns', protocol: 'UDP', containerPort: 80 },
              { containerPort: 80, protocol: 'TCP', name: 'http' },
            ],
          },
          fields,
        ),
      ).toBe(base);
      expect(hash({ ports: [{ name: 'http', protocol: 'TCP', containerPort: 81 }] }, fields)).not.toBe(base);
    });

    it('follows v: elements to the members of a set', () => {
      const fields = { 'f:metadata': { 'f:finalizers': { '.': {}, 'v:"mine/x"': {} } } };
      const base = hash({ metadata: { finalizers: ['mine/x'] } }, fields);

      expect(hash({ metadata: { finalizers: ['other/y', 'mine/x'] } }, fields)).toBe(base);
      expect(hash({ metadata: { finalizers: ['other/y'] } }, fields)).not.toBe(base);
    });

    it('follows i: elements to a place in a list', () => {
      const fields = { 'f:args': { 'i:1': {} } };

      expect(hash({ args: ['a', 'b'] }, fields)).toBe(hash({ args: ['z', 'b'] }, fields));
      expect(hash({ args: ['a', 'b'] }, fields)).not.toBe(hash({ args: ['a', 'c'] }, fields));
    });

    it('holds an atomic list or map as a whole', () => {
      expect(hash({ args: ['a', 'b'] }, { 'f:args': {} })).not.toBe(hash({ args: ['b', 'a'] }, { 'f:args': {} }));
      expect(hash({ selector: { app: 'a' } }, { 'f:selector': {} })).not.toBe(
        hash({ selector: { app: 'b' } }, { 'f:selector': {} }),
      );
    });

    it('counts a map that is ours only as such by its being there', () => {
      const fields = { 'f:metadata': { 'f:annotations': { '.': {} } } };
      const base = hash({ metadata: { annotations: { theirs: '1' } } }, fields);

      expect(hash({ metadata: { annotations: { theirs: '2', more: '3' } } }, fields)).toBe(base);
      expect(hash({}, fields)).not.toBe(base);
    });

    it('does not change when another manager fills a map that we applied empty', () => {
      const mine = { fields: { 'f:spec': { 'f:resources': {} } } };
      const theirs = {
        manager: 'autoscaler',
        operation: 'Update',
        fields: { 'f:spec': { 'f:resources': { 'f:requests': { '.': {}, 'f:cpu': {} } } } },
      };

      const before = ownedFieldsHash(object({ spec: { resources: {} } }, mine));
      expect(ownedFieldsHash(object({ spec: { resources: { requests: { cpu: '1' } } } }, mine, theirs))).toBe(before);
    });

    it('tells an absent key from what every JavaScript object has by nature', () => {
      for (const key of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
        const fields = { 'f:data': { [`f:${key}`]: {}, 'f:a': {} } };
        const own = JSON.parse(`{"a":"1","${key}":"x"}`) as JsonObject;

        expect(hash({ data: own }, fields)).not.toBe(hash({ data: { a: '1' } }, fields));
      }
    });

    it('takes an absent __proto__ for absent', () => {
      const present = { data: JSON.parse('{"__proto__":{}}') as JsonObject };
      const fields = { 'f:data': { 'f:__proto__': {} } };

      expect(hash(present, fields)).not.toBe(hash({ data: {} }, fields));
    });

    it('keeps keys with dots, slashes and colons apart', () => {
      const fields = { 'f:data': { 'f:a.b/c:d': {}, 'f:k:{"name":"x"}': {} } };

      expect(hash({ data: { 'a.b/c:d': '1', 'k:{"name":"x"}': '1' } }, fields)).not.toBe(
        hash({ data: { 'a.b/c:d': '1', 'k:{"name":"x"}': '2' } }, fields),
      );
    });
  });

  it('sees our hand in any entry of our manager', () => {
    expect(writtenByUs(object({}, { operation: 'Update', fields: {} }))).toBe(true);
    expect(writtenByUs(object({}, { manager: 'lynq-operator-markers', fields: {} }))).toBe(false);
    expect(writtenByUs({})).toBe(false);
  });

  describe('managerKind', () => {
    const replicas = { 'f:spec': { 'f:replicas': {} } };
    const image = { 'f:spec': { 'f:containers': { 'k:{"name":"web"}': { '.': {}, 'f:image': {} } } } };
    const kind = (field: string, ...managed: readonly Managed[]) => managerKind(object({}, ...managed), 'm', field);

    it.each<[string, Managed]>([
      ['apply', { manager: 'm', operation: 'Apply', fields: replicas }],
      ['subresource', { manager: 'm', operation: 'Update', subresource: 'scale', fields: replicas }],
      ['update', { manager: 'm', operation: 'Update', fields: replicas }],
      ['unknown', { manager: 'other', operation: 'Update', fields: replicas }],
    ])('finds that a manager holds a field by %s', (expected, managed) => {
      expect(kind('.spec.replicas', managed)).toBe(expected);
    });

    it('looks at the entry that holds the field, in a list of objects as well', () => {
      const managed: readonly Managed[] = [
        { manager: 'm', operation: 'Apply', fields: replicas },
        { manager: 'm', operation: 'Update', fields: image },
      ];

      expect(kind('.spec.containers[name="web"].image', ...managed)).toBe('update');
      expect(kind('.spec.replicas', ...managed)).toBe('apply');
    });

    it('takes the strongest hold of a manager where the field cannot be found', () => {
      const managed: readonly Managed[] = [
        { manager: 'm', operation: 'Update', fields: image },
        { manager: 'm', operation: 'Apply', fields: replicas },
      ];

      expect(kind('.spec.paused', ...managed)).toBe('apply');
    });
  });
});
