import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type FieldPath,
  fieldPathLimits,
  type FieldStep,
  fieldPathText,
  parseFieldPath,
  parseIgnoreFields,
} from '../../../../domain/policies/field-path.ts';

const name = (text: string): FieldStep => ({ kind: 'name', name: text });
const pathOf = (text: string): FieldPath => {
  const parsed = parseFieldPath(text);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.path;
};
const problemOf = (text: string): string => {
  const parsed = parseFieldPath(text);
  return parsed.ok ? `taken as ${fieldPathText(parsed.path)}` : parsed.problem;
};

const scalar = fc.oneof(fc.string({ maxLength: 8 }), fc.integer(), fc.boolean(), fc.constant(null));
const step: fc.Arbitrary<FieldStep> = fc.oneof(
  fc.record({ kind: fc.constant('name' as const), name: fc.string({ maxLength: 12, unit: 'binary' }) }),
  fc.record({ kind: fc.constant('index' as const), index: fc.nat(99_999) }),
  fc.record({ kind: fc.constant('any' as const) }),
  fc.record({
    kind: fc.constant('filter' as const),
    tests: fc.array(
      fc.record({ path: fc.array(fc.string({ maxLength: 6 }), { maxLength: 2 }), equal: fc.boolean(), value: scalar }),
      { minLength: 1, maxLength: 3 },
    ),
  }),
);
const path = fc.array(step, { maxLength: 6 }).map((steps): FieldPath => [name('spec'), ...steps]);

