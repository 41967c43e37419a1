import { functionOf } from '../functions/registry.ts';
import type { CommandNode, ListNode, OperandNode, PipeNode, StatementNode } from '../language/nodes.ts';
import { parseTemplate } from '../language/parser.ts';

/** What the text of a template calls; nothing is run. */

/** All pipes of a text, those inside of others and of branches included; empty for a text that is no template. */
export function pipesOf(source: string): readonly PipeNode[] {
  return statementsOf(source).flatMap((node) =>
    'pipe' in node && node.pipe !== undefined ? nestedPipes(node.pipe) : [],
  );
}

/** The pipes on which it depends whether a branch of the text is printed. */
export function conditionsOf(source: string): readonly PipeNode[] {
  return statementsOf(source).flatMap((node) =>
    node.node === 'if' || node.node === 'with' ? nestedPipes(node.pipe) : [],
  );
}

function statementsOf(source: string): readonly StatementNode[] {
  try {
    const { body, defined } = parseTemplate(
      source,
      (name) => ['and', 'or'].includes(name) || functionOf(name) !== undefined,
    );
    return [...new Set([body, ...defined.values()])].flatMap(statementsIn);
  } catch {
    return [];
  }
}

function statementsIn({ body }: ListNode): readonly StatementNode[] {
  return body.flatMap((node) => {
    if (!('list' in node)) return [node];
    return [node, ...statementsIn(node.list), ...(node.otherwise === undefined ? [] : statementsIn(node.otherwise))];
  });
}

function nestedPipes(pipe: PipeNode): readonly PipeNode[] {
  const operands = pipe.commands.flatMap(({ args }) => args.map((arg) => (arg.node === 'chain' ? arg.base : arg)));
  return [pipe, ...operands.flatMap((operand) => (operand.node === 'pipe' ? nestedPipes(operand) : []))];
}

/** A call of a function as it stands in a text. */
export interface Call {
  readonly name: string;
  readonly at: number;
  readonly args: readonly OperandNode[];
}

/** The calls of a pipe itself, each with what is piped into it as its last argument. */
export function callsOf(pipe: PipeNode): readonly Call[] {
  return pipe.commands.flatMap((command, index) => callOf(pipe, command, index) ?? []);
}

/** The call that a command of a pipe is, if it is one. */
export function callOf(pipe: PipeNode, { args: [first, ...rest] }: CommandNode, index: number): Call | undefined {
  if (first.node !== 'identifier') return undefined;
  const before: PipeNode = { ...pipe, variables: [], commands: pipe.commands.slice(0, index) };
  return { name: first.name, at: first.at, args: index === 0 ? rest : [...rest, before] };
}
