import { readConstant } from './constants.ts';
import type { CommandNode, OperandNode, PipeNode } from './nodes.ts';
import { countNode, nested, type ParserState } from './parser-state.ts';
import { unquote } from './quoted.ts';
import type { Token, TokenKind } from './tokens.ts';

const operandKinds: ReadonlySet<TokenKind> = new Set<TokenKind>([
  'bool',
  'charConstant',
  'complex',
  'dot',
  'field',
  'identifier',
  'number',
  'nil',
  'rawString',
  'string',
  'variable',
  'leftParen',
]);

const notExecutable: ReadonlySet<OperandNode['node']> = new Set(['bool', 'dot', 'nil', 'number', 'string'] as const);

/** A pipeline up to and including the token `end`. */
export function parsePipeline(state: ParserState, context: string, end: TokenKind): PipeNode {
  const { at } = state.tokens.peekNonSpace();
  const declared = parseDeclarations(state, context);
  const commands: CommandNode[] = [];
  for (;;) {
    const token = state.tokens.nextNonSpace();
    if (token.kind === end) {
      checkPipeline(state, commands, context, token.at);
      countNode(state, at);
      return { node: 'pipe', at, assigns: declared.assigns, variables: declared.variables, commands };
    }
    if (!operandKinds.has(token.kind)) throw state.tokens.unexpected(token, context);
    state.tokens.back(token);
    commands.push(parseCommand(state));
  }
}

function checkPipeline(state: ParserState, commands: readonly CommandNode[], context: string, at: number): void {
  if (commands.length === 0) throw state.tokens.fail(`missing value for ${context}`, at);
  for (const [index, command] of commands.entries()) {
    if (index > 0 && notExecutable.has(command.args[0].node)) {
      throw state.tokens.fail(`non executable command in pipeline stage ${index + 1}`, command.at);
    }
  }
}

interface Declarations {
  readonly assigns: boolean;
  readonly variables: readonly string[];
}

/** `$x :=`, `$x =`, and for ranges `$i, $x :=`. A variable that is only used is left in the stream. */
function parseDeclarations(state: ParserState, context: string): Declarations {
  const variables: string[] = [];
  while (state.tokens.peekNonSpace().kind === 'variable') {
    const variable = state.tokens.next();
    const after = state.tokens.peek();
    const next = state.tokens.peekNonSpace();
    if (next.kind === 'assign' || next.kind === 'declare') {
      state.tokens.nextNonSpace();
      declare(state, variables, variable);
      return { assigns: next.kind === 'assign', variables };
    }
    if (next.kind !== 'char' || next.text !== ',') {
      state.tokens.back(variable, ...(after.kind === 'space' ? [after] : []));
      return { assigns: false, variables };
    }
    state.tokens.nextNonSpace();
    declare(state, variables, variable);
    checkSecondVariable(state, variables, context, next);
  }
  return { assigns: false, variables };
}

function declare(state: ParserState, variables: string[], variable: Token): void {
  variables.push(variable.text);
  state.variables.push(variable.text);
}

function checkSecondVariable(state: ParserState, variables: readonly string[], context: string, comma: Token): void {
  if (context !== 'range' || variables.length >= 2) {
    throw state.tokens.fail(`too many declarations in ${context}`, comma.at);
  }
  const { kind, at } = state.tokens.peekNonSpace();
  if (kind !== 'variable' && kind !== 'rightDelim' && kind !== 'rightParen') {
    throw state.tokens.fail('range can only initialize variables', at);
  }
}

function parseCommand(state: ParserState): CommandNode {
  const { at } = state.tokens.peekNonSpace();
  const args: OperandNode[] = [];
  for (;;) {
    state.tokens.peekNonSpace();
    const operand = parseOperand(state);
    if (operand !== undefined) args.push(operand);
    const token = state.tokens.next();
    if (token.kind === 'space') continue;
    if (token.kind === 'rightDelim' || token.kind === 'rightParen') state.tokens.back(token);
    else if (token.kind !== 'pipe') throw state.tokens.unexpected(token, 'operand');
    break;
  }
  const [first, ...rest] = args;
  if (first === undefined) throw state.tokens.fail('empty command', at);
  countNode(state, at);
  return { node: 'command', at, args: [first, ...rest] };
}

/** A term and the fields that follow it without a space. */
function parseOperand(state: ParserState): OperandNode | undefined {
  const term = parseTerm(state);
  if (term === undefined || state.tokens.peek().kind !== 'field') return term;
  const { at } = state.tokens.peek();
  const names: string[] = [];
  while (state.tokens.peek().kind === 'field') names.push(state.tokens.next().text.slice(1));
  switch (term.node) {
    case 'field':
      return { ...term, names: [...term.names, ...names] };
    case 'variable':
      return { ...term, names: [...term.names, ...names] };
    case 'bool':
    case 'string':
    case 'number':
    case 'nil':
    case 'dot':
      throw state.tokens.fail('unexpected . after term', at);
    default:
      return { node: 'chain', at, base: term, names };
  }
}

function parseTerm(state: ParserState): OperandNode | undefined {
  const token = state.tokens.nextNonSpace();
  countNode(state, token.at);
  switch (token.kind) {
    case 'identifier':
      return parseIdentifier(state, token);
    case 'dot':
    case 'nil':
      return { node: token.kind, at: token.at };
    case 'variable':
      return parseVariable(state, token);
    case 'field':
      return { node: 'field', at: token.at, names: [token.text.slice(1)] };
    case 'bool':
      return { node: 'bool', at: token.at, value: token.text === 'true' };
    case 'leftParen':
      return nested(state, token.at, () => parsePipeline(state, 'parenthesized pipeline', 'rightParen'));
    default:
      return parseLiteral(state, token);
  }
}

function parseLiteral(state: ParserState, token: Token): OperandNode | undefined {
  if (token.kind === 'charConstant' || token.kind === 'complex' || token.kind === 'number') {
    const constant = readConstant(token.text, token.kind);
    if (typeof constant === 'string') throw state.tokens.fail(constant, token.at);
    return { node: 'number', at: token.at, constant };
  }
  if (token.kind === 'string' || token.kind === 'rawString') {
    const text = unquote(token.text);
    if (text === undefined) throw state.tokens.fail('invalid syntax in quoted string', token.at);
    return { node: 'string', at: token.at, text };
  }
  state.tokens.back(token);
  return undefined;
}

function parseIdentifier(state: ParserState, token: Token): OperandNode {
  if (!state.isFunction(token.text)) {
    throw state.tokens.fail(`function ${JSON.stringify(token.text)} not defined`, token.at, token.text);
  }
  return { node: 'identifier', at: token.at, name: token.text };
}

function parseVariable(state: ParserState, token: Token): OperandNode {
  if (!state.variables.includes(token.text)) {
    throw state.tokens.fail(`undefined variable ${JSON.stringify(token.text)}`, token.at, token.text);
  }
  return { node: 'variable', at: token.at, name: token.text, names: [] };
}