describe('domain/policies/field-path', () => {
  it.each<[string, FieldPath]>([
    ['$.spec.replicas', [name('spec'), name('replicas')]],
    ['spec.replicas', [name('spec'), name('replicas')]],
    ['.spec.replicas', [name('spec'), name('replicas')]],
    ['$[\'spec\']["replicas"]', [name('spec'), name('replicas')]],
    ['$.spec.a-b', [name('spec'), name('a-b')]],
    [
      "$.metadata.annotations['example.com/checksum']",
      [name('metadata'), name('annotations'), name('example.com/checksum')],
    ],
    ['$.spec.list[0].x', [name('spec'), name('list'), { kind: 'index', index: 0 }, name('x')]],
    ['$.spec.list[*].x', [name('spec'), name('list'), { kind: 'any' }, name('x')]],
    ['$.data.*', [name('data'), { kind: 'any' }]],
    [
      '$.spec.c[?(@.name=="web")].image',
      [
        name('spec'),
        name('c'),
        { kind: 'filter', tests: [{ path: ['name'], equal: true, value: 'web' }] },
        name('image'),
      ],
    ],
    [
      "$.spec.ports[?@.port == 80 && @['protocol'] != 'UDP']",
      [
        name('spec'),
        name('ports'),
        {
          kind: 'filter',
          tests: [
            { path: ['port'], equal: true, value: 80 },
            { path: ['protocol'], equal: false, value: 'UDP' },
          ],
        },
      ],
    ],
    [
      '$.spec.finalizers[?(@=="kubernetes")]',
      [name('spec'), name('finalizers'), { kind: 'filter', tests: [{ path: [], equal: true, value: 'kubernetes' }] }],
    ],
    ["$.data['it\\'s \"so\"']", [name('data'), name('it\'s "so"')]],
  ])('reads %s', (text, expected) => {
    expect(pathOf(text)).toEqual(expected);
  });

  it('means all labels and all annotations one by one, since ours are among them', () => {
    expect(pathOf('$.metadata.labels')).toEqual(pathOf('$.metadata.labels[*]'));
    expect(pathOf('metadata.annotations')).toEqual(pathOf('metadata.annotations.*'));
  });

  it.each([
    ['', 'a field name expected at character 1'],
    ['$', 'whole object'],
    ['$.', 'a field name expected at character 3'],
    ['$.spec.', 'a field name expected'],
    ['$..replicas', "'..' is not supported"],
    ['$.spec..x', "'..' is not supported"],
    ['$.spec[1:2]', 'slices and unions are not supported'],
    ['$.spec[0,1]', 'slices and unions are not supported'],
    ['$.spec[-1]', 'slices and unions are not supported'],
    ['$.spec["a"', "']' expected"],
    ['$.spec["a]', 'expected'],
    ['$.spec["\\q"]', 'escape'],
    ['$.spec[?(@.a=="b"]', "')' expected"],
    ['$.spec[?(@.a)]', "'==' or '!=' expected"],
    ['$.spec[?(@.a==b)]', 'a quoted text, number, true, false or null expected'],
    ['$.spec[?(length(@.a)==1)]', "'@' expected"],
    ['$.*', 'must begin with the name of a field'],
    ['$[0].x', 'must begin with the name of a field'],
    ['$.kind', 'kind cannot be ignored'],
    ['$.apiVersion', 'apiVersion cannot be ignored'],
    ['$.metadata', 'only labels, annotations and finalizers'],
    ['$.metadata.name', 'only labels, annotations and finalizers'],
    ['$.metadata[*]', 'only labels, annotations and finalizers'],
    ['$.metadata.ownerReferences', 'only labels, annotations and finalizers'],
    ["$.metadata.labels['lynq.sh/node']", 'lynq.sh/ cannot be ignored'],
    ['$.spec x', 'expected'],
  ])('refuses %j and says why', (text, problem) => {
    expect(problemOf(text)).toContain(problem);
  });

  it('has limits on length, steps, comparisons and paths', () => {
    expect(problemOf(`$.spec.${'x'.repeat(fieldPathLimits.characters)}`)).toContain('longer than');
    expect(problemOf(`$${'.x'.repeat(fieldPathLimits.steps + 1)}`)).toContain('more than 32 steps');
    const comparisons = Array.from({ length: fieldPathLimits.tests + 1 }, () => '@.a==1').join(' && ');
    expect(problemOf(`$.spec[?(${comparisons})]`)).toContain('more than 8 comparisons');
    const many = Array.from({ length: fieldPathLimits.paths + 1 }, () => '$.spec.x');
    expect(parseIgnoreFields('web', many)).toEqual({
      paths: [],
      problems: ["invalid ignoreFields in resource 'web': more than 64 paths"],
    });
  });

  it('names entry and path of what it cannot read, and keeps the rest', () => {
    const { paths, problems } = parseIgnoreFields('web', ['$.spec.replicas', '$..x']);
    expect(paths).toEqual([pathOf('$.spec.replicas')]);
    expect(problems).toEqual([
      `invalid ignoreFields in resource 'web': invalid JSONPath "$..x": '..' is not supported; name the whole path`,
    ]);
  });

  it('takes a backslash before a quote for a text, whichever quotes are around it', () => {
    const name = String.raw`a\'b"c`;
    const step = { kind: 'name', name };

    expect(pathOf(String.raw`$.spec["a\\'b\"c"]`)).toEqual([{ kind: 'name', name: 'spec' }, step]);
    expect(pathOf(String.raw`$.spec['a\\\'b"c']`)).toEqual([{ kind: 'name', name: 'spec' }, step]);
    expect(pathOf(String.raw`$.spec['it\'s']`)).toEqual([
      { kind: 'name', name: 'spec' },
      { kind: 'name', name: "it's" },
    ]);
  });

  it('reads back what it writes, whatever the names and values are', () => {
    fc.assert(
      fc.property(path, (written) => {
        const text = fieldPathText(written);
        fc.pre(text.length <= fieldPathLimits.characters);
        expect(pathOf(text)).toEqual(written);
      }),
    );
  });

  it('answers any text with a path or a problem, and soon', () => {
    const token = fc.constantFrom(
      '$',
      '.',
      '..',
      '[',
      ']',
      '*',
      '?',
      '(',
      ')',
      '@',
      '==',
      '&&',
      "'",
      '"',
      '\\',
      'a',
      '0',
      ' ',
    );
    const text = fc.oneof(
      fc.string({ maxLength: 100 }),
      fc.array(token, { maxLength: 200 }).map((tokens) => tokens.join('')),
    );
    fc.assert(
      fc.property(text, (any) => {
        const parsed = parseFieldPath(any);
        if (parsed.ok) expect(parseFieldPath(fieldPathText(parsed.path))).toEqual(parsed);
        else expect(parsed.problem).not.toBe('');
      }),
      { numRuns: 2_000 },
    );
  });
});
