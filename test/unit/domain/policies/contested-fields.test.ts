import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../domain/api/json.ts';
import { contestedFields } from '../../../../domain/policies/contested-fields.ts';

const live = (content: JsonObject, manager: string, fieldsV1: JsonObject): JsonObject => ({
  ...content,
  metadata: { managedFields: [{ manager, operation: 'Update', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1 }] },
});

describe('domain/policies/contested-fields', () => {
  const fields = { 'f:data': { '.': {}, 'f:a': {}, 'f:b': {} } };

  it('names the fields that another holds with another value than we send', () => {
    const object = live({ data: { a: 'theirs', b: 'same' } }, 'kubectl', fields);
    expect(contestedFields(object, { data: { a: 'ours', b: 'same' } })).toEqual([
      { manager: 'kubectl', field: '.data.a' },
    ]);
  });

  it('does not count what we do not send', () => {
    expect(contestedFields(live({ data: { a: 'theirs' } }, 'kubectl', fields), { data: { c: 'ours' } })).toEqual([]);
  });

  it.each(['lynq-operator', 'lynq-operator-ignored', 'lynq-operator-markers'])(
    'does not count what %s holds',
    (manager) => {
      expect(contestedFields(live({ data: { a: 'theirs' } }, manager, fields), { data: { a: 'ours' } })).toEqual([]);
    },
  );

  it('takes a value with defaults of the server for the same', () => {
    const rules = { 'f:spec': { 'f:rules': {} } };
    const object = live({ spec: { rules: [{ host: 'a', pathType: 'Prefix' }] } }, 'kubectl', rules);
    expect(contestedFields(object, { spec: { rules: [{ host: 'a' }] } })).toEqual([]);
    expect(contestedFields(object, { spec: { rules: [{ host: 'b' }] } })).toEqual([
      { manager: 'kubectl', field: '.spec.rules' },
    ]);
  });
});
