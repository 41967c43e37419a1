import { parseSync, Visitor } from 'vite';

/** One mention of another module. `specifier` is undefined when it is computed at run time. */
export interface ImportFact {
  readonly specifier: string | undefined;
  /** Erased by the compiler. `import { type X }` is not: with verbatimModuleSyntax it stays as `import {}`. */
  readonly typeOnly: boolean;
  readonly line: number;
}

export interface TextFact {
  readonly text: string;
  readonly line: number;
}

/** What the rules need to know about one source file. */
export interface SourceFacts {
  /** Relative to the checkout, with forward slashes. */
  readonly path: string;
  readonly lines: number;
  readonly imports: readonly ImportFact[];
  /** String literals, template texts and regular expressions, these without their backslashes; comments are not among them. */
  readonly texts: readonly TextFact[];
  /** Lines with `export default` or `export { x as default }`. */
  readonly defaultExports: readonly number[];
  /** Modules named in `vi.mock(...)` and `vi.doMock(...)`. */
  readonly mocks: readonly TextFact[];
}

type Node = { readonly type: string; readonly start: number };
type Found = { imports: ImportFact[]; texts: TextFact[]; defaultExports: number[]; mocks: TextFact[] };

/** Parses one TypeScript or JavaScript source. Throws an Error with the path when it does not parse. */
export function sourceFacts(path: string, source: string): SourceFacts {
  const { program, errors } = parseSync(path, source);
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]?.message}`);
  const found: Found = { imports: [], texts: [], defaultExports: [], mocks: [] };
  const lineOf = lineIndex(source);
  importVisitor(found, lineOf).visit(program);
  textVisitor(found, lineOf).visit(program);
  return { path, lines: source.split('\n').length - (source.endsWith('\n') ? 1 : 0), ...found };
}

type LineOf = (node: Node) => number;

function lineIndex(source: string): LineOf {
  return (node) => source.slice(0, node.start).split('\n').length;
}

function textOf(node: unknown): string | undefined {
  const { type, value } = node as { readonly type: string; readonly value?: unknown };
  return type === 'Literal' && typeof value === 'string' ? value : undefined;
}

function importVisitor(found: Found, lineOf: LineOf): Visitor {
  const add = (node: Node, source: unknown, typeOnly: boolean): void => {
    found.imports.push({ specifier: textOf(source), typeOnly, line: lineOf(node) });
  };
  return new Visitor({
    ImportDeclaration: (node) => add(node, node.source, node.importKind === 'type'),
    ExportAllDeclaration: (node) => add(node, node.source, node.exportKind === 'type'),
    ExportNamedDeclaration: (node) => {
      if (node.source !== null) add(node, node.source, node.exportKind === 'type');
      const exported = node.specifiers.map((one) => ('name' in one.exported ? one.exported.name : one.exported.value));
      if (exported.includes('default')) found.defaultExports.push(lineOf(node));
    },
    ExportDefaultDeclaration: (node) => found.defaultExports.push(lineOf(node)),
    ImportExpression: (node) => add(node, node.source, false),
    TSImportType: (node) => add(node, node.source, true),
    TSExternalModuleReference: (node) => add(node, node.expression, false),
    CallExpression: (node) => {
      const callee = node.callee;
      if (callee.type === 'Identifier' && callee.name === 'require') add(node, node.arguments[0], false);
      if (callee.type !== 'MemberExpression' || callee.property.type !== 'Identifier') return;
      const name = callee.object.type === 'Identifier' ? `${callee.object.name}.${callee.property.name}` : '';
      const module = node.arguments[0] === undefined ? undefined : textOf(node.arguments[0]);
      if ((name === 'vi.mock' || name === 'vi.doMock') && module !== undefined) {
        found.mocks.push({ text: module, line: lineOf(node) });
      }
    },
  });
}

function textVisitor(found: Found, lineOf: LineOf): Visitor {
  const add = (node: Node, text: string): void => {
    found.texts.push({ text, line: lineOf(node) });
  };
  return new Visitor({
    Literal: (node) => {
      if (typeof node.value === 'string') add(node, node.value);
      if ('regex' in node) add(node, node.regex.pattern.replaceAll('\\', ''));
    },
    TemplateElement: (node) => add(node, node.value.cooked ?? node.value.raw),
  });
}
