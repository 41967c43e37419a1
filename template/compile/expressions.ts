import type { GoFunction } from '../functions/define.ts';
import type { CommandNode, IdentifierNode, OperandNode, PipeNode, VariableNode } from '../language/nodes.ts';
import { countProblem } from '../runtime/call.ts';
import { idealValue } from '../runtime/coerce.ts';
import type { Expression } from './ast.ts';
import { areConstant, isConstant, samplesFor } from './constants.ts';
import {
  calledIndex,
  constantIndex,
  declareVariable,
  type Frame,
  noteConstantCall,
  noteDoomed,
  noteRootField,
  place,
  scoped,
  slotOf,
} from './emitter.ts';
import { noteLookup, noteTests } from './lookups.ts';
import { type Static, staticOf, staticOfCommands, staticOfPipe, wrongArgument } from './statics.ts';
import { boolean, call, nothing, number, stateField, statement, text } from './factory.ts';

/** A pipeline as one expression; a declaration or assignment keeps the value in its slot. */
export function emitPipe(frame: Frame, pipe: PipeNode): Expression {
  const value = emitCommands(frame, pipe);
  const [name] = pipe.variables;
  if (name === undefined) return value;
  const at = place(frame, pipe.at);
  const slot = pipe.assigns ? slotOf(frame, name) : declareVariable(frame, name, staticOfPipe(frame, pipe));
  if (slot === undefined) return undefinedVariable(frame, name, pipe.at);
  return call('set', [number(slot, at), value], at);
}

/** The commands of a pipeline without its variables; each is the last argument of the next. */
export function emitCommands(frame: Frame, pipe: PipeNode): Expression {
  let value: Expression | undefined;
  noteTests(frame, pipe.commands);
  for (const [index, command] of pipe.commands.entries()) {
    const before = pipe.commands.slice(0, index);
    const [known, constant] = [staticOfCommands(frame, before), areConstant(frame, before)];
    value = emitCommand(frame, command, value === undefined ? undefined : { value, known, constant });
  }
  return value ?? nothing(place(frame, pipe.at));
}

/** What is piped into a command. */
interface Piped {
  readonly value: Expression;
  readonly known: Static | undefined;
  /** The same for every row. */
  readonly constant: boolean;
}

function undefinedVariable(frame: Frame, name: string, at: number): Expression {
  return emitFailure(frame, at, 'undefined variable', name);
}

/** A place that fails when it is reached, and only then, as in Go; lint says so before. */
export function emitFailure(frame: Frame, at: number, message: string, culprit?: string): Expression {
  noteDoomed(frame, at, { name: culprit, message });
  return emitStop(frame, at, message, culprit);
}

/** As `emitFailure`, where it is meant or told already. */
function emitStop(frame: Frame, at: number, message: string, culprit?: string): Expression {
  const position = place(frame, at);
  const named = culprit === undefined ? [] : [text(culprit, position)];
  return call('fail', [text(message, position), ...named], position);
}

function emitCommand(frame: Frame, command: CommandNode, final: Piped | undefined): Expression {
  const [first, ...rest] = command.args;
  switch (first.node) {
    case 'identifier':
      return emitFunction(frame, first, rest, final);
    case 'field':
    case 'chain':
      return emitFieldCall(frame, first, rest, final?.value);
    case 'variable':
      if (first.names.length > 0) return emitFieldCall(frame, first, rest, final?.value);
      break;
    default:
      break;
  }
  if (rest.length > 0 || final !== undefined)
    return emitFailure(frame, first.at, "can't give argument to non-function");
  return emitValue(frame, first);
}

/** An operand that stands alone as a command. */
function emitValue(frame: Frame, node: OperandNode): Expression {
  if (node.node === 'nil') return emitFailure(frame, node.at, 'nil is not a command');
  if (node.node === 'pipe') return emitPipe(frame, node);
  if (node.node !== 'number') return emitOperand(frame, node);
  try {
    const at = place(frame, node.at);
    return call('num', [number(constantIndex(frame, idealValue(node.constant)), at)], at);
  } catch {
    return emitFailure(frame, node.at, 'the number overflows int');
  }
}

