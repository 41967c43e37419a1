import type { Position } from '../problems.ts';

/**
 * The only Handlebars nodes this project builds. They are frozen, and known to the factory that made them: a node from anywhere else (a
 * JSON text, a proxy, a look-alike) is refused before Handlebars sees it, whatever its fields say (CVE-2026-33937).
 */
interface Node {
  readonly loc: Location;
}

export interface Location {
  readonly start: Position;
}

export interface PathNode extends Node {
  readonly type: 'PathExpression';
  readonly data: false;
  readonly depth: 0;
  readonly parts: readonly string[];
  readonly original: string;
}

export interface StringLiteral extends Node {
  readonly type: 'StringLiteral';
  readonly value: string;
  readonly original: string;
}

export interface NumberLiteral extends Node {
  readonly type: 'NumberLiteral';
  readonly value: number;
  readonly original: number;
}

export interface BooleanLiteral extends Node {
  readonly type: 'BooleanLiteral';
  readonly value: boolean;
  readonly original: boolean;
}

export interface NullLiteral extends Node {
  readonly type: 'NullLiteral';
}

export interface CallNode extends Node {
  readonly type: 'SubExpression';
  readonly path: PathNode;
  readonly params: readonly Expression[];
}

export type Expression = PathNode | StringLiteral | NumberLiteral | BooleanLiteral | NullLiteral | CallNode;

export interface ContentNode extends Node {
  readonly type: 'ContentStatement';
  readonly value: string;
  readonly original: string;
}

export interface MustacheNode extends Node {
  readonly type: 'MustacheStatement';
  readonly path: PathNode;
  readonly params: readonly Expression[];
  readonly escaped: false;
  readonly strip: Strip;
}

export interface BlockNode extends Node {
  readonly type: 'BlockStatement';
  readonly path: PathNode;
  readonly params: readonly Expression[];
  readonly program: ProgramNode;
  readonly inverse?: ProgramNode;
  readonly openStrip: Strip;
  readonly inverseStrip: Strip;
  readonly closeStrip: Strip;
}

export interface ProgramNode extends Node {
  readonly type: 'Program';
  readonly body: readonly Statement[];
  readonly blockParams?: undefined;
}

export type Statement = ContentNode | MustacheNode | BlockNode;
export type AnyNode = Expression | Statement | ProgramNode;

/** Handlebars' white space control has nothing to do here: trim markers are gone. */
export interface Strip {
  readonly open: false;
  readonly close: false;
}

/** The helpers a template can call; everything else goes through `call`. */
export const helperNames = [
  'out',
  'do',
  'get',
  'method',
  'call',
  'num',
  'var',
  'set',
  'value',
  'lazy',
  'if',
  'with',
  'range',
  'live',
  'jump',
  'tpl',
  'fail',
] as const;

export type HelperName = (typeof helperNames)[number];
