import { math } from '../functions/math.ts';
import { typedFunctions } from '../functions/typed.ts';
import type { OperandNode, PipeNode } from '../language/nodes.ts';
import { conditionsOf, pipesOf } from './pipes.ts';

/** These take a text that is no integer as an error, and not as 0. */
const exacting: ReadonlySet<string> = new Set(['until', 'untilStep', 'seq']);

/** Functions that make the number 0 of an empty text, as sprig's and the peer's do. */
const numeric: ReadonlySet<string> = new Set(
  [...Object.keys(math), ...Object.keys(typedFunctions)].filter((name) => name !== 'bool' && !exacting.has(name)),
);

/** Whoever hands a variable to one of these asks whether it is there. */
const asking: ReadonlySet<string> = new Set([
  'and',
  'coalesce',
  'default',
  'empty',
  'eq',
  'ne',
  'not',
  'or',
  'ternary',
]);

/**
 * Variables of the row that a text hands to a function which takes them for numbers, so that an empty one is 0 there. A text that asks whether the
 * variable is there, as the condition of an `if` does or `default`, has thought of that.
 */
export function numberReads(source: string): readonly string[] {
  const pipes = pipesOf(source);
  const inConditions = conditionsOf(source).flatMap(({ commands }) =>
    commands.flatMap(({ args }) => args.flatMap(variableOf)),
  );
  const asked = new Set([...pipes.flatMap((pipe) => givenTo(asking, pipe)), ...inConditions]);
  return [...new Set(pipes.flatMap((pipe) => givenTo(numeric, pipe)))].filter((name) => !asked.has(name));
}

/** Variables that the calls of a pipe itself are given, as arguments or by the first command. */
function givenTo(names: ReadonlySet<string>, { commands }: PipeNode): readonly string[] {
  const [start] = commands;
  const piped = start?.args.length === 1 ? variableOf(start.args[0]) : [];
  return commands.flatMap(({ args: [first, ...rest] }, index) => {
    if (first.node !== 'identifier' || !names.has(first.name)) return [];
    return [...rest.flatMap(variableOf), ...(index === 1 ? piped : [])];
  });
}

/** The variable that an operand is and nothing else: `.size`, `$.size`, `(.size)`. */
function variableOf(node: OperandNode): readonly string[] {
  switch (node.node) {
    case 'field':
      return node.names.length === 1 ? node.names : [];
    case 'variable':
      return node.name === '$' && node.names.length === 1 ? node.names : [];
    case 'pipe':
      return node.commands.length === 1 && node.commands[0]?.args.length === 1
        ? variableOf(node.commands[0].args[0])
        : [];
    default:
      return [];
  }
}
