import { literal, oddLiteral } from './literals.ts';
import type { Choices } from './random.ts';
import { makersOf, type Signature, type Type } from './signatures.ts';

/** A variable of the template that is in scope. */
export interface Variable {
  readonly name: string;
  readonly type: Type;
}

/** What an expression may refer to. */
export interface Scope {
  readonly choices: Choices;
  /** Fields of the row by type. */
  readonly fields: Readonly<Partial<Record<Type, readonly [string, ...string[]]>>>;
  readonly variables: readonly Variable[];
  /** `.` is the row, otherwise it is a value of this type. */
  readonly dot: Type | 'row';
  readonly inRange: boolean;
  /** Names of templates that can be called. */
  readonly templates: readonly string[];
}

const ODD_VALUE = 0.04;

/** Results of these come in another order in Go every time, so they are sorted at once. */
const unordered: readonly [string, ...string[]] = [
  '(keys (dict "a" 1 "b" 2) | sortAlpha)',
  '(values (dict "b" 1 "a" "x") | sortAlpha)',
  '(keys (dict "a" 1))',
  '(values (dict "a" (list 1)))',
  '(keys (dict "a" 1) (dict "b" 2) | sortAlpha)',
];

const chains: readonly [string, ...string[]] = [
  '(dict "a" (dict "b" 5)).a.b',
  '(fromJson "{\\"a\\":[1]}").a',
  '(dict "a" 1).b',
  '(semver "1.2.3-x+y").Major',
  '(semver "1.2.3-x+y").Prerelease',
  '((semver "1.2.3").Compare (semver "1.3.0"))',
  '(toDate "2006-01-02" "2024-02-29").Year',
  '(toDate "2006-01-02" "2024-02-29").Weekday',
  '(toDate "2006-01-02" "2024-02-29").Unix',
  '((toDate "2006-01-02" "2024-02-29").Format "Jan 2")',
  '(urlParse "http://h/p").host',
  '(list 1).x',
  '("a").x',
  '(index (list (dict "a" 7)) 0).a',
];

/** An expression that can stand as an argument: a word, or something in parentheses. */
export function argument(scope: Scope, type: Type, depth: number): string {
  const { choices } = scope;
  if (choices.chance(ODD_VALUE)) return oddLiteral(choices);
  const known = reference(scope, type);
  if (known !== undefined && choices.chance(0.35)) return known;
  if (depth > 0 && choices.chance(0.55)) {
    const call = callOf(scope, type, depth - 1);
    if (call !== undefined) return `(${call})`;
  }
  if (type === 'any' && choices.chance(0.1)) return choices.pick(choices.chance(0.5) ? chains : unordered);
  return literal(choices, type);
}

/** What stands in an action or after `if`: a call, a pipeline or an argument. */
export function pipeline(scope: Scope, type: Type, depth: number): string {
  const { choices } = scope;
  const call = choices.chance(0.75) ? callOf(scope, type, depth) : undefined;
  if (call === undefined) return argument(scope, type, depth);
  return choices.chance(0.04) ? `${call} | ${choices.pick(['print', 'len', 'quote', 'int', 'not', 'upper'])}` : call;
}

/** A variable or field that fits. */
function reference(scope: Scope, type: Type): string | undefined {
  const { choices, variables, fields, dot } = scope;
  const fitting = variables.filter((variable) => fits(variable.type, type)).map(({ name }) => name);
  const prefix = dot === 'row' ? '.' : '$.';
  const names = type === 'any' ? Object.values(fields).flat() : (fields[type] ?? []);
  const all = [...fitting, ...fitting, ...names.map((name) => prefix + name)];
  if (dot !== 'row' && fits(dot, type)) all.push('.', '.', '.');
  if (choices.chance(0.02)) all.push(`${prefix}missing`);
  const [first, ...rest] = all;
  return first === undefined ? undefined : choices.pick([first, ...rest]);
}

function fits(has: Type, wanted: Type): boolean {
  if (has === wanted || wanted === 'any') return true;
  if (wanted === 'number') return has === 'int' || has === 'int64' || has === 'float';
  if (wanted === 'scalar') return ['string', 'int', 'int64', 'float', 'bool'].includes(has);
  return wanted === 'list' && has === 'texts';
}

function callOf(scope: Scope, type: Type, depth: number): string | undefined {
  const [first, ...rest] = makersOf(type);
  if (first === undefined) return undefined;
  return call(scope, scope.choices.pick([first, ...rest]), depth);
}

/** A call of a function, its last argument before it now and then. */
export function call(scope: Scope, signature: Signature, depth: number): string {
  const { choices } = scope;
  const types = [...signature.params];
  for (let more = 0; signature.rest !== undefined && more < 3 && choices.chance(0.5); more += 1) {
    types.push(signature.rest);
  }
  if (choices.chance(0.015)) types.pop();
  if (choices.chance(0.015)) types.push('any');
  const last = types.at(-1);
  if (last !== undefined && choices.chance(0.35)) {
    const head = types.slice(0, -1).map((type) => argument(scope, type, depth));
    const piped = choices.chance(0.5) ? argument(scope, last, depth) : pipelineHead(scope, last, depth);
    return `${piped} | ${[signature.name, ...head].join(' ')}`;
  }
  return [signature.name, ...types.map((type) => argument(scope, type, depth))].join(' ');
}

function pipelineHead(scope: Scope, type: Type, depth: number): string {
  const inner = depth > 0 ? callOf(scope, type, depth - 1) : undefined;
  return inner ?? argument(scope, type, depth);
}
