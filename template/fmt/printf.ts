import { type GoValue, plain } from '../values.ts';
import { normalText } from '../values/text.ts';
import { integerOf, typeName } from '../values/types.ts';
import { type Budget, type Format, newFormat, take } from './format.ts';
import { printOperand } from './print.ts';

const TOO_LARGE = 1_000_000;

/** State of one `printf`: where the format string is read, and which operand is next. */
interface State {
  readonly format: string;
  readonly operands: readonly GoValue[];
  readonly budget: Budget;
  readonly parts: string[];
  at: number;
  next: number;
  reordered: boolean;
  goodIndex: boolean;
  afterIndex: boolean;
}

/** Go's `fmt.Sprintf`. `maxLength` bounds the result. */
export function sprintf(format: string, operands: readonly GoValue[], maxLength: number): string {
  const state: State = {
    format,
    operands,
    budget: { left: maxLength },
    parts: [],
    at: 0,
    next: 0,
    reordered: false,
    goodIndex: true,
    afterIndex: false,
  };
  while (state.at < format.length) {
    const percent = format.indexOf('%', state.at);
    write(state, format.slice(state.at, percent < 0 ? undefined : percent));
    if (percent < 0) break;
    state.at = percent + 1;
    printVerb(state);
  }
  if (!state.reordered && state.next < operands.length) writeExtra(state);
  return normalText(state.parts.join(''));
}

function write(state: State, text: string): void {
  state.parts.push(take(state.budget, text));
}

function printVerb(state: State): void {
  state.goodIndex = true;
  state.afterIndex = false;
  const format = newFormat();
  readFlags(state, format);
  readIndex(state);
  readWidth(state, format);
  readPrecision(state, format);
  if (!state.afterIndex) readIndex(state);
  const code = state.format.codePointAt(state.at);
  if (code === undefined) {
    write(state, '%!(NOVERB)');
    return;
  }
  const verb = String.fromCodePoint(code);
  state.at += verb.length;
  applyVerb(state, verb, format);
}

function applyVerb(state: State, verb: string, format: Format): void {
  const operand = state.operands[state.next];
  if (verb === '%') write(state, '%');
  else if (!state.goodIndex) write(state, `%!${verb}(BADINDEX)`);
  else if (operand === undefined) write(state, `%!${verb}(MISSING)`);
  else {
    if (verb === 'v' || verb === 'w') {
      format.sharpV = format.sharp;
      format.plusV = format.plus;
      format.sharp = false;
      format.plus = false;
    }
    state.parts.push(printOperand(operand, { verb, format, budget: state.budget, depth: 0 }));
    state.next += 1;
  }
}

function readFlags(state: State, format: Format): void {
  for (; state.at < state.format.length; state.at += 1) {
    switch (state.format[state.at]) {
      case '#':
        format.sharp = true;
        break;
      case '0':
        format.zero = true;
        break;
      case '+':
        format.plus = true;
        break;
      case '-':
        format.minus = true;
        break;
      case ' ':
        format.space = true;
        break;
      default:
        return;
    }
  }
}

/** `[n]`: the next operand by number. */
function readIndex(state: State): void {
  state.afterIndex = false;
  if (state.format[state.at] !== '[') return;
  state.reordered = true;
  const close = state.format.indexOf(']', state.at);
  if (close < 0) {
    state.goodIndex = false;
    state.at += 1;
    return;
  }
  const index = readNumber(state.format.slice(state.at + 1, close));
  state.at = close + 1;
  state.afterIndex = index !== undefined;
  if (index !== undefined && index >= 1 && index <= state.operands.length) state.next = index - 1;
  else state.goodIndex = false;
}

function readNumber(digits: string): number | undefined {
  if (!/^[0-9]+$/.test(digits)) return undefined;
  const value = Number(digits);
  return value > TOO_LARGE * 10 ? undefined : value;
}

/** Digits at the cursor as a number; undefined when there are none. A crazy long number eats the rest of the format, as in Go. */
function takeNumber(state: State): number | undefined {
  const from = state.at;
  let value = 0;
  while (/[0-9]/.test(state.format.charAt(state.at))) {
    if (value > TOO_LARGE) {
      state.at = state.format.length;
      return undefined;
    }
    value = value * 10 + Number(state.format.charAt(state.at));
    state.at += 1;
  }
  return state.at > from ? value : undefined;
}

function readWidth(state: State, format: Format): void {
  if (state.format[state.at] !== '*') {
    format.width = takeNumber(state);
    if (state.afterIndex && format.width !== undefined) state.goodIndex = false;
    return;
  }
  state.at += 1;
  const width = takeOperandNumber(state);
  if (width === undefined) write(state, '%!(BADWIDTH)');
  else if (width < 0) {
    format.width = -width;
    format.minus = true;
    format.zero = false;
  } else format.width = width;
  state.afterIndex = false;
}

function readPrecision(state: State, format: Format): void {
  if (state.format[state.at] !== '.' || state.at + 1 >= state.format.length) return;
  state.at += 1;
  if (state.afterIndex) state.goodIndex = false;
  readIndex(state);
  if (state.format[state.at] !== '*') {
    format.precision = takeNumber(state) ?? 0;
    return;
  }
  state.at += 1;
  const precision = takeOperandNumber(state);
  if (precision === undefined || precision < 0) write(state, '%!(BADPREC)');
  else format.precision = precision;
  state.afterIndex = false;
}

/** A width or precision from the operands; undefined when it is no integer or too large. */
function takeOperandNumber(state: State): number | undefined {
  if (state.next >= state.operands.length) return undefined;
  const value = integerOf(plain(state.operands[state.next]));
  state.next += 1;
  if (value === undefined || value > BigInt(TOO_LARGE) || value < BigInt(-TOO_LARGE)) return undefined;
  return Number(value);
}

function writeExtra(state: State): void {
  write(state, '%!(EXTRA ');
  for (const [index, operand] of state.operands.slice(state.next).entries()) {
    if (index > 0) write(state, ', ');
    if (plain(operand) === null) write(state, '<nil>');
    else {
      write(state, `${typeName(operand)}=`);
      state.parts.push(printOperand(operand, { verb: 'v', format: newFormat(), budget: state.budget, depth: 0 }));
    }
  }
  write(state, ')');
}

/** Go's `fmt.Sprint`: a space between operands when neither is a string. */
export function sprint(operands: readonly GoValue[], maxLength: number): string {
  const budget: Budget = { left: maxLength };
  const parts: string[] = [];
  let previousText = false;
  for (const [index, operand] of operands.entries()) {
    const isText = typeof plain(operand) === 'string';
    if (index > 0 && !isText && !previousText) parts.push(take(budget, ' '));
    parts.push(printOperand(operand, { verb: 'v', format: newFormat(), budget, depth: 0 }));
    previousText = isText;
  }
  return normalText(parts.join(''));
}

/** Go's `fmt.Sprintln`. */
export function sprintln(operands: readonly GoValue[], maxLength: number): string {
  const budget: Budget = { left: maxLength };
  const parts = operands.map((operand) => printOperand(operand, { verb: 'v', format: newFormat(), budget, depth: 0 }));
  return normalText(`${parts.join(' ')}\n`);
}

/** `%v` of one value. */
export function printValue(value: GoValue, maxLength: number): string {
  const bare = plain(value);
  return typeof bare === 'string'
    ? bare
    : printOperand(bare, { verb: 'v', format: newFormat(), budget: { left: maxLength }, depth: 0 });
}
