import { parsePipeline } from './expressions.ts';
import type { BranchNode, ListNode, StatementNode, Template, TemplateNode } from './nodes.ts';
import { countNode, inOwnTemplate, limitAt, nested, newParserState, type ParserState } from './parser-state.ts';
import { unquote } from './quoted.ts';
import type { Token } from './tokens.ts';

/** Name of the scalar itself among its templates, as in the peer's messages. */
export const ROOT_NAME = 'template';

/** What ends a list: not a statement, and only known where it is expected. */
interface ListEnd {
  readonly node: 'end' | 'else';
  readonly at: number;
}

type Item = StatementNode | ListEnd;

/**
 * Parses a scalar with Go's `text/template` grammar and default delimiters.
 *
 * Throws `TemplateFailure` of class `parse` where Go does (unknown functions and variables included), of class `limit` beyond the bounds
 * of `limits.ts`. Only the first error of a scalar is found, as in Go.
 */
export function parseTemplate(source: string, isFunction: (name: string) => boolean): Template {
  const state = newParserState(source, isFunction);
  if (Buffer.byteLength(source, 'utf8') > state.limits.source) {
    throw limitAt(state, 0, `the template is longer than ${state.limits.source} bytes`);
  }
  const body: StatementNode[] = [];
  while (state.tokens.peek().kind !== 'eof') {
    if (parseDefinition(state)) continue;
    const item = parseItem(state);
    if (isListEnd(item)) throw state.tokens.fail(`unexpected {{${item.node}}}`, item.at);
    body.push(item);
  }
  addTemplate(state, ROOT_NAME, { node: 'list', at: 0, body });
  return { body: state.defined.get(ROOT_NAME) ?? { node: 'list', at: 0, body }, defined: state.defined };
}

function isListEnd(item: Item): item is ListEnd {
  return item.node === 'end' || item.node === 'else';
}

/** `{{ define "name" }} ... {{ end }}`; only at the top of the scalar. */
function parseDefinition(state: ParserState): boolean {
  if (state.tokens.peek().kind !== 'leftDelim') return false;
  const delim = state.tokens.next();
  const keyword = state.tokens.nextNonSpace();
  if (keyword.kind !== 'define') {
    state.tokens.back(delim, keyword);
    return false;
  }
  const name = templateName(state, state.tokens.expect(['string', 'rawString'], 'define clause'), 'define clause');
  state.tokens.expect(['rightDelim'], 'define clause');
  defineTemplate(state, name, keyword.at, 'define clause');
  return true;
}

function defineTemplate(state: ParserState, name: string, at: number, context: string): void {
  const { list, end } = nested(state, at, () => inOwnTemplate(state, () => parseList(state)));
  if (end.node !== 'end') throw state.tokens.fail(`unexpected {{else}} in ${context}`, end.at);
  addTemplate(state, name, list);
}

/** A definition replaces an empty one; two that say something are an error. */
function addTemplate(state: ParserState, name: string, list: ListNode): void {
  const existing = state.defined.get(name);
  if (existing === undefined || isEmpty(existing)) state.defined.set(name, list);
  else if (!isEmpty(list)) {
    throw state.tokens.fail(`multiple definition of template ${JSON.stringify(name)}`, list.at, name);
  }
}

function isEmpty(list: ListNode): boolean {
  return list.body.every((statement) => statement.node === 'text' && statement.text.trim() === '');
}

function parseList(state: ParserState): { readonly list: ListNode; readonly end: ListEnd } {
  const { at } = state.tokens.peekNonSpace();
  const body: StatementNode[] = [];
  while (state.tokens.peekNonSpace().kind !== 'eof') {
    const item = parseItem(state);
    if (isListEnd(item)) return { list: { node: 'list', at, body }, end: item };
    body.push(item);
  }
  throw state.tokens.fail('unexpected EOF', at);
}

function parseItem(state: ParserState): Item {
  const token = state.tokens.nextNonSpace();
  countNode(state, token.at);
  if (token.kind === 'text') return { node: 'text', at: token.at, text: token.text };
  if (token.kind === 'leftDelim') return parseAction(state);
  throw state.tokens.unexpected(token, 'input');
}

