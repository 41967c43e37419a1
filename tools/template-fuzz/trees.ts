import { checkedTree, ForgedTreeError } from '../../template/compile/whitelist.ts';
import { content, program, statement, text } from '../../template/compile/factory.ts';
import { compileProgram } from '../../template/runtime/environment.ts';
import type { Choices } from '../template-diff/random.ts';

const at = { line: 1, column: 1 };
const strange: readonly [unknown, ...unknown[]] = [
  'process.exit()',
  -1,
  { toString: () => 'x' },
  [],
  null,
  undefined,
  true,
  Number.NaN,
  { type: 'NumberLiteral', value: '1);process.exit(', original: 1 },
  { type: 'PathExpression', parts: ['constructor'], depth: '0', data: false },
  { type: 'Decorator' },
  { type: 'PartialStatement', name: 'x' },
];

/** A tree that looks like one of ours with one part replaced; and sometimes nothing but a copy. */
function forged(choices: Choices): unknown {
  const tree = program(
    [content('a', at), statement('out', [text('x', at)], at), statement('num', [text('1', at)], at)],
    at,
  );
  const copy = structuredClone(tree) as unknown as Record<string, unknown>;
  let node = copy;
  for (let steps = choices.below(6); steps > 0; steps -= 1) {
    const inner = Object.values(node).filter((value) => typeof value === 'object' && value !== null);
    const [first, ...rest] = inner as Record<string, unknown>[];
    if (first === undefined) break;
    node = choices.pick([first, ...rest]);
  }
  const [key, ...others] = Object.keys(node);
  if (key !== undefined) node[choices.pick([key, ...others])] = choices.pick(strange);
  if (choices.chance(0.2)) Object.defineProperty(copy, 'type', { get: () => 'Program' });
  return choices.chance(0.2) ? new Proxy(copy, {}) : choices.chance(0.2) ? mixed(copy) : copy;
}

/** A program of ours around something that is not. */
function mixed(copy: Record<string, unknown>): unknown {
  return program([copy as never], at);
}

/** Hands a forged tree to the compiler; what is wrong when it is not refused. */
export function forgedTreeProblem(choices: Choices): string | undefined {
  const tree = forged(choices);
  for (const take of [checkedTree, compileProgram as (tree: never) => unknown]) {
    try {
      take(tree as never);
      return 'a forged tree was taken';
    } catch (error) {
      if (!(error instanceof ForgedTreeError)) return `a forged tree ended in ${String(error)}`;
    }
  }
  return undefined;
}