/** An operand as an argument. Numbers stay as written: the parameter decides what they are. */
export function emitOperand(frame: Frame, node: OperandNode): Expression {
  const at = place(frame, node.at);
  switch (node.node) {
    case 'dot':
      frame.emission.exposesRow = true;
      return stateField('dot', at);
    case 'nil':
      return nothing(at);
    case 'bool':
      return boolean(node.value, at);
    case 'string':
      return text(node.text, at);
    case 'number':
      return call('num', [number(constantIndex(frame, { go: 'literal', constant: node.constant }), at)], at);
    case 'identifier':
      return emitFunction(frame, node, [], undefined);
    case 'variable':
      frame.emission.exposesRow ||= node.name === '$' && node.names.length === 0;
      return emitGet(frame, node, node.names);
    case 'pipe':
      return call('value', [emitPipe(frame, node)], at);
    default:
      return emitGet(frame, node, node.names);
  }
}

function emitVariable(frame: Frame, node: VariableNode): Expression {
  const at = place(frame, node.at);
  const slot = slotOf(frame, node.name);
  if (slot === undefined && node.name === '$') return stateField('root', at);
  return slot === undefined ? undefinedVariable(frame, node.name, node.at) : call('var', [number(slot, at)], at);
}

type Selector = Extract<OperandNode, { node: 'field' | 'chain' | 'variable' }>;

/** What `.a.b` starts from, as far as that is known. */
function startOf(frame: Frame, node: Selector): Static | undefined {
  return node.node === 'chain' ? undefined : staticOf(frame, { ...node, names: [] });
}

const startsAtRow = (frame: Frame, node: Selector): boolean => startOf(frame, node)?.is === 'row';

/** Whether the row is read through `.` or `$` themselves. */
function isDirect(frame: Frame, node: Selector): boolean {
  return node.node === 'field' ? frame.dotIsRoot : node.node === 'variable' && slotOf(frame, node.name) === undefined;
}

/** What `.a.b` starts from. */
function emitReceiver(frame: Frame, node: Selector): Expression {
  if (node.node === 'chain') return emitOperand(frame, node.base);
  const [name] = node.names;
  if (startsAtRow(frame, node) && name !== undefined) noteRootField(frame, name, node.at, !isDirect(frame, node));
  return node.node === 'field' ? stateField('dot', place(frame, node.at)) : emitVariable(frame, node);
}

function emitGet(frame: Frame, node: Selector, names: readonly string[]): Expression {
  const at = place(frame, node.at);
  const from = frame.emission.constantCalls.length;
  const receiver = emitReceiver(frame, node);
  const start = startOf(frame, node);
  const [column, member] = names;
  const inside = start?.is === 'text' ? column : start?.is === 'row' ? member : undefined;
  if (inside !== undefined) {
    const ofRow = start?.is !== 'text' || start.ofRow;
    noteDoomed(frame, node.at, { name: inside, message: "can't evaluate the field in type string", ofRow });
  }
  if (names.length === 0) return receiver;
  const expression = call('get', [receiver, ...names.map((name) => text(name, at))], at);
  if (isConstant(frame, node))
    noteConstantCall(frame, { at: node.at, statement: statement('do', [expression], at) }, from);
  return expression;
}

/** `.a.b args`: only a method takes arguments. */
function emitFieldCall(
  frame: Frame,
  node: Selector,
  args: readonly OperandNode[],
  final: Expression | undefined,
): Expression {
  if (args.length === 0 && final === undefined) return emitGet(frame, node, node.names);
  const at = place(frame, node.at);
  const receiver = emitGet(frame, node, node.names.slice(0, -1));
  const last = node.names.at(-1) ?? '';
  const name = text(last, at);
  if (startsAtRow(frame, node) && node.names.length > 0 && node.names.length < 3) {
    noteDoomed(frame, node.at, { name: last, message: 'is not a method but has arguments', ofRow: true });
  }
  const given = args.map((arg) => emitOperand(frame, arg));
  return call('method', [receiver, name, ...given, ...(final === undefined ? [] : [final])], at);
}

function emitFunction(
  frame: Frame,
  node: IdentifierNode,
  args: readonly OperandNode[],
  final: Piped | undefined,
): Expression {
  const { name } = node;
  if (name === 'and' || name === 'or') return emitLazy(frame, node, args, final?.value);
  const fn = frame.emission.functionOf(name);
  if (fn === undefined) return emitUnknownFunction(frame, node, args);
  if (name === 'fail') {
    const stop = emitFail(frame, node, final === undefined ? args : undefined);
    if (stop !== undefined) return stop;
  }
  noteLookup(frame, node, args);
  return emitCall(frame, { node, fn, args, final });
}

