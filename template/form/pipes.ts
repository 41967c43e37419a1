import { functionOf } from '../functions/registry.ts';
import type { ListNode, PipeNode, StatementNode } from '../language/nodes.ts';
import { parseTemplate } from '../language/parser.ts';

/** What stands in the text of a template; nothing is run. */

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