function parseAction(state: ParserState): Item {
  const token = state.tokens.nextNonSpace();
  switch (token.kind) {
    case 'block':
      return parseBlock(state);
    case 'template':
      return parseTemplateCall(state);
    case 'break':
    case 'continue':
      return parseJump(state, token.kind, token.at);
    case 'else':
      return parseElse(state);
    case 'end':
      return { node: 'end', at: state.tokens.expect(['rightDelim'], 'end').at };
    case 'if':
    case 'range':
    case 'with':
      return parseBranch(state, token.kind, token.at, 0);
    default: {
      state.tokens.back(token);
      return { node: 'action', at: token.at, pipe: parsePipeline(state, 'command', 'rightDelim') };
    }
  }
}

function parseJump(state: ParserState, node: 'break' | 'continue', at: number): Item {
  const token = state.tokens.nextNonSpace();
  if (token.kind !== 'rightDelim') throw state.tokens.unexpected(token, `{{${node}}}`);
  if (state.rangeDepth === 0) throw state.tokens.fail(`{{${node}}} outside {{range}}`, at);
  return { node, at };
}

/** After `else` an `if` or `with` stays in the stream: the branch decides whether it may follow. */
function parseElse(state: ParserState): ListEnd {
  const next = state.tokens.peekNonSpace();
  if (next.kind === 'if' || next.kind === 'with') return { node: 'else', at: next.at };
  return { node: 'else', at: state.tokens.expect(['rightDelim'], 'else').at };
}

function parseBranch(state: ParserState, node: BranchNode['node'], at: number, link: number): BranchNode {
  if (link > state.limits.elseChain) throw limitAt(state, at, `more than ${state.limits.elseChain} else branches`);
  const outside = state.variables.length;
  const pipe = parsePipeline(state, node, 'rightDelim');
  // A chain of `else if` nests in the tree only; it has its own limit.
  const parse = (): BranchNode => parseBranchLists(state, node, pipe, link);
  const branch = link === 0 ? nested(state, at, parse) : parse();
  state.variables.length = outside;
  return branch;
}

function parseBranchLists(
  state: ParserState,
  node: BranchNode['node'],
  pipe: BranchNode['pipe'],
  link: number,
): BranchNode {
  if (node === 'range') state.rangeDepth += 1;
  const { list, end } = parseList(state);
  if (node === 'range') state.rangeDepth -= 1;
  const otherwise = end.node === 'else' ? parseOtherwise(state, node, end.at, link) : undefined;
  return { node, at: pipe.at, pipe, list, otherwise };
}

function parseOtherwise(state: ParserState, node: BranchNode['node'], at: number, link: number): ListNode {
  if (node !== 'range' && state.tokens.peek().kind === node) {
    const token = state.tokens.next();
    return { node: 'list', at, body: [parseBranch(state, node, token.at, link + 1)] };
  }
  const { list, end } = parseList(state);
  if (end.node !== 'end') throw state.tokens.fail('expected end; found {{else}}', end.at);
  return list;
}

/** `{{ block "name" pipe }} ... {{ end }}`: a definition and a call of it. */
function parseBlock(state: ParserState): TemplateNode {
  const token = state.tokens.nextNonSpace();
  const name = templateName(state, token, 'block clause');
  const pipe = parsePipeline(state, 'block clause', 'rightDelim');
  defineTemplate(state, name, token.at, 'block clause');
  return { node: 'template', at: token.at, name, pipe };
}

function parseTemplateCall(state: ParserState): TemplateNode {
  const token = state.tokens.nextNonSpace();
  const name = templateName(state, token, 'template clause');
  const next = state.tokens.nextNonSpace();
  if (next.kind === 'rightDelim') return { node: 'template', at: token.at, name, pipe: undefined };
  state.tokens.back(next);
  return { node: 'template', at: token.at, name, pipe: parsePipeline(state, 'template clause', 'rightDelim') };
}

function templateName(state: ParserState, token: Token, context: string): string {
  if (token.kind !== 'string' && token.kind !== 'rawString') throw state.tokens.unexpected(token, context);
  const name = unquote(token.text);
  if (name === undefined) throw state.tokens.fail('invalid syntax in template name', token.at);
  return name;
}
