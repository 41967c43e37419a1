import type { CommandNode, IdentifierNode, OperandNode } from '../language/nodes.ts';
import { type Frame, place } from './emitter.ts';
import { staticOf } from './statics.ts';

/** Functions that ask a map for a key, and go on without it. */
const guards: ReadonlySet<string> = new Set(['hasKey', 'get', 'index']);

/** Functions that ask whether there is something. */
const testing: ReadonlySet<string> = new Set(['default', 'coalesce', 'empty', 'not', 'and', 'or', 'ternary']);

/** A call that asks the row for a name that is written out. */
export function noteLookup(frame: Frame, node: IdentifierNode, args: readonly OperandNode[]): void {
  const [map, key] = args;
  if (!guards.has(node.name) || map === undefined || key?.node !== 'string') return;
  const isRow = staticOf(frame, map)?.is === 'row';
  if (map.node !== 'dot' && !isRow) return;
  const { emission, conditional } = frame;
  emission.guarded.add(key.text);
  if (node.name === 'hasKey' || emission.tested.has(node)) {
    emission.asked.add(key.text);
  } else if (isRow) {
    emission.lookups.push({ name: key.text, position: place(frame, key.at), conditional, indirect: true });
  }
}

/** Calls whose answer a later command or a function around them takes for being there or not. */
export function noteTests(frame: Frame, commands: readonly CommandNode[]): void {
  for (const [index, { args }] of commands.entries()) {
    const [first, ...rest] = args;
    if (first.node !== 'identifier' || !testing.has(first.name)) continue;
    for (const arg of rest) noteTested(frame, arg);
    noteTestedPipe(frame, commands.slice(0, index));
  }
}

/** The same of the condition of an `if` or `with`. */
export function noteTestedPipe(frame: Frame, commands: readonly CommandNode[]): void {
  for (const { args } of commands) {
    if (args.length === 1) noteTested(frame, args[0]);
    else if (args[0].node === 'identifier') frame.emission.tested.add(args[0]);
  }
}

function noteTested(frame: Frame, node: OperandNode): void {
  if (node.node === 'pipe') noteTestedPipe(frame, node.commands);
}
