import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renderScalar, workClock } from '../../../template/index.ts';
import { checkedTree, ForgedTreeError } from '../../../template/compile/whitelist.ts';
import { content, program, statement, text } from '../../../template/compile/factory.ts';
import { newFrame, type Emission } from '../../../template/compile/emitter.ts';
import { emitList } from '../../../template/compile/statements.ts';
import { functionOf } from '../../../template/functions/registry.ts';
import { parseTemplate } from '../../../template/language/parser.ts';
import { compileProgram } from '../../../template/runtime/environment.ts';
import { helpers, type HelperTable } from '../../../template/runtime/helpers.ts';
import { compileUnit } from '../../../template/compile/unit.ts';
import { FieldContext, newUsage } from '../../../template/form/field-context.ts';
import { runUnit } from '../../../template/runtime/run.ts';
import { goMap } from '../../../template/values.ts';
import { objectOf, render, resource } from './forms.ts';

const prototypeKeys = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'valueOf',
  '__defineGetter__',
  'then',
  '__lookupGetter__',
  'isPrototypeOf',
];
const at = { line: 1, column: 1 };

describe('template/index', () => {
  it.each(prototypeKeys)('treats %s as a key like any other', (key) => {
    const before = Object.getOwnPropertyNames(Object.prototype).sort();
    for (const source of [
      `{{ .${key} }}`,
      `{{ .x.${key} }}`,
      `{{ (fromJson "{}").${key} }}`,
      `{{ $.${key}.${key} }}`,
    ]) {
      expect(renderScalar(source, { x: 'text' })).toMatchObject({ ok: false, problem: { class: 'exec' } });
    }
    expect(renderScalar(`{{ index . "${key}" }}`, { x: 1 })).toEqual({ ok: true, text: '<no value>' });
    const json = `{"${key}":{"a":"own"}}`;
    expect(renderScalar(`{{ (fromJson .j).${key}.a }}`, { j: json })).toEqual({ ok: true, text: 'own' });
    const object = objectOf(render([resource(JSON.parse(`{"spec":{"${key}":"{{ .a }}"}}`))], { a: 'v' }));
    expect(JSON.stringify(object['spec'])).toBe(`{"${key}":"v"}`);
    expect(Object.getOwnPropertyNames(Object.prototype).sort()).toEqual(before);
    expect(({} as Record<string, unknown>)['a']).toBeUndefined();
  });

  it('keeps functions of JavaScript out of reach', () => {
    for (const name of ['constructor', 'eval', 'lookup', 'each', 'log', 'helperMissing', 'out', 'call2', '__proto__']) {
      expect(renderScalar(`{{ ${name} . }}`, {})).toMatchObject({ ok: false, problem: { class: 'parse' } });
    }
  });

  it.each([
    ['a plain tree', { type: 'Program', body: [], loc: { start: at } }],
    ['a tree from JSON', JSON.parse(JSON.stringify(program([content('x', at)], at)))],
    ['a copy of a made tree', { ...program([], at) }],
    ['a proxy of a made tree', new Proxy(program([], at), {})],
    ['a forged node in a made list', program([{ ...content('x', at) }], at)],
    [
      'a forged parameter',
      program([statement('out', [{ ...text('x', at), value: { toString: () => 'x' } } as never], at)], at),
    ],
    [
      'a path with other parts',
      program(
        [statement('out', [{ type: 'PathExpression', parts: ['constructor'], depth: 0, data: false } as never], at)],
        at,
      ),
    ],
    ['a helper that is none of ours', program([statement('lookup' as never, [], at)], at)],
    [
      'a number that is a text',
      program([statement('out', [{ type: 'NumberLiteral', value: 'process.exit()', original: 1 } as never], at)], at),
    ],
    ['nothing', undefined],
  ])('refuses %s before Handlebars sees it', (_name, tree) => {
    expect(() => checkedTree(tree)).toThrow(ForgedTreeError);
    expect(() => compileProgram(tree as never)).toThrow(ForgedTreeError);
  });

  it('freezes every node it makes', () => {
    const node = statement('out', [text('x', at)], at);
    expect(
      Object.isFrozen(node) &&
        Object.isFrozen(node.params) &&
        Object.isFrozen(node.path.parts) &&
        Object.isFrozen(node.loc.start),
    ).toBe(true);
  });

  it('passes helpers values only: no template text, no tree of ours, no Handlebars nodes', () => {
    const seen: unknown[] = [];
    const source =
      '{{/* secret-comment */}}{{ $x := .uid | upper }}{{ range $i, $e := until 3 }}{{ if and (eq $e 1) (ne $i 5) }}{{ break }}{{ end }}{{ printf "%d" $e }}{{ end }}{{ with .uid }}{{ . }}{{ else }}{{ $x }}{{ end }}{{ (fromJson "{}") | len }}{{ 3.5 }}{{ $.uid }}';
    runWatched(source, (args) => seen.push(...args));
    expect(seen.length).toBeGreaterThan(20);
    for (const value of seen) {
      expect(typeof value === 'string' && (value.includes('{{') || value.includes('secret-comment'))).toBe(false);
      expect(
        typeof value === 'object' &&
          value !== null &&
          ('node' in value || 'body' in value || ('type' in value && 'params' in value)),
      ).toBe(false);
    }
  });

  it('never throws, whatever the template and the row', () => {
    const piece = fc.constantFrom(
      '{{',
      '}}',
      ' .a ',
      '|',
      '(',
      ')',
      'upper',
      'printf',
      '"%d"',
      'range',
      'end',
      'if',
      'else',
      '$x',
      ':=',
      '=',
      ',',
      '1',
      '-',
      '`',
      '"',
      "'",
      '/*',
      '*/',
      '.',
      'define "t"',
      'template "t"',
      'and',
      'nil',
      'break',
      'continue',
      'with',
      '\\',
      'int',
      'until',
      'index',
      'fromJson',
      '\n',
      '__proto__',
      'é😀\ud800',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 25 }), fc.string({ unit: 'binary' }), (pieces, value) => {
        const clock = workClock();
        const result = renderScalar(pieces.join(''), { a: value });
        expect(typeof result.ok).toBe('boolean');
        expect(clock()).toBeLessThan(1_000);
      }),
      { numRuns: 3_000 },
    );
  });

  it('prints row text unchanged, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (value) => {
        expect(renderScalar('{{ .a }}', { a: value })).toEqual({ ok: true, text: value });
        expect(renderScalar('{{ with .a }}{{ . | default "" }}{{ end }}', { a: value })).toEqual({
          ok: true,
          text: value,
        });
      }),
      { numRuns: 300 },
    );
  });
});

