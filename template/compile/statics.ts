import type { CommandNode, OperandNode, PipeNode } from '../language/nodes.ts';
import type { GoFunction } from '../functions/define.ts';
import { type Argument, coerce, idealValue } from '../runtime/coerce.ts';
import { GoError } from '../problems.ts';
import type { GoValue } from '../values.ts';
import { equals, lessThan } from '../values/compare.ts';
import type { Frame } from './emitter.ts';

/**
 * What is known of a value before anything runs: every column of a row is text. Only what is certain; everything else is undefined. A wrong
 * type is found by giving a sample to what judges the real value later.
 */
export type Static =
  | { readonly is: 'row' }
  /** `ofRow`: a template that changes its row may have made it otherwise. */
  | { readonly is: 'text' | 'texts'; readonly ofRow: boolean }
  /** As an argument; the type does not depend on the value. */
  | { readonly is: 'literal'; readonly sample: Argument };

/** Functions that always give a list of texts, or a text. */
const textLists: ReadonlySet<string> = new Set(['splitList', 'split']);
const texts: ReadonlySet<string> = new Set([
  'lower',
  'upper',
  'trim',
  'trunc',
  'replace',
  'print',
  'printf',
  'println',
  'quote',
]);

function resultOf(name: string): Static | undefined {
  if (textLists.has(name)) return { is: 'texts', ofRow: false };
  return texts.has(name) ? { is: 'text', ofRow: false } : undefined;
}

/** What an operand is, as far as that can be seen. */
export function staticOf(frame: Frame, node: OperandNode): Static | undefined {
  switch (node.node) {
    case 'string':
      return { is: 'text', ofRow: false };
    case 'bool':
      return { is: 'literal', sample: node.value };
    case 'number':
      return { is: 'literal', sample: { go: 'literal', constant: node.constant } };
    case 'dot':
      return frame.dot;
    case 'field':
      return memberOf(frame.dot, node.names);
    case 'variable':
      return memberOf(variableOf(frame, node.name), node.names);
    case 'identifier':
      return resultOf(node.name);
    case 'pipe':
      return staticOfCommands(frame, node.commands);
    default:
      return undefined;
  }
}

/** What a pipeline gives. */
export function staticOfPipe(frame: Frame, pipe: PipeNode): Static | undefined {
  return staticOfCommands(frame, pipe.commands);
}

export function staticOfCommands(frame: Frame, commands: readonly CommandNode[]): Static | undefined {
  const last = commands.at(-1);
  if (last === undefined) return undefined;
  const [first, ...rest] = last.args;
  if (first.node === 'identifier') return resultOf(first.name);
  // A number that stands alone has a type already, other than one as an argument.
  if (commands.length > 1 || rest.length > 0 || first.node === 'number') return undefined;
  return staticOf(frame, first);
}

function variableOf(frame: Frame, name: string): Static | undefined {
  const variable = frame.scope.findLast((one) => one.name === name);
  if (variable === undefined) return name === '$' && frame.rootIsRow ? { is: 'row' } : undefined;
  return frame.emission.assigned.has(name) ? undefined : variable.value;
}

/** A column of the row is text. */
function memberOf(value: Static | undefined, names: readonly string[]): Static | undefined {
  if (names.length === 0) return value;
  return value?.is === 'row' && names.length === 1 ? { is: 'text', ofRow: true } : undefined;
}

/** What `range` puts into the dot. */
export function elementOf(value: Static | undefined): Static | undefined {
  if (value?.is === 'row') return { is: 'text', ofRow: true };
  return value?.is === 'texts' ? { is: 'text', ofRow: value.ofRow } : undefined;
}

/** Names of variables that get another value somewhere: what they are cannot be told. */
export function assignedIn(source: string): ReadonlySet<string> {
  const names = new Set<string>();
  for (const [, first = '', second] of source.matchAll(/(\$[\p{L}\p{Nd}_]*)\s*(?:,\s*(\$[\p{L}\p{Nd}_]*)\s*)?=/gu)) {
    names.add(first);
    if (second !== undefined) names.add(second);
  }
  return names;
}

/** A call that fails whatever the row holds. */
export interface WrongCall {
  readonly message: string;
  readonly ofRow: boolean;
}

/** The first argument that no value of its type makes right. Their number has been checked. */
export function wrongArgument(
  name: string,
  fn: GoFunction,
  args: readonly (Static | undefined)[],
): WrongCall | undefined {
  for (const [index, arg] of args.entries()) {
    const type = fn.params[index] ?? fn.rest ?? 'any';
    const sample = sampleOf(arg);
    const message = sample === undefined ? undefined : failureOf(() => coerce(sample, type, false));
    if (message !== undefined) return { message, ofRow: isOfRow(arg) };
  }
  return wrongComparison(name, args);
}

const comparisons: Readonly<Record<string, (left: GoValue, right: GoValue) => boolean>> = {
  eq: equals,
  ne: equals,
  lt: lessThan,
  le: lessThan,
  gt: lessThan,
  ge: lessThan,
};

/** A text and a number, or the like; `eq` always looks at the first two. */
function wrongComparison(name: string, [left, right]: readonly (Static | undefined)[]): WrongCall | undefined {
  const compare = Object.hasOwn(comparisons, name) ? comparisons[name] : undefined;
  const [first, second] = [valueOf(left), valueOf(right)];
  if (compare === undefined || first === undefined || second === undefined) return undefined;
  const message = failureOf(() => compare(first, second));
  return message === undefined ? undefined : { message, ofRow: isOfRow(left) || isOfRow(right) };
}

const isOfRow = (value: Static | undefined): boolean => value?.is === 'text' && value.ofRow;

function sampleOf(value: Static | undefined): Argument {
  if (value?.is === 'text') return '';
  return value?.is === 'literal' ? value.sample : undefined;
}

/** As a comparison sees it. */
function valueOf(value: Static | undefined): GoValue | undefined {
  const sample = sampleOf(value);
  if (typeof sample !== 'object' || sample === null || sample.go !== 'literal') return sample;
  try {
    return idealValue(sample.constant);
  } catch {
    return undefined;
  }
}

function failureOf(run: () => unknown): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (error instanceof GoError) return error.message;
    throw error;
  }
}
