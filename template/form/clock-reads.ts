import type { CommandNode, OperandNode, PipeNode } from '../language/nodes.ts';
import { positionOf } from '../language/position.ts';
import { stringCase } from '../functions/string-case.ts';
import { strings } from '../functions/strings.ts';
import { stringShape } from '../functions/string-shape.ts';
import type { Position } from '../problems.ts';
import { pipesOf } from './pipes.ts';

/**
 * Calls that format the time of the render though it is not in the text: sprig's `date` and its relatives take what is neither a time nor an
 * integer for now, and every column of a row is text. For lint; nothing is run.
 */
export interface ClockRead {
  readonly name: string;
  readonly position: Position;
}

/** Which argument is the time. */
const timeArgument: ReadonlyMap<string, number> = new Map([
  ['date', 1],
  ['dateInZone', 1],
  ['date_in_zone', 1],
  ['htmlDate', 0],
  ['htmlDateInZone', 0],
]);

/** None of these gives a time or an integer. */
const noTimes: ReadonlySet<string> = new Set([
  ...[strings, stringCase, stringShape].flatMap((table) => Object.keys(table)),
  'print',
  'printf',
  'println',
  'unixEpoch',
  'duration',
  'toJson',
  'float',
  'bool',
]);

/** These give one of their arguments. */
const choosing: ReadonlySet<string> = new Set(['default', 'coalesce', 'ternary', 'and', 'or']);

/** Empty for a text that is no template. */
export function clockReads(source: string): readonly ClockRead[] {
  const pipes = pipesOf(source);
  const variables = new Map<string, PipeNode[]>();
  for (const pipe of pipes) {
    for (const name of pipe.variables) variables.set(name, [...(variables.get(name) ?? []), pipe]);
  }
  const calls = pipes.flatMap(callsOf);
  return calls.flatMap(({ name, at, args }) => {
    const value = args[timeArgument.get(name) ?? -1];
    return value !== undefined && isNoTime(value, variables) ? [{ name, position: positionOf(source, at) }] : [];
  });
}

interface Call {
  readonly name: string;
  readonly at: number;
  readonly args: readonly OperandNode[];
}

/** The calls of a pipe itself, each with what is piped into it as its last argument. */
function callsOf(pipe: PipeNode): readonly Call[] {
  return pipe.commands.flatMap((command, index) => callOf(pipe, command, index) ?? []);
}

function callOf(pipe: PipeNode, { args: [first, ...rest] }: CommandNode, index: number): Call | undefined {
  if (first.node !== 'identifier') return undefined;
  const before: PipeNode = { ...pipe, variables: [], commands: pipe.commands.slice(0, index) };
  return { name: first.name, at: first.at, args: index === 0 ? rest : [...rest, before] };
}

type Variables = ReadonlyMap<string, readonly PipeNode[]>;

/** Whether a value is certainly neither a time nor an integer. A variable is what all its assignments are. */
function isNoTime(node: OperandNode, variables: Variables): boolean {
  switch (node.node) {
    case 'field':
    case 'string':
    case 'bool':
    case 'nil':
      return true;
    case 'variable': {
      if (node.names.length > 0) return node.name === '$';
      const given = variables.get(node.name) ?? [];
      const others: Variables = new Map([...variables].filter(([name]) => name !== node.name));
      return given.length > 0 && given.every((pipe) => isNoTime({ ...pipe, variables: [] }, others));
    }
    case 'identifier':
      return noTimes.has(node.name);
    case 'pipe':
      return isPipeNoTime(node, variables);
    default:
      return false;
  }
}

function isPipeNoTime(pipe: PipeNode, variables: Variables): boolean {
  const last = pipe.commands.at(-1);
  if (last === undefined) return false;
  const call = callOf(pipe, last, pipe.commands.length - 1);
  if (call === undefined)
    return last.args.length === 1 && pipe.commands.length === 1 && isNoTime(last.args[0], variables);
  if (!choosing.has(call.name)) return noTimes.has(call.name);
  const choices = call.name === 'ternary' ? call.args.slice(0, 2) : call.args;
  return choices.some((arg) => isNoTime(arg, variables));
}
