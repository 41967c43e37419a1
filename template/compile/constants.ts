import type { CommandNode, OperandNode } from '../language/nodes.ts';
import type { GoFunction } from '../functions/define.ts';
import type { Frame } from './emitter.ts';

/**
 * Whether an operand has the same value for every row. A function that asks for the time, for randomness or for something kept is taken for
 * one that has: it says so itself when it is run (form/constant-failures.ts).
 */
export function isConstant(frame: Frame, node: OperandNode): boolean {
  switch (node.node) {
    case 'string':
    case 'number':
    case 'bool':
    case 'nil':
      return true;
    case 'identifier':
      return isCheap(frame, node.name);
    case 'pipe':
      return node.variables.length === 0 && areConstant(frame, node.commands);
    case 'chain':
      return isConstant(frame, node.base);
    default:
      return false;
  }
}

/** The same of what the commands of a pipeline give. */
export function areConstant(frame: Frame, commands: readonly CommandNode[]): boolean {
  return commands.length > 0 && commands.every(({ args }) => args.every((arg) => isConstant(frame, arg)));
}

/** What a costly function makes is not worth seconds of every look at a form. */
function isCheap(frame: Frame, name: string): boolean {
  return name === 'and' || name === 'or' || frame.emission.functionOf(name)?.costly === false;
}

/** The argument that alone can make a call fail, and a text that no such call fails with in the places of the others. */
interface Decisive {
  readonly argument: number;
  readonly sample: string;
}

const byPattern: Decisive = { argument: 0, sample: '' };
const byDivisor: Decisive = { argument: 1, sample: '1' };

const decisive: Readonly<Record<string, Decisive>> = {
  mustRegexMatch: byPattern,
  regexFind: byPattern,
  mustRegexFind: byPattern,
  regexFindAll: byPattern,
  mustRegexFindAll: byPattern,
  regexReplaceAll: byPattern,
  mustRegexReplaceAll: byPattern,
  regexReplaceAllLiteral: byPattern,
  mustRegexReplaceAllLiteral: byPattern,
  regexSplit: byPattern,
  mustRegexSplit: byPattern,
  semverCompare: { argument: 0, sample: '1.0.0' },
  div: byDivisor,
  mod: byDivisor,
  divf: byDivisor,
};

/**
 * What to put in the place of each argument to see whether the call fails whatever the row holds: `given` for the argument as it is, a sample
 * otherwise. Undefined where that cannot be told.
 */
export function samplesFor(
  name: string,
  fn: GoFunction,
  constants: readonly boolean[],
): readonly ('given' | { readonly sample: string | bigint })[] | undefined {
  if (constants.every(Boolean)) return constants.map(() => 'given');
  const rule = Object.hasOwn(decisive, name) ? decisive[name] : undefined;
  if (rule === undefined || constants[rule.argument] !== true) return undefined;
  return constants.map((isKnown, index) => {
    if (isKnown) return 'given';
    return { sample: (fn.params[index] ?? fn.rest) === 'int' ? 1n : rule.sample };
  });
}