/** The text of `fail` is shown only where the template spells it out: a computed one may contain values of the row. */
function emitFail(
  frame: Frame,
  node: IdentifierNode,
  args: readonly OperandNode[] | undefined,
): Expression | undefined {
  const [only, ...more] = args ?? [];
  const spelled = only?.node === 'string' && more.length === 0 ? only.text : undefined;
  noteCertainStop(frame, node, spelled === undefined ? '' : ` with ${JSON.stringify(spelled)}`);
  return spelled === undefined ? undefined : emitStop(frame, node.at, spelled, node.name);
}

interface FunctionCall {
  readonly node: IdentifierNode;
  readonly fn: GoFunction;
  readonly args: readonly OperandNode[];
  readonly final: Piped | undefined;
}

function emitCall(frame: Frame, { node, fn, args, final }: FunctionCall): Expression {
  const at = place(frame, node.at);
  const piped = final === undefined ? [] : [final];
  noteWrongCall(frame, node, fn, [...args.map((arg) => staticOf(frame, arg)), ...piped.map(({ known }) => known)]);
  const from = frame.emission.constantCalls.length;
  const given = [...args.map((arg) => emitOperand(frame, arg)), ...piped.map(({ value }) => value)];
  const index = number(calledIndex(frame, node.name, fn, final !== undefined), at);
  const constants = [...args.map((arg) => isConstant(frame, arg)), ...piped.map(({ constant }) => constant)];
  noteCertainCall(frame, { node, fn, index, given, constants, from });
  return call('call', [index, ...given], at);
}

/** `fail` is meant where a condition is around it. */
function noteCertainStop(frame: Frame, { name, at }: IdentifierNode, words: string): void {
  if (frame.conditional || !frame.rootIsRow) return;
  noteDoomed(frame, at, { name, message: `stops every row${words}; put it into an {{ if }}` });
}

interface EmittedCall {
  readonly node: IdentifierNode;
  readonly fn: GoFunction;
  readonly index: Expression;
  readonly given: readonly Expression[];
  readonly constants: readonly boolean[];
  readonly from: number;
}

/** A call that may be found to fail for every row. */
function noteCertainCall(frame: Frame, { node, fn, index, given, constants, from }: EmittedCall): void {
  const samples = fn.costly ? undefined : samplesFor(node.name, fn, constants);
  if (samples === undefined) return;
  const at = place(frame, node.at);
  const params = given.map((param, place) => {
    const sample = samples[place] ?? 'given';
    if (sample === 'given') return param;
    if (typeof sample.sample === 'string') return text(sample.sample, at);
    return call('num', [number(constantIndex(frame, sample.sample), at)], at);
  });
  // What a sample stands for is not part of the call.
  const since = constants.every(Boolean) ? from : frame.emission.constantCalls.length;
  noteConstantCall(
    frame,
    { at: node.at, statement: statement('do', [call('call', [index, ...params], at)], at) },
    since,
  );
}

function noteWrongCall(
  frame: Frame,
  { name, at }: IdentifierNode,
  fn: GoFunction,
  args: readonly (Static | undefined)[],
): void {
  const count = countProblem(fn, args.length);
  const wrong = count === undefined ? wrongArgument(name, fn, args) : { message: count };
  if (wrong !== undefined) noteDoomed(frame, at, { name, ...wrong });
}

/** Never run; what its arguments read is to be known all the same. */
function emitUnknownFunction(frame: Frame, node: IdentifierNode, args: readonly OperandNode[]): Expression {
  for (const arg of args) emitOperand(frame, arg);
  return emitStop(frame, node.at, 'function not defined', node.name);
}

/**
 * `and` and `or` look at their arguments one by one and leave the rest unevaluated. Handlebars evaluates every parameter, in order; so a
 * test stands around each argument, and once the answer is known every helper is told to do nothing until the end.
 */
function emitLazy(
  frame: Frame,
  node: IdentifierNode,
  args: readonly OperandNode[],
  final: Expression | undefined,
): Expression {
  const at = place(frame, node.at);
  if (args.length === 0 && final === undefined)
    return emitFailure(frame, node.at, 'wrong number of arguments', node.name);
  const tests = args.map((arg, index) => {
    const operand = scoped(frame, { conditional: index > 0 }, () => emitOperand(frame, arg));
    return call('lazy', [text(node.name, at), operand], at);
  });
  const begin = call('lazy', [text('begin', at)], at);
  if (final === undefined) return call('lazy', [text('end', at), begin, ...tests], at);
  return call('lazy', [text('endPiped', at), final, begin, ...tests], at);
}
