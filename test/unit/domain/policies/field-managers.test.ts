import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../domain/api/json.ts';
import { parseIgnoreFields } from '../../../../domain/policies/field-path.ts';
import {
  foldedManagers,
  hasMovableFields,
  managersPatch,
  renamedManagers,
} from '../../../../domain/policies/field-managers.ts';
import { noon } from '../../../support/builders/node-pass.ts';

type Entry = readonly [manager: string, operation: 'Apply' | 'Update', fields: JsonObject, subresource?: string];

const f = (...keys: readonly string[]): JsonObject => Object.fromEntries(keys.map((key) => [`f:${key}`, {}]));
const data = (...keys: readonly string[]): JsonObject => ({ 'f:data': f(...keys) });
const stamped = (fields: JsonObject): JsonObject => ({
  ...fields,
  'f:metadata': { 'f:annotations': f('lynq.sh/apply-start-time') },
});

function live(content: JsonObject, ...entries: readonly Entry[]): JsonObject {
  const managedFields = entries.map(([manager, operation, fieldsV1, subresource]) => ({
    manager,
    operation,
    apiVersion: 'v1',
    fieldsType: 'FieldsV1',
    fieldsV1,
    ...(subresource === undefined ? {} : { subresource }),
  }));
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    data: content,
    metadata: { name: 'x', resourceVersion: '7', managedFields },
  };
}

/** The entries after folding, as short as they were given. */
function folded(object: JsonObject, body: JsonObject, ...ignored: readonly string[]): readonly unknown[] | undefined {
  const { paths } = parseIgnoreFields('x', ignored);
  const writing = { body: { apiVersion: 'v1', kind: 'ConfigMap', ...body }, ignored: paths, now: noon };
  return foldedManagers(object, writing)?.map((entry) => [entry['manager'], entry['operation'], entry['fieldsV1']]);
}