/** Runs a scalar with helpers that report their arguments. */
function runWatched(source: string, report: (args: readonly unknown[]) => void): void {
  const compiled = compileUnit(source);
  if (!compiled.ok) throw compiled.failures[0];
  const watched = Object.fromEntries(
    Object.entries(helpers).map(([name, helper]) => [
      name,
      function watchedHelper(this: unknown, ...args: unknown[]): unknown {
        report(args.slice(0, -1));
        return (helper as (...all: unknown[]) => unknown).apply(this, args);
      },
    ]),
  ) as unknown as HelperTable;
  const emission: Emission = {
    source,
    constants: [],
    called: [],
    rootFields: [],
    doomed: [],
    constantCalls: [],
    lookups: [],
    tested: new Set(),
    asked: new Set(),
    guarded: new Set(),
    exposesRow: false,
    assigned: new Set<string>(),
    functionOf,
    isDefined: () => false,
  };
  const template = parseTemplate(source, (name) => name === 'and' || functionOf(name) !== undefined);
  const frame = newFrame(emission, true);
  const run = compileProgram(emitList(frame, template.body), watched);
  const node = { now: new Date(0), hubKey: new Uint8Array(32), kept: new Map(), usage: newUsage(), clock: () => 0 };
  const context = new FieldContext(node, { hub: '', uid: '', form: '', resource: '', path: '' }, new Map());
  const unit = {
    ...compiled.unit,
    constants: emission.constants,
    called: emission.called,
    main: { run, slots: frame.slots },
  };
  const result = runUnit(unit, { root: goMap([['uid', 'acme']]), context, meter: context.meter });
  if (!result.ok) throw result.failure;
}
