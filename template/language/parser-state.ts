import { type FieldLimits, fieldLimits } from '../limits.ts';
import { TemplateFailure } from '../problems.ts';
import type { ListNode } from './nodes.ts';
import { positionOf } from './position.ts';
import { TokenStream } from './token-stream.ts';

/** What one parse knows. `variables` and `rangeDepth` belong to the template being read (the scalar, a `define` or a `block`). */
export interface ParserState {
  readonly tokens: TokenStream;
  readonly limits: FieldLimits;
  readonly isFunction: (name: string) => boolean;
  readonly defined: Map<string, ListNode>;
  variables: string[];
  rangeDepth: number;
  depth: number;
  nodes: number;
}

export function newParserState(source: string, isFunction: (name: string) => boolean): ParserState {
  return {
    tokens: new TokenStream(source),
    limits: fieldLimits,
    isFunction,
    defined: new Map(),
    variables: ['$'],
    rangeDepth: 0,
    depth: 0,
    nodes: 0,
  };
}

/** Runs a nested part of the parse one level deeper; the limit keeps every later walk over the tree from overflowing the stack. */
export function nested<Result>(state: ParserState, at: number, parse: () => Result): Result {
  if (state.depth >= state.limits.depth) throw limitAt(state, at, `nested deeper than ${state.limits.depth} levels`);
  state.depth += 1;
  const result = parse();
  state.depth -= 1;
  return result;
}

/** Counts a node of the tree. */
export function countNode(state: ParserState, at: number): void {
  state.nodes += 1;
  if (state.nodes > state.limits.nodes) throw limitAt(state, at, `more than ${state.limits.nodes} parts in one field`);
}

export function limitAt(state: ParserState, at: number, message: string): TemplateFailure {
  return new TemplateFailure('limit', message, positionOf(state.tokens.source, at));
}

/** Reads another template inside this one: it sees none of the variables, and no range around it. */
export function inOwnTemplate<Result>(state: ParserState, parse: () => Result): Result {
  const { variables, rangeDepth } = state;
  state.variables = ['$'];
  state.rangeDepth = 0;
  const result = parse();
  state.variables = variables;
  state.rangeDepth = rangeDepth;
  return result;
}
