import { describe, expect, it } from 'vitest';
import { jsonText } from '../../../domain/api/json.ts';
import { exactInteger, renderScalar } from '../../../template/index.ts';
import { objectOf, render, resource } from './forms.ts';

const row = { n: '3', f: '2.5', t: 'yes', empty: '', marker: '__LYNQ_TYPE_INT__3' };

function scalar(source: string): unknown {
  const result = renderScalar(source, row);
  return result.ok ? (result.value ?? result.text) : result.problem.class;
}

describe('template/index', () => {
  it.each([
    ['{{ .n | int }}', 3n],
    ['{{ .f | float }}', 2.5],
    ['{{ .t | bool }}', true],
    ['{{ .empty | int }}', 0n],
    ['{{ $x := int .n }}{{ $x }}', 3n],
    ['{{ default 1 (int .n) }}', 3n],
    ['{{ int .empty | default (int .n) }}', 3n],
    ['{{ ternary (int .n) 5 true }}', 3n],
    ['{{ and .t (int .n) }}', 3n],
    ['{{ or .empty (int .n) }}', 3n],
    ['{{ if .t }}{{ int .n }}{{ end }}', 3n],
    ['{{ add (int .n) 1 | int }}', 4n],
    ['{{ with int .n }}{{ . }}{{ end }}', 3n],
  ])('gives %s the type of its one value', (source, value) => {
    expect(scalar(source)).toBe(value);
  });

  it.each([
    ['{{ .n }}', '3'],
    ['{{ 3 }}', '3'],
    ['{{ add (int .n) 1 }}', '4'],
    ['{{ .n | int }}Mi', '3Mi'],
    ['x{{ .n | int }}', 'x3'],
    ['{{ .n | int }}{{ .n | int }}', '33'],
    ['{{ int .n | toString }}', '3'],
    ['{{ .marker }}', '__LYNQ_TYPE_INT__3'],
    ['{{ range until (int .n) }}{{ . }}{{ end }}', '012'],
  ])('keeps %s text', (source, value) => {
    expect(scalar(source)).toBe(value);
  });

  it('places typed values as JSON values, and never in the places that hold text', () => {
    const spec = {
      kind: 'ConfigMap',
      metadata: { labels: { count: '{{ .a | int }}' }, annotations: { on: '{{ .a | bool }}' } },
      data: { count: '{{ .a | int }}' },
      spec: {
        replicas: '{{ .a | int }}',
        list: ['{{ .a | int }}', ['{{ .a | float }}']],
        selector: { matchLabels: { n: '{{ .a | int }}' } },
        nodeSelector: { n: '{{ .a | int }}' },
        items: [{ apiVersion: '{{ .a | int }}', kind: '{{ .a | int }}', on: '{{ .a | bool }}' }],
        data: { n: '{{ .a | int }}' },
      },
    };
    expect(objectOf(render([resource(spec)], { a: '1' }))).toEqual({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'n-acme', labels: { count: '1' }, annotations: { on: 'true' } },
      data: { count: '1' },
      spec: {
        replicas: 1,
        list: [1, [1]],
        selector: { matchLabels: { n: '1' } },
        nodeSelector: { n: '1' },
        items: [{ apiVersion: '1', kind: '1', on: true }],
        data: { n: '1' },
      },
    });
  });

  it('types data of other kinds than ConfigMap and Secret', () => {
    const object = objectOf(render([resource({ kind: 'Thing', data: { n: '{{ .a | int }}' } })], { a: '1' }));
    expect(object['data']).toEqual({ n: 1 });
  });

  it('keeps an integer beyond 2^53 exact', () => {
    const object = objectOf(render([resource({ size: '{{ .a | int }}' })], { a: '9007199254740993' }));
    expect(exactInteger(object['size'])).toBe(9007199254740993n);
    expect(jsonText(object)).toContain('"size":9007199254740993');
  });

  it('refuses a number that JSON cannot hold', () => {
    const result = render([resource({ size: '{{ .a | float }}' })], { a: 'inf' });
    expect(result).toMatchObject({ ok: false, problems: [{ path: 'size', class: 'exec' }] });
  });
});
