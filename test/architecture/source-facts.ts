import { type ESTree, parseSync, Visitor } from 'vite';

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
  readonly calls: readonly CallFact[];
}

/** One call. Its name is dotted, as in `log.info`; `new Date` for a construction, `describe.each()` for what a call returned. */
export interface CallFact {
  readonly name: string;
  readonly argument: ArgumentFact;
  /** The call is a statement of the file itself, not of a function or block. */
  readonly atRoot: boolean;
  readonly line: number;
}

/** What stands as the first argument; `built` is text put together at run time. */
export type ArgumentFact =
  | { readonly kind: 'none' | 'built' | 'other' }
  | { readonly kind: 'text' | 'member'; readonly text: string };

type Node = { readonly type: string; readonly start: number };
type Found = { imports: ImportFact[]; texts: TextFact[]; defaultExports: number[]; calls: CallFact[] };

/** Parses one TypeScript or JavaScript source. Throws an Error with the path when it does not parse. */
export function sourceFacts(path: string, source: string): SourceFacts {
  const { program, errors } = parseSync(path, source);
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]?.message}`);
  const found: Found = { imports: [], texts: [], defaultExports: [], calls: [] };
  const lineOf = lineIndex(source);
  importVisitor(found, lineOf).visit(program);
  textVisitor(found, lineOf).visit(program);
  const roots = program.body.flatMap((node) => (node.type === 'ExpressionStatement' ? [node.expression.start] : []));
  callVisitor(found, lineOf, new Set(roots)).visit(program);
  return { path, lines: source.split('\n').length - (source.endsWith('\n') ? 1 : 0), ...found };
}

type LineOf = (node: Node) => number;

function lineIndex(source: string): LineOf {
  return (node) => source.slice(0, node.start).split('\n').length;
}

function textOf(node: unknown): string | undefined {
  const { type, value } = (node ?? {}) as { readonly type?: string; readonly value?: unknown };
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
      if (dottedName(node.callee) === 'require') add(node, node.arguments[0], false);
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

function callVisitor(found: Found, lineOf: LineOf, roots: ReadonlySet<number>): Visitor {
  const add = (node: Node, name: string, first: ESTree.Argument | undefined): void => {
    found.calls.push({ name, argument: argumentFact(first), atRoot: roots.has(node.start), line: lineOf(node) });
  };
  return new Visitor({
    CallExpression: (node) => add(node, dottedName(node.callee), node.arguments[0]),
    NewExpression: (node) => add(node, `new ${dottedName(node.callee)}`, node.arguments[0]),
  });
}

function argumentFact(node: ESTree.Argument | undefined): ArgumentFact {
  if (node === undefined) return { kind: 'none' };
  const text = textOf(node);
  if (text !== undefined) return { kind: 'text', text };
  if (node.type === 'TemplateLiteral' || node.type === 'BinaryExpression') return { kind: 'built' };
  return node.type === 'MemberExpression' ? { kind: 'member', text: dottedName(node) } : { kind: 'other' };
}

/** `a.b.c` for plain chains; `?` stands for what is not a name. */
function dottedName(node: ESTree.Expression | ESTree.Super): string {
  if (node.type === 'Identifier') return node.name;
  if (node.type === 'CallExpression') return `${dottedName(node.callee)}()`;
  if (node.type !== 'MemberExpression') return '?';
  return `${dottedName(node.object)}.${node.property.type === 'Identifier' ? node.property.name : '?'}`;
}
