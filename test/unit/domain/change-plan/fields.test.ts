import { describe, expect, it } from 'vitest';
import { changedFields } from '../../../../domain/change-plan/fields.ts';
import type { JsonObject } from '../../../../domain/api/json.ts';

const deployment = (image: string, replicas: number): JsonObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: {
    name: 'app',
    uid: String(replicas),
    resourceVersion: image,
    generation: replicas,
    managedFields: [{ manager: image }],
    annotations: { 'lynq.sh/applied-hash': image, team: 'a' },
  },
  spec: {
    replicas,
    template: {
      spec: {
        containers: [
          { name: 'app', image },
          { name: 'side', image: 'side' },
        ],
      },
    },
  },
  status: { replicas },
});

describe('domain/change-plan/fields', () => {
  it('names what differs, list elements by their names, and nothing that only the server or we keep', () => {
    expect(changedFields(deployment('v1', 2), deployment('v2', 3))).toEqual([
      { path: '.spec.replicas', before: 2, after: 3 },
      { path: '.spec.template.spec.containers[name=app].image', before: 'v1', after: 'v2' },
    ]);
  });

  it('finds nothing between an object and itself after another write', () => {
    const object = deployment('v1', 2);
    expect(
      changedFields(object, { ...object, metadata: { ...(object['metadata'] as JsonObject), resourceVersion: '9' } }),
    ).toEqual([]);
  });

  it('tells what is new or gone by its leaves, and quotes keys that need it', () => {
    const before = { kind: 'A', spec: { gone: { a: 1 } } };
    const after = { kind: 'A', spec: { added: { 'x.y/z': [1] } } };
    expect(changedFields(before, after)).toEqual([
      { path: '.spec.added["x.y/z"]', before: undefined, after: [1] },
      { path: '.spec.gone.a', before: 1, after: undefined },
    ]);
  });

  it('tells a map that became a text, an empty map that appeared, and the length of plain lists', () => {
    expect(changedFields({ a: { b: 1 }, list: ['x'] }, { a: 'b', empty: {}, list: ['x', 'y'] })).toEqual([
      { path: '.a', before: { b: 1 }, after: 'b' },
      { path: '.empty', before: undefined, after: {} },
      { path: '.list[1]', before: undefined, after: 'y' },
    ]);
  });
});
