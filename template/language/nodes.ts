import type { NumberConstant } from './constants.ts';

/** The tree of a template. `at` is an index into the scalar; `positionOf` makes line and column of it. */
interface At {
  readonly at: number;
}

export interface TextNode extends At {
  readonly node: 'text';
  readonly text: string;
}

export interface ActionNode extends At {
  readonly node: 'action';
  readonly pipe: PipeNode;
}

export interface BranchNode extends At {
  readonly node: 'if' | 'with' | 'range';
  readonly pipe: PipeNode;
  readonly list: ListNode;
  readonly otherwise: ListNode | undefined;
}

export interface TemplateNode extends At {
  readonly node: 'template';
  readonly name: string;
  readonly pipe: PipeNode | undefined;
}

export interface JumpNode extends At {
  readonly node: 'break' | 'continue';
}

export type StatementNode = TextNode | ActionNode | BranchNode | TemplateNode | JumpNode;

export interface ListNode extends At {
  readonly node: 'list';
  readonly body: readonly StatementNode[];
}

export interface PipeNode extends At {
  readonly node: 'pipe';
  /** `=` instead of `:=`. */
  readonly assigns: boolean;
  readonly variables: readonly string[];
  readonly commands: readonly CommandNode[];
}

export interface CommandNode extends At {
  readonly node: 'command';
  readonly args: readonly [OperandNode, ...OperandNode[]];
}

export interface IdentifierNode extends At {
  readonly node: 'identifier';
  readonly name: string;
}

export interface FieldNode extends At {
  readonly node: 'field';
  readonly names: readonly string[];
}

export interface VariableNode extends At {
  readonly node: 'variable';
  /** With its `$`. */
  readonly name: string;
  readonly names: readonly string[];
}

export interface ChainNode extends At {
  readonly node: 'chain';
  readonly base: OperandNode;
  readonly names: readonly string[];
}

export interface DotNode extends At {
  readonly node: 'dot';
}

export interface NilNode extends At {
  readonly node: 'nil';
}

export interface BoolNode extends At {
  readonly node: 'bool';
  readonly value: boolean;
}

export interface NumberNode extends At {
  readonly node: 'number';
  readonly constant: NumberConstant;
}

export interface StringNode extends At {
  readonly node: 'string';
  readonly text: string;
}

export type OperandNode =
  | PipeNode
  | IdentifierNode
  | FieldNode
  | VariableNode
  | ChainNode
  | DotNode
  | NilNode
  | BoolNode
  | NumberNode
  | StringNode;

/** A parsed scalar: its own body and the templates it defines, by name. */
export interface Template {
  readonly body: ListNode;
  readonly defined: ReadonlyMap<string, ListNode>;
}
