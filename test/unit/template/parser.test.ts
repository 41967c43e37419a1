import { describe, expect, it } from 'vitest';
import { parseTemplate } from '../../../template/language/parser.ts';
import { TemplateFailure } from '../../../template/problems.ts';

const known = new Set(['upper', 'print', 'and', 'until']);

function parse(source: string): ReturnType<typeof parseTemplate> {
  return parseTemplate(source, (name) => known.has(name));
}

function failure(source: string): TemplateFailure {
  try {
    parse(source);
  } catch (error) {
    if (error instanceof TemplateFailure) return error;
  }
  throw new Error(`${source} was accepted`);
}

describe('template/language/parser', () => {
  it('gives every node the place it starts at', () => {
    const { body } = parse('ab{{ .x }}{{ if .y }}z{{ end }}');
    expect(body.body.map((node) => [node.node, node.at])).toEqual([
      ['text', 0],
      ['action', 5],
      ['if', 16],
    ]);
  });

  it('nests else if in the other branch', () => {
    const { body } = parse('{{ if .a }}1{{ else if .b }}2{{ else }}3{{ end }}');
    const [branch] = body.body;
    expect(branch).toMatchObject({
      node: 'if',
      otherwise: { body: [{ node: 'if', otherwise: { body: [{ text: '3' }] } }] },
    });
  });

  it('keeps defined templates apart and makes a call of a block', () => {
    const { body, defined } = parse('{{ define "a" }}x{{ end }}{{ block "b" . }}y{{ end }}');
    expect([...defined.keys()]).toEqual(['a', 'b', 'template']);
    expect(body.body).toMatchObject([{ node: 'template', name: 'b' }]);
  });

  it.each([
    ['{{ lowr .x }}', 'function "lowr" not defined', 4],
    ['{{ $x }}', 'undefined variable "$x"', 4],
    ['{{ if .x }}{{ $a := 1 }}{{ end }}{{ $a }}', 'undefined variable "$a"', 37],
    ['{{ if .x }}', 'unexpected EOF', 12],
    ['{{ end }}', 'unexpected {{end}}', 8],
    ['{{ }}', 'missing value for command', 4],
    ['{{ break }}', '{{break}} outside {{range}}', 4],
    ['{{ "a" | print | 3 }}', 'non executable command in pipeline stage 3', 18],
    ['{{ range $a, $b, $c := .x }}{{ end }}', 'too many declarations in range', 16],
    ['{{ "a".x }}', 'unexpected . after term', 7],
    ['{{ 0x }}', 'illegal number syntax', 4],
    ['{{ 99999999999999999999 }}', 'integer overflow', 4],
    ["{{ 'ab' }}", 'malformed character constant', 4],
    ['{{ "\\q" }}', 'invalid syntax in quoted string', 4],
    ['{{ define "a" }}x{{ end }}{{ define "a" }}y{{ end }}', 'multiple definition of template "a"', 43],
  ])('refuses %s where Go does', (source, message, column) => {
    const error = failure(source);
    expect([error.class, error.message, error.position]).toEqual(['parse', message, { line: 1, column }]);
  });

  it('counts lines and characters, not bytes', () => {
    expect(failure('žž\nž😀{{ nope }}').position).toEqual({ line: 2, column: 6 });
  });

  it('stops at the depth limit instead of overflowing the stack', () => {
    const deep = `{{ ${'('.repeat(100)}1${')'.repeat(100)} }}`;
    expect(failure(deep).class).toBe('limit');
    expect(failure('{{ if . }}'.repeat(100)).class).toBe('limit');
  });

  it('takes a long chain of else if, which nests only in the tree', () => {
    const chain = Array.from({ length: 200 }, () => '{{ else if .x }}y').join('');
    expect(parse(`{{ if .x }}y${chain}{{ end }}`).body.body).toHaveLength(1);
    expect(failure(`{{ if .x }}y${chain}${chain}{{ end }}`).class).toBe('limit');
  });

  it('refuses a template with too many parts, and one that is too long', () => {
    expect(failure('{{ . }}'.repeat(20_000)).class).toBe('limit');
    expect(failure('x'.repeat(1_048_577)).class).toBe('limit');
  });
});
