import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../domain/api/json.ts';
import { ownedFieldsHash } from '../../../../domain/owned-fields.ts';
import { type FieldPath, parseIgnoreFields } from '../../../../domain/policies/field-path.ts';
import {
  ignoredAnnotation,
  ignoredPaths,
  updateBody,
  withoutFields,
} from '../../../../domain/policies/ignored-fields.ts';

const paths = (...texts: readonly string[]): readonly FieldPath[] => parseIgnoreFields('x', texts).paths;
const held = (fieldsV1: JsonObject, change: JsonObject = {}): JsonObject => ({
  manager: 'lynq-operator',
  operation: 'Apply',
  apiVersion: 'v1',
  fieldsType: 'FieldsV1',
  fieldsV1,
  ...change,
});

describe('domain/policies/ignored-fields', () => {
  describe('withoutFields', () => {
    const object = {
      metadata: { labels: { team: 'a', 'lynq.sh/node': 'n' } },
      spec: {
        replicas: 1,
        containers: [
          { name: 'a', image: '1' },
          { name: 'b', image: '2' },
        ],
      },
    };

    it.each<[string, unknown]>([
      ['$.spec.replicas', { ...object, spec: { containers: object.spec.containers } }],
      [
        '$.spec.containers[?(@.name=="a")].image',
        { ...object, spec: { replicas: 1, containers: [{ name: 'a' }, { name: 'b', image: '2' }] } },
      ],
      ['$.spec.containers[*].image', { ...object, spec: { replicas: 1, containers: [{ name: 'a' }, { name: 'b' }] } }],
      ['$.spec.containers[1]', { ...object, spec: { replicas: 1, containers: [{ name: 'a', image: '1' }] } }],
      [
        '$.spec.containers[?(@.name!="a")]',
        { ...object, spec: { replicas: 1, containers: [{ name: 'a', image: '1' }] } },
      ],
      ['$.spec.nothing.there', object],
      ['$.metadata.labels', { ...object, metadata: { labels: { 'lynq.sh/node': 'n' } } }],
    ])('takes out %s and nothing else, never our own keys', (text, expected) => {
      expect(withoutFields(object, paths(text))).toEqual(expected);
    });

    it('does not take a filter on a list for one on a map', () => {
      expect(withoutFields({ spec: { a: { x: 1 } } }, paths('$.spec[?(@.x==1)]'))).toEqual({ spec: { a: { x: 1 } } });
    });
  });

  describe('the annotation', () => {
    it('gives back the paths it was made of', () => {
      const some = paths('spec.replicas', '$.spec.c[?(@.name=="web")].image');
      expect(
        ignoredPaths({ metadata: { annotations: { 'lynq.sh/ignored-fields': ignoredAnnotation(some) } } }),
      ).toEqual(some);
    });

    it.each(['', '{', '{}', '[1]', '["$.kind"]', '["$..x"]'])('is nothing when it is %j', (text) => {
      expect(ignoredPaths({ metadata: { annotations: { 'lynq.sh/ignored-fields': text } } })).toEqual([]);
    });
  });

  describe('the baseline of an object that leaves fields to others', () => {
    const fields = { 'f:spec': { 'f:replicas': {}, 'f:paused': {} } };
    const object = (spec: JsonObject, own: JsonObject = fields): JsonObject => ({
      metadata: {
        annotations: { 'lynq.sh/ignored-fields': '["$.spec.replicas"]' },
        managedFields: [held(own)],
      },
      spec,
    });
    const base = ownedFieldsHash(object({ replicas: 1, paused: false }));

    it('does not change with their value, nor when another takes them', () => {
      expect(ownedFieldsHash(object({ replicas: 5, paused: false }))).toBe(base);
      expect(ownedFieldsHash(object({ replicas: 5, paused: false }, { 'f:spec': { 'f:paused': {} } }))).toBe(base);
    });

    it('changes with every other field of ours', () => {
      expect(ownedFieldsHash(object({ replicas: 1, paused: true }))).not.toBe(base);
      expect(ownedFieldsHash(object({ replicas: 1, paused: false }, { 'f:spec': { 'f:replicas': {} } }))).not.toBe(
        base,
      );
    });
  });

  describe('updateBody', () => {
    const live = (content: JsonObject, ...managedFields: readonly JsonObject[]): JsonObject => ({
      ...content,
      metadata: { managedFields },
    });

    it('leaves out what the server merges by itself', () => {
      const object = live({ spec: { replicas: 9 } }, held({ 'f:spec': { 'f:replicas': {} } }));
      expect(updateBody({ spec: { replicas: 1, paused: true } }, object, paths('$.spec.replicas'), 'atomic')).toEqual({
        spec: { paused: true },
      });
    });

    it('sends live values inside of a list that the server takes whole', () => {
      const object = live({ spec: { rules: [{ host: 'live', a: 1 }] } }, held({ 'f:spec': { 'f:rules': {} } }));
      expect(
        updateBody({ spec: { rules: [{ host: 'ours', a: 2 }] } }, object, paths('$.spec.rules[*].host'), 'atomic'),
      ).toEqual({
        spec: { rules: [{ host: 'live', a: 2 }] },
      });
    });

    it('finds the live item of a keyed list by its keys, wherever it stands', () => {
      const fields = { 'f:spec': { 'f:c': { 'k:{"name":"a"}': { 'f:x': {} }, 'k:{"name":"b"}': { 'f:x': {} } } } };
      const object = live(
        {
          spec: {
            c: [
              { name: 'b', x: 'live b' },
              { name: 'a', x: 'live a' },
            ],
          },
        },
        held(fields),
      );
      const body = {
        spec: {
          c: [
            { name: 'a', x: 'ours', y: 1 },
            { name: 'b', x: 'ours' },
          ],
        },
      };
      expect(updateBody(body, object, paths('$.spec.c[?(@.name=="a")].x'), 'all')).toEqual({
        spec: {
          c: [
            { name: 'a', x: 'live a', y: 1 },
            { name: 'b', x: 'ours' },
          ],
        },
      });
    });

    it('keeps, in a PUT, ignored fields and items that the form never named', () => {
      const object = live({ spec: { replicas: 9, c: [{ name: 'a' }, { name: 'injected', image: 'i' }] } });
      const body = { spec: { c: [{ name: 'a' }] } };
      expect(updateBody(body, object, paths('$.spec.replicas', '$.spec.c[?(@.name=="injected")]'), 'all')).toEqual({
        spec: { replicas: 9, c: [{ name: 'a' }, { name: 'injected', image: 'i' }] },
      });
    });

    it('does not send back, in a PUT, what is not there any more', () => {
      expect(updateBody({ data: { a: '1', b: '2' } }, live({ data: { a: '1' } }), paths('$.data.b'), 'all')).toEqual({
        data: { a: '1' },
      });
    });

    it('keeps live values in every list of a JSON merge patch, and leaves out of maps', () => {
      const object = live({ spec: { n: 1, list: [{ a: 'live', b: 1 }] } });
      const body = { spec: { n: 2, list: [{ a: 'ours', b: 2 }] } };
      expect(updateBody(body, object, paths('$.spec.n', '$.spec.list[0].a'), 'lists')).toEqual({
        spec: { list: [{ a: 'live', b: 2 }] },
      });
    });
  });
});
