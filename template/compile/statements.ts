import type { BranchNode, ListNode, StatementNode, TemplateNode } from '../language/nodes.ts';
import type { Expression, ProgramNode, Statement } from './ast.ts';
import { areConstant } from './constants.ts';
import { declareVariable, type Frame, noteConstantCall, noteDoomed, place, scoped, slotOf } from './emitter.ts';
import { emitCommands, emitFailure, emitPipe } from './expressions.ts';
import { block, call, content, number, program, statement, text } from './factory.ts';
import { noteTestedPipe } from './lookups.ts';
import { elementOf, staticOfPipe } from './statics.ts';

/** Statements of a list as a Handlebars program. */
export function emitList(frame: Frame, list: ListNode): ProgramNode {
  return program(emitBody(frame, list.body), place(frame, list.at));
}

/** What follows a statement that may `break` or `continue` goes into a `live` block: it prints only when nothing has jumped. */
function emitBody(frame: Frame, body: readonly StatementNode[]): Statement[] {
  const statements: Statement[] = [];
  for (const [index, node] of body.entries()) {
    statements.push(emitStatement(frame, node));
    const rest = body.slice(index + 1);
    if (!mayJump(node) || rest.length === 0) continue;
    if (node.node !== 'break' && node.node !== 'continue') {
      const at = place(frame, node.at);
      statements.push(block({ helper: 'live', params: [], program: program(emitBody(frame, rest), at) }, at));
    }
    break;
  }
  return statements;
}

function mayJump(node: StatementNode): boolean {
  switch (node.node) {
    case 'break':
    case 'continue':
      return true;
    case 'if':
    case 'with':
      return node.list.body.some(mayJump) || (node.otherwise?.body.some(mayJump) ?? false);
    case 'range':
      return node.otherwise?.body.some(mayJump) ?? false;
    default:
      return false;
  }
}

function emitStatement(frame: Frame, node: StatementNode): Statement {
  const at = place(frame, node.at);
  switch (node.node) {
    case 'text':
      return content(node.text, at);
    case 'action':
      return statement(
        node.pipe.variables.length === 0 ? 'out' : 'do',
        [emitPipe(frame, node.pipe)],
        place(frame, node.pipe.at),
      );
    case 'break':
    case 'continue':
      return statement('jump', [text(node.node, at)], at);
    case 'template':
      return emitTemplateCall(frame, node);
    case 'range':
      return scoped(frame, {}, () => emitRange(frame, node));
    default:
      return scoped(frame, {}, () => emitCondition(frame, node));
  }
}

function emitCondition(frame: Frame, node: BranchNode): Statement {
  const helper = node.node === 'with' ? 'with' : 'if';
  const value = staticOfPipe(frame, node.pipe);
  noteTestedPipe(frame, node.pipe.commands);
  const condition = emitPipe(frame, node.pipe);
  const inside = helper === 'with' ? { conditional: true, dot: { value } } : { conditional: true };
  const taken = scoped(frame, inside, () => emitList(frame, node.list));
  return block(
    { helper, params: [condition], program: taken, inverse: emitOtherwise(frame, node) },
    place(frame, node.at),
  );
}

function emitOtherwise(frame: Frame, node: BranchNode): ProgramNode | undefined {
  const { otherwise } = node;
  return otherwise === undefined ? undefined : scoped(frame, { conditional: true }, () => emitList(frame, otherwise));
}

const rangeOfText = "range can't iterate over a value of type string";

/** `range` gets the value, then the slots of index and element; -1 for none. */
function emitRange(frame: Frame, node: BranchNode): Statement {
  const at = place(frame, node.at);
  const known = staticOfPipe(frame, node.pipe);
  const from = frame.emission.constantCalls.length;
  const value = emitCommands(frame, node.pipe);
  noteConstantRange(frame, { node, value, from });
  if (known?.is === 'text') noteDoomed(frame, node.at, { name: 'range', message: rangeOfText, ofRow: known.ofRow });
  const item = elementOf(known);
  const slots = node.pipe.variables.map((name, index, { length }) =>
    node.pipe.assigns ? slotOf(frame, name) : declareVariable(frame, name, index === length - 1 ? item : undefined),
  );
  const missing = node.pipe.variables.find((_name, index) => slots[index] === undefined);
  if (missing !== undefined) return statement('out', [emitFailure(frame, node.at, 'undefined variable', missing)], at);
  const [first = -1, second = -1] = slots;
  const [index, element] = slots.length > 1 ? [first, second] : [-1, first];
  const body = scoped(frame, { conditional: true, dot: { value: item } }, () => emitList(frame, node.list));
  const params: Expression[] = [value, number(index, at), number(element, at)];
  return block({ helper: 'range', params, program: body, inverse: emitOtherwise(frame, node) }, at);
}

interface RangeOver {
  readonly node: BranchNode;
  readonly value: Expression;
  readonly from: number;
}

/** More rounds than a field may have, whatever is printed in them. One that may jump may end before. */
function noteConstantRange(frame: Frame, { node, value, from }: RangeOver): void {
  if (!areConstant(frame, node.pipe.commands) || node.list.body.some(mayJump)) return;
  const at = place(frame, node.at);
  const params = [value, number(-1, at), number(-1, at)];
  const rounds = block({ helper: 'range', params, program: program([], at), inverse: program([], at) }, at);
  noteConstantCall(frame, { at: node.at, statement: rounds }, from);
}

function emitTemplateCall(frame: Frame, node: TemplateNode): Statement {
  const at = place(frame, node.at);
  if (!frame.emission.isDefined(node.name)) {
    return statement('out', [emitFailure(frame, node.at, 'template not defined', node.name)], at);
  }
  const dot = node.pipe === undefined ? [] : [call('value', [emitPipe(frame, node.pipe)], at)];
  return statement('tpl', [text(node.name, at), ...dot], at);
}