describe('domain/policies/field-managers', () => {
  describe('foldedManagers', () => {
    it('leaves everything as it is when an apply already does what is wanted', () => {
      expect(folded(live({ a: '1' }, ['lynq-operator', 'Apply', data('a')]), { data: { a: '1' } })).toBeUndefined();
      expect(folded(live({ a: '1' }), { data: { a: '1' } })).toBeUndefined();
    });

    it('leaves an update entry alone while the form names all its fields, and folds it when one is dropped', () => {
      const object = live(
        { a: '1', b: '1' },
        ['lynq-operator', 'Apply', data('a')],
        ['lynq-operator', 'Update', data('b')],
      );
      expect(folded(object, { data: { a: '1', b: '1' } })).toBeUndefined();
      expect(folded(object, { data: { a: '1' } })).toEqual([['lynq-operator', 'Apply', data('a', 'b')]]);
    });

    it('makes an apply entry of an update entry where there is none', () => {
      expect(folded(live({ b: '1' }, ['lynq-operator', 'Update', data('b')]), { data: {} })).toEqual([
        ['lynq-operator', 'Apply', data('b')],
      ]);
    });

    it('folds what the Go operator wrote, whatever its binary is called, and nobody else', () => {
      const entries: readonly Entry[] = [
        ['manager', 'Update', stamped(data('a', 'b'))],
        ['manager', 'Update', { 'f:status': {} }, 'status'],
        ['kubectl-edit', 'Update', data('c')],
      ];
      const content = { a: '1', b: '1', c: '1' };
      expect(folded(live(content, ...entries), { data: { a: '1' } })).toEqual([
        ['manager', 'Update', { 'f:status': {} }],
        ['kubectl-edit', 'Update', data('c')],
        ['lynq-operator', 'Apply', stamped(data('a', 'b'))],
      ]);
    });

    it('needs no write of its own to take over an object whose fields the form still names', () => {
      expect(folded(live({ a: '1' }, ['manager', 'Update', stamped(data('a'))]), { data: { a: '1' } })).toBeUndefined();
    });

    it('takes an item whose default key the form leaves out for named', () => {
      const fields = { 'f:spec': { 'f:ports': { 'k:{"port":80,"protocol":"TCP"}': { '.': {}, 'f:port': {} } } } };
      const object = {
        ...live({}, ['lynq-operator', 'Update', fields]),
        spec: { ports: [{ port: 80, protocol: 'TCP' }] },
      };
      expect(folded(object, { spec: { ports: [{ port: 80 }] } })).toBeUndefined();
    });

    it('hands ignored fields that we hold alone to a manager of their own', () => {
      const object = live({ a: '1', b: '1' }, ['lynq-operator', 'Apply', data('a', 'b')]);
      expect(folded(object, { data: { a: '1' } }, '$.data.b')).toEqual([
        ['lynq-operator', 'Apply', data('a')],
        ['lynq-operator-ignored', 'Update', data('b')],
      ]);
    });

    it('does not hand over what another holds as well', () => {
      const object = live(
        { a: '1', b: '1' },
        ['lynq-operator', 'Apply', data('a', 'b')],
        ['autoscaler', 'Update', data('b'), 'scale'],
      );
      expect(folded(object, { data: { a: '1' } }, '$.data.b')).toBeUndefined();
    });

    it('takes back what is not ignored any more, and nothing else', () => {
      const object = live(
        { a: '1', b: '1', c: '1' },
        ['lynq-operator', 'Apply', data('a')],
        ['lynq-operator-ignored', 'Update', data('b', 'c')],
      );
      expect(folded(object, { data: { a: '1', c: '1' } }, '$.data.b')).toEqual([
        ['lynq-operator', 'Apply', data('a', 'c')],
        ['lynq-operator-ignored', 'Update', data('b')],
      ]);
    });

    it('hands over single fields of the items of a list', () => {
      const item = (...keys: readonly string[]) => ({ '.': {}, ...f('name', ...keys) });
      const fields = { 'f:spec': { 'f:c': { 'k:{"name":"a"}': item('image'), 'k:{"name":"b"}': item('image') } } };
      const object = {
        ...live({}, ['lynq-operator', 'Apply', fields]),
        spec: {
          c: [
            { name: 'a', image: '1' },
            { name: 'b', image: '2' },
          ],
        },
      };
      expect(folded(object, {}, '$.spec.c[?(@.name=="b")].image')).toEqual([
        [
          'lynq-operator',
          'Apply',
          { 'f:spec': { 'f:c': { 'k:{"name":"a"}': item('image'), 'k:{"name":"b"}': item() } } },
        ],
        ['lynq-operator-ignored', 'Update', { 'f:spec': { 'f:c': { 'k:{"name":"b"}': f('image') } } }],
      ]);
    });

    it('does not mix the fields of two versions', () => {
      const object = live({ a: '1' }, ['lynq-operator', 'Update', data('a')]);
      expect(folded(object, { apiVersion: 'v2', data: {} })).toBeUndefined();
    });
  });

  it('knows from managedFields alone whether there may be something to move', () => {
    expect(hasMovableFields(live({}, ['lynq-operator', 'Apply', data('a')], ['x', 'Update', data('b')]))).toBe(false);
    expect(hasMovableFields(live({}, ['lynq-operator', 'Update', data('a')]))).toBe(true);
    expect(hasMovableFields(live({}, ['manager', 'Update', stamped({})]))).toBe(true);
    expect(hasMovableFields(live({}, ['lynq-operator-ignored', 'Update', data('a')]))).toBe(true);
    expect(hasMovableFields(live({}, ['lynq-operator', 'Update', data('a'), 'status']))).toBe(false);
  });

  it('brings the entries of the Go operator under our name, together with ours', () => {
    const object = live(
      {},
      ['manager', 'Update', stamped(data('a'))],
      ['lynq-operator', 'Update', data('b')],
      ['kubectl', 'Update', data('c')],
    );
    expect(renamedManagers(object, noon)?.map((entry) => [entry['manager'], entry['fieldsV1']])).toEqual([
      ['kubectl', data('c')],
      ['lynq-operator', stamped(data('a', 'b'))],
    ]);
    expect(renamedManagers(live({}, ['kubectl', 'Update', data('c')]), noon)).toBeUndefined();
  });

  it('writes managedFields onto the version they were computed from, or not at all', () => {
    expect(managersPatch(live({}), [])).toEqual([
      { op: 'replace', path: '/metadata/managedFields', value: [] },
      { op: 'replace', path: '/metadata/resourceVersion', value: '7' },
    ]);
  });
});
