import type { Position } from '../problems.ts';
import type {
  AnyNode,
  BlockNode,
  BooleanLiteral,
  CallNode,
  ContentNode,
  Expression,
  HelperName,
  Location,
  MustacheNode,
  NullLiteral,
  NumberLiteral,
  PathNode,
  ProgramNode,
  Statement,
  StringLiteral,
  Strip,
} from './ast.ts';

const made = new WeakSet<object>();
const strip: Strip = Object.freeze({ open: false, close: false });

/** True for nodes of this factory. Proxies and copies are not. */
export function isMade(node: unknown): node is AnyNode {
  return typeof node === 'object' && node !== null && made.has(node);
}

function make<Node extends AnyNode>(node: Node): Node {
  const frozen = Object.freeze(node);
  made.add(frozen);
  return frozen;
}

function locationOf(at: Position): Location {
  return Object.freeze({ start: Object.freeze({ line: at.line, column: at.column }) });
}

function list<Item>(items: readonly Item[]): readonly Item[] {
  return Object.freeze([...items]);
}

function path(name: string, loc: Location): PathNode {
  return make({ type: 'PathExpression', loc, data: false, depth: 0, parts: list([name]), original: name });
}

/** A field of the render state: the dot or the root. */
export function stateField(name: 'dot' | 'root', at: Position): PathNode {
  return path(name, locationOf(at));
}

export function text(value: string, at: Position): StringLiteral {
  return make({ type: 'StringLiteral', loc: locationOf(at), value, original: value });
}

export function number(value: number, at: Position): NumberLiteral {
  return make({ type: 'NumberLiteral', loc: locationOf(at), value, original: value });
}

export function boolean(value: boolean, at: Position): BooleanLiteral {
  return make({ type: 'BooleanLiteral', loc: locationOf(at), value, original: value });
}

export function nothing(at: Position): NullLiteral {
  return make({ type: 'NullLiteral', loc: locationOf(at) });
}

/** A helper as an expression. */
export function call(helper: HelperName, params: readonly Expression[], at: Position): CallNode {
  const loc = locationOf(at);
  return make({ type: 'SubExpression', loc, path: path(helper, loc), params: list(params) });
}

/** A helper as a statement; what it returns is printed. */
export function statement(helper: HelperName, params: readonly Expression[], at: Position): MustacheNode {
  const loc = locationOf(at);
  return make({ type: 'MustacheStatement', loc, path: path(helper, loc), params: list(params), escaped: false, strip });
}

export function content(value: string, at: Position): ContentNode {
  return make({ type: 'ContentStatement', loc: locationOf(at), value, original: value });
}

export interface BlockParts {
  readonly helper: HelperName;
  readonly params: readonly Expression[];
  readonly program: ProgramNode;
  readonly inverse?: ProgramNode | undefined;
}

/** A helper with one or two programs. */
export function block(parts: BlockParts, at: Position): BlockNode {
  const loc = locationOf(at);
  const { helper, params, program, inverse } = parts;
  return make({
    type: 'BlockStatement',
    loc,
    path: path(helper, loc),
    params: list(params),
    program,
    ...(inverse === undefined ? {} : { inverse }),
    openStrip: strip,
    inverseStrip: strip,
    closeStrip: strip,
  });
}

export function program(body: readonly Statement[], at: Position): ProgramNode {
  return make({ type: 'Program', loc: locationOf(at), body: list(body) });
}
