import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withEncodedData } from '../../../activities/node/render.ts';
import { type JsonObject, mapAt } from '../../../domain/api/json.ts';
import { desiredChildren } from '../../../domain/child.ts';
import { mergedTextMaps, notTexts, textMapProblem } from '../../../domain/text-maps.ts';
import { json } from '../../support/builders/arbitraries.ts';
import { aConfigMap, anEntry, anIdentity, hubKey, rendered } from '../../support/builders/resources.ts';

const map = fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), json);
const secret = (members: JsonObject): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'credentials' },
  ...members,
});

const withValue = (all: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(all).filter(([, value]) => value !== null));
const unowned = (all: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(all).filter(([key]) => !key.startsWith('lynq.sh/')));

describe('domain/text-maps', () => {
  it('a child has every label and annotation of its object that has a value, whatever that is', () => {
    fc.assert(
      fc.property(map, map, (labels, annotations) => {
        const object = aConfigMap('settings', { metadata: { labels, annotations } });
        const [child] = desiredChildren(anIdentity(), [rendered(object, anEntry('settings'))], hubKey);

        const sent = (key: string) => unowned(mapAt(child?.body, 'metadata', key));
        expect(sent('labels')).toEqual(withValue(labels));
        expect(sent('annotations')).toEqual(withValue(annotations));
      }),
    );
  });

  it('a Secret has every key of its data, and every one of its stringData that has a value, whatever that is', () => {
    fc.assert(
      fc.property(map, map, (data, stringData) => {
        const sent = withEncodedData(secret({ data, stringData }));

        const keys = { ...mapAt(sent, 'data'), ...mapAt(sent, 'stringData') };
        const wanted = Object.keys({ ...data, ...withValue(stringData) });
        expect(Object.keys(keys)).toEqual(expect.arrayContaining(wanted));
      }),
    );
  });

  it('encodes stringData over data, and over a data that is null', () => {
    expect(withEncodedData(secret({ data: { a: 'YQ==', b: 'Yg==' }, stringData: { b: 'c' } }))).toEqual(
      secret({ data: { a: 'YQ==', b: 'Yw==' } }),
    );
    expect(withEncodedData(secret({ data: null, stringData: { b: 'c' } }))).toEqual(secret({ data: { b: 'Yw==' } }));
  });

  it.each<[JsonObject, string]>([
    [
      { metadata: { annotations: { 'prometheus.io/scrape': true } } },
      'metadata.annotations["prometheus.io/scrape"] must be text, not true or false; write it in quotes',
    ],
    [
      { metadata: { labels: { version: 1.1 } } },
      'metadata.labels.version must be text, not a number; write it in quotes',
    ],
    [{ metadata: { labels: { a: { b: 'c' } } } }, 'metadata.labels.a must be text, not a map; write it in quotes'],
    [{ metadata: { labels: 'hello' } }, 'metadata.labels must be a map, not a text'],
    [{ metadata: { annotations: [] } }, 'metadata.annotations must be a map, not a list'],
    [{ metadata: [] }, 'metadata must be a map, not a list'],
    [{ stringData: { port: 5432 } }, 'stringData.port must be text, not a number; write it in quotes'],
    [{ stringData: 'hello' }, 'stringData must be a map, not a text'],
  ])('refuses %j', (members, message) => {
    expect(textMapProblem(secret(members), secret(members))).toBe(message);
  });

  it('leaves out what has no value, beside one that has', () => {
    const form = secret({
      metadata: { name: 'credentials', labels: { a: null, b: 'c' }, annotations: { a: null } },
      stringData: { a: null, b: 'c' },
    });
    const object = withEncodedData(form);
    const [child] = desiredChildren(anIdentity(), [rendered(object, anEntry('settings'))], hubKey);

    expect(textMapProblem(form, object)).toBeUndefined();
    expect(object['data']).toEqual({ b: 'Yw==' });
    expect(object).not.toHaveProperty('stringData');
    expect(unowned(mapAt(child?.body, 'metadata', 'labels'))).toEqual({ b: 'c' });
    expect(unowned(mapAt(child?.body, 'metadata', 'annotations'))).toEqual({});
  });

  it('refuses a number beside what has no value', () => {
    const form = secret({ stringData: { a: null, port: 5432 } });

    expect(textMapProblem(form, withEncodedData(form))).toContain('stringData.port must be text, not a number');
  });

  it('has nothing against texts, and against maps that are null or not there', () => {
    const objects = [{}, { metadata: null }, { metadata: { labels: null, annotations: {} }, stringData: null }];

    expect(objects.map((members) => textMapProblem(secret(members), secret(members)))).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('sees labels that were no map also when the form has a template for others', () => {
    const form = aConfigMap('settings', { metadata: { labels: 'hello' } });
    const made = aConfigMap('settings', { metadata: { labels: { tier: 'web' } } });

    expect(textMapProblem(form, made)).toBe('metadata.labels must be a map, not a text');
  });

  it('never quotes a value', () => {
    const object = secret({ stringData: { port: 54321987 }, metadata: { labels: { a: ['54321987'] } } });

    expect(JSON.stringify(notTexts(object, mergedTextMaps(object)))).not.toContain('54321987');
  });
});
