import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { at, type Json } from '../../../../domain/api/json.ts';
import { readManifests } from '../../../../client/manifest/reader.ts';
import { workClock } from '../../../../template/index.ts';

const examples = new URL('../../../../examples/multi-tier/', import.meta.url);

/** Three lines that make any text below them a manifest. */
const head = 'apiVersion: v1\nkind: Thing\nmetadata: {name: thing}\n';

function read(text: string): { readonly value: Json | undefined; readonly problems: readonly string[] } {
  const { manifests, problems } = readManifests('f.yaml', head + text);
  const { apiVersion: _v, kind: _k, metadata: _m, ...value } = manifests[0]?.object ?? {};
  return {
    value: manifests.length === 0 ? undefined : value,
    problems: problems.map(({ line, column, message }) => `${line - 3}:${column} ${message}`),
  };
}

describe('client/manifest/reader', () => {
  it('reads the files of the multi-tier story, unquoted templates included, byte for byte', () => {
    for (const name of readdirSync(examples).filter((file) => file.endsWith('.yaml'))) {
      const text = readFileSync(new URL(name, examples), 'utf8');

      const { manifests, problems } = readManifests(name, text);

      expect(problems).toEqual([]);
      expect(manifests).toHaveLength(1);
    }
  });

  it('keeps an unquoted template as the text that stands in the file', () => {
    const text = readFileSync(new URL('api-tier.yaml', examples), 'utf8');

    const [form] = readManifests('api-tier.yaml', text).manifests;

    const entry = (at(form?.object, 'spec', 'deployments') as readonly Json[])[0];
    expect(at(entry, 'spec', 'spec', 'replicas')).toBe('{{ .apiReplicas | int }}');
    expect(at(entry, 'spec', 'metadata', 'labels', 'app')).toBe('{{ .uid }}-api');
  });

  it('decodes the escapes of a quoted template', () => {
    const text = readFileSync(new URL('data-tier.yaml', examples), 'utf8');

    expect(JSON.stringify(readManifests('data-tier.yaml', text).manifests[0]?.object)).toContain(
      JSON.stringify('{{ .dbCpu | default "500m" }}'),
    );
  });

  it.each([
    ['a:\n  - b: 1\n c: 2', 'line it up with its neighbours'],
    ['a: 1\nb\nc: 2', 'write a colon after the key, or quotes around a text of several lines'],
    ['a: "b\nc: 2', 'close what was opened before'],
    ['a: [b\nc: 2', 'close what was opened before'],
  ])('says what to do about %j', (text, fix) => {
    expect(readManifests('f.yaml', head + text).problems.map((problem) => problem.fix)).toContain(fix);
  });

  it.each([
    ['a: {{ .x | int }}', { a: '{{ .x | int }}' }],
    ['a: {{ .x }} # why', { a: '{{ .x }}' }],
    ['a: {{ .x }}-{{ .y }}', { a: '{{ .x }}-{{ .y }}' }],
    ['a: {{ .x }}{{ .y }}', { a: '{{ .x }}{{ .y }}' }],
    ['a: {{- .x -}}', { a: '{{- .x -}}' }],
    ['a: {{ if eq .a "b: c" }}x{{ else }}y{{ end }}', { a: '{{ if eq .a "b: c" }}x{{ else }}y{{ end }}' }],
    ['a: b-{{ printf "x: %s" .y }}', { a: 'b-{{ printf "x: %s" .y }}' }],
    ['a: {{ "}}" }}', { a: '{{ "}}" }}' }],
    ['a: {{ `}}: #` }}', { a: '{{ `}}: #` }}' }],
    ['a: {{/* c: # */}}z', { a: '{{/* c: # */}}z' }],
    ['a: [{{ .a }}, b-{{ .c }}]', { a: ['{{ .a }}', 'b-{{ .c }}'] }],
    ['a: {b: {{ .d }}}', { a: { b: '{{ .d }}' } }],
    ['a:\n- {{ .x }}\n- {{ .y }}', { a: ['{{ .x }}', '{{ .y }}'] }],
    ['{{ .k }}: v', { '{{ .k }}': 'v' }],
    ['a: {{ .x }}\n   more {{ .y }}', { a: '{{ .x }} more {{ .y }}' }],
    ['a: {{ .x }}"{{ .y }}"\nb: "c: {{ .z }}"', { a: '{{ .x }}"{{ .y }}"', b: 'c: {{ .z }}' }],
    ["a: '{{ .x }}: {{ .y }}'", { a: '{{ .x }}: {{ .y }}' }],
    ['a: |\n  b: {{ .x\n  c: }}', { a: 'b: {{ .x\nc: }}\n' }],
    ['a: >\n  {{ .x }}\n  {{ .y }}', { a: '{{ .x }} {{ .y }}\n' }],
    ['# a: {{ .x\nb: 1', { b: 1 }],
    ['a: {b: {c: 1}}', { a: { b: { c: 1 } } }],
  ])('reads %j', (text, value) => {
    expect(read(text)).toEqual({ value, problems: [] });
  });

  it('reads CRLF lines, documents that are empty, and lists of objects', () => {
    const list =
      'kind: List\r\napiVersion: v1\r\nitems:\r\n- apiVersion: v1\r\n  kind: A\r\n  metadata: {name: one}\r\n';
    const { manifests, problems } = readManifests('f.yaml', `---\r\n# nothing\r\n---\r\n${list}---\r\n`);

    expect(problems).toEqual([]);
    expect(manifests.map(({ kind, name }) => `${kind}/${name}`)).toEqual(['A/one']);
  });

  it('expands aliases and merge keys', () => {
    expect(read('a: &b {x: 1, y: 2}\nc:\n  <<: *b\n  y: 3\nd: *b')).toEqual({
      value: { a: { x: 1, y: 2 }, c: { y: 3, x: 1 }, d: { x: 1, y: 2 } },
      problems: [],
    });
  });

  it('keeps keys as they are written', () => {
    expect(read('8080: a\non: b\n__proto__: c').value).toEqual(
      Object.fromEntries([
        ['8080', 'a'],
        ['on', 'b'],
        ['__proto__', 'c'],
      ]),
    );
  });

  it.each([
    ['a:\n\tb: 1', ['2:1 tabs cannot indent YAML']],
    ['a: b: c', ['1:4 a second "key: value" on the same line']],
    ['a: {{ .x }}: {{ .y }}', ['1:4 a second "key: value" on the same line']],
    ['a: {{ .x\nb: {{ .y }}', ['1:4 the template that begins here does not end on its line']],
    ['a: {{ .x\n  | int }}', ['1:4 the template that begins here does not end on its line']],
    ['a: 1\nb: 2\na: 3', ['3:1 key "a" is set twice; the first one is on line 4']],
    ['a:\n  c: 1\n  c: 2', ['3:3 key "c" is set twice; the first one is on line 5']],
    [
      'a: @x\nb: %y',
      [
        '1:4 plain value cannot start with reserved character @',
        '2:4 plain value cannot start with directive indicator character %',
      ],
    ],
    ['a: *nope', ['1:4 no anchor &nope stands before this alias']],
    ['a: &x [1, *x]', ['1:11 alias *x stands inside the value it names']],
    ['? [a]\n: b', ['1:3 a map or a list cannot be a key']],
    ['a: !secret x', ['1:12 the tag !secret has no meaning in a manifest']],
    ['a: .inf', ['1:4 .inf is not a number JSON can carry']],
    ['a: 9007199254740993', ['1:4 9007199254740993 is too large to be carried exactly']],
    ['a: "x\\qb"', ['1:6 invalid escape sequence \\q']],
    ["a: 'x\nb: 1", ["1:4 missing closing '"]],
    ['a: [1, 2\nb: c\n', ['2:1 flow sequence in block collection must be sufficiently indented and end with a ]']],
    ['  a: 1', ['1:1 all mapping items must start at the same column']],
    [`a: ${'['.repeat(20_000)}`, ['1:820 nested too deeply to be read']],
  ])('reports %j with line and column', (text, problems) => {
    const found = read(text).problems;
    expect(text.length > 1000 ? found.map((line) => line.replace(/:\d+/, ':820')) : found).toEqual(problems);
  });

  it('stops an alias bomb where it goes off', () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
    for (let i = 1; i < 9; i++)
      lines.push(
        `a${i}: &a${i} [${Array(10)
          .fill(`*a${i - 1}`)
          .join(', ')}]`,
      );

    const { problems } = read(lines.join('\n'));

    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/the aliases of this document expand to more than 20000 values$/);
  });

  it('reports the problems of all documents at once, and returns the good ones', () => {
    const text = `a: [\n---\n${head}---\nkind: B\nkind: C\nmetadata: {name: 5}\n---\n- x\n`;

    const { manifests, problems } = readManifests('f.yaml', text);

    expect(manifests.map(({ kind }) => kind)).toEqual(['Thing']);
    expect(problems.map(({ line, column, message }) => `${line}:${column} ${message}`)).toEqual([
      '2:1 flow sequence in block collection must be sufficiently indented and end with a ]',
      '7:1 apiVersion is required',
      '8:1 key "kind" is set twice; the first one is on line 7',
      '9:18 metadata.name must be text',
      '11:1 expected an object with apiVersion, kind and metadata, found a list',
    ]);
  });

  it('returns nothing to act on while a template of the file is not closed', () => {
    expect(read('a: {{ .x').value).toBeUndefined();
  });

  it('reads thousands of hard templates within seconds', () => {
    const lines = Array.from({ length: 2_000 }, (_, i) => `a${i}: {{ if eq .x "${i}" }}a{{ end }}`);

    const clock = workClock();
    const { problems } = read(lines.join('\n'));

    expect(problems).toEqual([]);
    expect(clock()).toBeLessThan(8_000);
  });

  describe('of a stream of JSON objects, as jq prints them', () => {
    const object = (name: string, more = '') =>
      `{\n  "apiVersion": "v1",\n  "kind": "Thing",\n  "metadata": {"name": "${name}"},\n  "data": "}{ \\" [ {{ .uid }}" ${more}\n}`;
    const named = (text: string) => readManifests('stdin', text).manifests.map(({ name }) => name);

    it.each([
      ['on lines of their own', `${object('a')}\n${object('b')}\n${object('c')}\n`],
      ['one after the other', `\n${object('a')}${object('b')} ${object('c')}`],
      ['compact', ['a', 'b', 'c'].map((name) => JSON.stringify(JSON.parse(object(name)))).join('\n')],
    ])('reads each %s', (_how, text) => {
      const { manifests, problems } = readManifests('stdin', text);

      expect(problems).toEqual([]);
      expect(manifests.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
      expect(manifests[2]?.object['data']).toBe('}{ " [ {{ .uid }}');
    });

    it('tells the place of a problem in the whole text', () => {
      const text = `${object('a')}\n${object('b').replace('"kind": "Thing",', '')}\n${object('c', ', "x": [1')}`;

      expect(readManifests('stdin', text).problems.map(({ line, column, message }) => [line, column, message])).toEqual(
        [[7, 1, 'kind is required'], expect.arrayContaining([18])],
      );
    });

    it('refuses one that is nested too deeply', () => {
      const deep = object('b', `, "x": ${'['.repeat(20_000)}${']'.repeat(20_000)}`);

      expect(readManifests('stdin', `${object('a')}\n${deep}`).problems.map(({ line }) => line)).toEqual([11]);
    });

    it('leaves YAML in braces as it is', () => {
      const yaml = (name: string) => `{apiVersion: v1, kind: Thing, metadata: {name: ${name}}, data: '} {'} # } {`;

      expect(named(`${yaml('a')}\n---\n${yaml('b')}\n`)).toEqual(['a', 'b']);
      expect(readManifests('stdin', `${yaml('a')}\n${yaml('b')}\n`).problems).not.toEqual([]);
    });

    it('reads thousands of them in no time', () => {
      const text = Array.from({ length: 3_000 }, (_, at) => object(`n${at}`)).join('\n');
      const began = performance.now();

      expect(named(text)).toHaveLength(3_000);
      expect(performance.now() - began).toBeLessThan(20_000);
    });
  });
});
