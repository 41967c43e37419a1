import { describe, expect, it } from 'vitest';
import { compileForm, renderForm, renderScalar } from '../../../template/index.ts';
import { compile, contextOf, objectOf, render, resource } from './forms.ts';

describe('template/form', () => {
  it('renders values as leaves: text of the row is never a template, a key or a type', () => {
    const hostile = '{{ .uid }} }}{{ fail "x" }} __proto__: 1\n- a: b';
    const object = objectOf(render([resource({ spec: { a: '{{ .a }}', b: 'x{{ .a }}' } })], { a: hostile }));
    expect(object['spec']).toEqual({ a: hostile, b: `x${hostile}` });
  });

  it('merges metadata: the templates of the form win, what the object has stays', () => {
    const spec = {
      metadata: { name: 'own', namespace: 'own-ns', labels: { a: '1', 'x.y/z': '{{ .uid }}' }, finalizers: ['f'] },
    };
    const merged = resource(spec, {
      labelsTemplate: { a: '{{ .uid }}', b: 'B' },
      annotationsTemplate: { c: '{{ .uid }}' },
    });
    expect(objectOf(render([merged]))['metadata']).toEqual({
      name: 'n-acme',
      namespace: 'own-ns',
      finalizers: ['f'],
      labels: { a: 'acme', 'x.y/z': 'acme', b: 'B' },
      annotations: { c: 'acme' },
    });
  });

  it('takes the name of the object when the form has no template for it, and refuses an empty one', () => {
    const { nameTemplate: _name, ...unnamed } = resource({ metadata: { name: 'x-{{ .uid }}' } });
    expect(objectOf(render([unnamed]))['metadata']).toEqual({ name: 'x-acme' });
    expect(render([resource({}, { nameTemplate: '{{ .a }}' })], { a: '' })).toMatchObject({
      ok: false,
      problems: [{ resourceId: 'r', path: 'nameTemplate', class: 'exec' }],
    });
  });

  it('leaves the namespace out when nothing names one', () => {
    expect(objectOf(render([resource({})]))['metadata']).toEqual({ name: 'n-acme' });
    expect(objectOf(render([resource({}, { targetNamespace: 'ns-{{ .uid }}' })]))['metadata']).toEqual({
      name: 'n-acme',
      namespace: 'ns-acme',
    });
  });

  it('does not render map keys, and copies what is no template', () => {
    const spec = { '{{ .uid }}': 1, list: [true, null, 1.5, '}}'] };
    expect(objectOf(render([resource(spec)]))).toMatchObject(spec);
  });

  it.each([
    ['{{ .uid.x }}', "x: can't evaluate the field in type string", 4],
    ['{{ $.uid.x }}', "x: can't evaluate the field in type string", 4],
    ['{{ .uid .a }}', 'uid: is not a method but has arguments', 4],
    ['{{ .a | .uid }}', 'uid: is not a method but has arguments', 9],
    ['{{ "a" "b" }}', "can't give argument to non-function", 4],
    ['{{ template "t" }}', 't: template not defined', 13],
    ['{{ nil }}', 'nil is not a command', 4],
    ['{{ and }}', 'and: wrong number of arguments', 4],
    ['{{ trunc .uid 63 }}', 'trunc: wrong type for value; expected int; got string', 4],
    ['{{ trunc "a" .uid }}', 'trunc: wrong type for value; expected int; got string', 4],
    ['{{ until .a }}', 'until: wrong type for value; expected int; got string', 4],
    ['{{ .a | until }}', 'until: wrong type for value; expected int; got string', 9],
    ['{{ $n := .a }}{{ until $n }}', 'until: wrong type for value; expected int; got string', 18],
    ['{{ upper 3 }}', 'upper: expected string; found a number', 4],
    ['{{ eq .a 3 }}', 'eq: incompatible types for comparison: string and int', 4],
    ['{{ if lt (upper .a) 3.5 }}x{{ end }}', 'lt: incompatible types for comparison: string and float64', 7],
    ['{{ eq .a true }}', 'eq: incompatible types for comparison: string and bool', 4],
    ['{{ range .a }}x{{ end }}', "range: range can't iterate over a value of type string", 10],
    ['{{ range splitList "," .a }}{{ .uid }}{{ end }}', "uid: can't evaluate the field in type string", 32],
    ['{{ range $v := splitList "," .a }}{{ $v.x }}{{ end }}', "x: can't evaluate the field in type string", 38],
    ['{{ with .a }}{{ .uid }}{{ end }}', "uid: can't evaluate the field in type string", 17],
    ['{{ $x := . }}{{ $x.uid.y }}', "y: can't evaluate the field in type string", 17],
  ])('says of %s before any row gets there what would be said then', (source, message, column) => {
    const given = { form: source, contentHash: '1', declared: new Set(['uid', 'a']) };
    const resources = [{ resource: resource({ a: source }), list: 'manifests', index: 0 }];

    const problems = [{ path: 'a', line: 1, message }];
    expect(compileForm({ ...given, resources, findsDoomed: true })).toMatchObject({
      ok: false,
      problems: [{ ...problems[0], column }],
    });
    expect(renderScalar(source, { uid: 'u', a: 'a' })).toMatchObject({
      ok: false,
      problem: { message: expect.stringContaining(message.split(': ').at(-1) ?? '') },
    });
  });

  it.each([
    '{{ if .a }}{{ fail "no" }}{{ end }}',
    '{{ $_ := set . "uid" (dict "x" "1") }}{{ .uid.x }}',
    '{{ with dict "x" 1 }}{{ .x }}{{ end }}',
    '{{ $_ := set . "uid" 3 }}{{ until .uid }}',
    '{{ $n := .a }}{{ $n = int .a }}{{ until $n }}',
    '{{ $x := . }}{{ if hasKey $x "tls" }}{{ $x.tls }}{{ end }}',
    '{{ $x := . }}{{ $_ := set $x "n" "1" }}{{ $x.n }}',
    '{{ eq .a "x" 3 }}',
    '{{ range $k, $v := . }}{{ $k }}{{ $v }}{{ end }}',
    '{{ until (int .a) }}{{ trunc 63 .uid }}{{ eq (int .a) 3 }}',
  ])('says nothing of %s, which may be meant or may work', (source) => {
    const resources = [{ resource: resource({ a: source }), list: 'manifests', index: 0 }];

    const given = { form: source, contentHash: '1', declared: new Set(['uid', 'a']), resources };
    expect(compileForm({ ...given, findsDoomed: true })).toMatchObject({ ok: true });
  });

  it('counts the arguments of calls only when asked to: Go finds them when a row gets there', () => {
    const entry = resource({ spec: { a: '{{ if eq .a "x" }}{{ .uid | trunc }}{{ end }}' } });
    expect(compile([entry])).toMatchObject({ ok: true });
    const placed = { form: 'counted', contentHash: '1', resources: [{ resource: entry, list: 'manifests', index: 0 }] };
    expect(compileForm({ ...placed, declared: new Set(['uid', 'a']), findsDoomed: true })).toMatchObject({
      ok: false,
      problems: [{ path: 'spec.a', line: 1, column: 29, message: 'trunc: wrong number of args: want 2 got 1' }],
    });
  });

  it('reports all problems of a form at once, each with its place', () => {
    const broken = resource(
      { spec: { containers: [{ env: [{}, { value: 'a\n{{ nope }}' }] }], 'x.y': '{{ .aa }}' } },
      { nameTemplate: '{{ if }}', labelsTemplate: { l: '{{ .uidd }}' } },
    );
    const result = compile([broken], ['uid', 'a']);
    expect(
      result.ok
        ? []
        : result.problems.map(({ path, line, column, class: type, culprit, suggestion }) => [
            path,
            line,
            column,
            type,
            culprit,
            suggestion,
          ]),
    ).toEqual([
      ['spec.containers[0].env[1].value', 2, 4, 'parse', 'nope', undefined],
      ['nameTemplate', 1, 7, 'parse', undefined, undefined],
      ['spec["x.y"]', 1, 4, 'exec', 'aa', 'a'],
      ['labelsTemplate.l', 1, 4, 'exec', 'uidd', 'uid'],
    ]);
  });

  it('accepts an undeclared variable only where a branch asks for it first', () => {
    expect(compile([resource({ a: '{{ if index . "tls" }}{{ .tls }}{{ end }}' })]).ok).toBe(true);
    expect(compile([resource({ a: '{{ if .uid }}{{ .tls }}{{ end }}' })]).ok).toBe(false);
    expect(compile([resource({ a: '{{ index . "tls" }}{{ .tls }}' })]).ok).toBe(false);
    expect(compile([resource({ a: '{{ $.tls }}' })]).ok).toBe(false);
    expect(compile([resource({ a: '{{ with .uid }}{{ $.tls }}{{ end }}' })]).ok).toBe(false);
    expect(compile([resource({ a: '{{ range until 1 }}{{ $x := . }}{{ end }}{{ $.uid }}' })]).ok).toBe(true);
  });

  it.each([
    ['{{ $x := . }}{{ $x.nope }}', 17],
    ['{{ with . }}{{ .nope }}{{ end }}', 16],
  ])('finds an undeclared variable through another name of the row: %s', (source, column) => {
    const resources = [{ resource: resource({ a: source }), list: 'manifests', index: 0 }];
    const given = { form: source, contentHash: '1', declared: new Set(['uid']), resources };
    expect(compileForm({ ...given, findsDoomed: true })).toMatchObject({
      ok: false,
      problems: [{ culprit: 'nope', column }],
    });
  });

  it('does not lose the other resources when one fails, and says nothing of values', () => {
    const result = render(
      [resource({ a: '{{ index .a 99 }}' }, { id: 'bad' }), resource({ a: '{{ .a }}' }, { id: 'good' })],
      { a: 'secret-value' },
    );
    expect(result).toMatchObject({
      ok: false,
      rendered: [{ id: 'good' }],
      problems: [{ resourceId: 'bad', path: 'a', culprit: 'index' }],
    });
    expect(JSON.stringify(result.ok ? [] : result.problems)).not.toContain('secret-value');
  });

  it('names the variables there are when one is missing at run time, never their values', () => {
    const result = render([resource({ a: '{{ with . }}{{ .aa }}{{ end }}' })], { a: 'secret-value' });
    const [problem] = result.ok ? [] : result.problems;
    expect(problem).toMatchObject({ class: 'exec', culprit: 'aa' });
    expect(problem?.message).toContain('a, uid');
    expect(problem?.message).not.toContain('secret-value');
  });

  it('lists the functions a resource uses, for lint rules', () => {
    const result = compile([resource({ a: '{{ .uid | upper | trunc 5 }}' })]);
    expect(result.ok && [...(result.form.resources[0]?.functions ?? [])].sort()).toEqual(['trunc', 'upper']);
  });

  it('compiles a form once per content and declared variables', () => {
    const input = {
      form: 'f',
      contentHash: 'same',
      resources: [{ resource: resource({}), list: 'l', index: 0 }],
      declared: new Set(['uid']),
    };
    expect(compileForm(input)).toBe(compileForm({ ...input, declared: new Set(['uid']) }));
    expect(compileForm(input)).not.toBe(compileForm({ ...input, declared: new Set(['uid', 'x']) }));
  });

  it('gives the same object for the same row, rendered twice', () => {
    const compiled = compile([resource({ a: '{{ .uid }}-{{ randAlphaNum 8 }}' })]);
    if (!compiled.ok) throw new Error('does not compile');
    expect(renderForm(compiled.form, contextOf({}))).toEqual(renderForm(compiled.form, contextOf({})));
  });
});
