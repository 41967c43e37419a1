import { argument, call, pipeline, type Scope } from './expressions.ts';
import type { Choices } from './random.ts';
import { signatures, type Type } from './signatures.ts';

const texts: readonly [string, ...string[]] = ['x', ' ', '\n', ' a b ', 'é', ': ', '\t', '}', '{', '}}', '"', 'node-'];

const printed: readonly [Type, ...Type[]] = [
  'string',
  'string',
  'string',
  'int',
  'int64',
  'float',
  'bool',
  'any',
  'any',
  'list',
  'texts',
  'map',
  'number',
  'time',
  'semver',
  'urlMap',
];

const assigned: readonly [Type, ...Type[]] = [
  'string',
  'int',
  'list',
  'any',
  'float',
  'bool',
  'texts',
  'int64',
  'number',
];

/** An action around a text, with trim markers and odd spaces now and then. */
function action(choices: Choices, inner: string): string {
  const left = choices.chance(0.06) ? '{{- ' : choices.chance(0.1) ? '{{' : '{{ ';
  const right = choices.chance(0.06) ? ' -}}' : choices.chance(0.1) ? '}}' : ' }}';
  return left + inner + right;
}

type Statement = (scope: Scope, depth: number) => { readonly text: string; readonly scope?: Scope };

const print: Statement = (scope, depth) => {
  const type = scope.choices.pick(printed);
  return { text: action(scope.choices, pipeline(scope, type, depth)) };
};

/** Every function as often as any other. */
const anyCall: Statement = (scope, depth) => {
  const [first, ...rest] = signatures.filter(({ name }) => name !== 'keys' && name !== 'values');
  if (first === undefined) return { text: '' };
  return { text: action(scope.choices, call(scope, scope.choices.pick([first, ...rest]), depth)) };
};

const typedValue: Statement = (scope, depth) => {
  const { choices } = scope;
  const maker = `${choices.pick(['int', 'float', 'bool'])} ${argument(scope, 'any', depth - 1)}`;
  const wrapped = choices.pick([
    maker,
    `default ${argument(scope, 'any', 0)} (${maker})`,
    `${maker} | default ${argument(scope, 'any', 0)}`,
    `ternary (${maker}) (${maker}) true`,
    `or (${maker}) 7`,
    `and (${maker}) (${maker})`,
    `coalesce nil (${maker}) 3`,
    `add (${maker}) 1 | int`,
    `index (list (${maker})) 0`,
    `${maker} | toString`,
  ]);
  return { text: choices.chance(0.2) ? `{{ $t := ${wrapped} }}{{ $t }}` : `{{ ${wrapped} }}` };
};

const plainText: Statement = ({ choices }) => ({ text: choices.pick(texts) });

const comment: Statement = ({ choices }) => ({
  text: choices.pick([
    '{{/* note */}}',
    '{{- /* note */ -}}',
    '{{/* {{ x }} */}}',
    '{{ /* bad */ }}',
    '{{/* a\nb */ -}}',
  ]),
});

const declare: Statement = (scope, depth) => {
  const { choices, variables } = scope;
  const type = choices.pick(assigned);
  const name = choices.pick(['$a', '$b', '$c', '$v1', '$é']);
  const text = action(choices, `${name} := ${pipeline(scope, type, depth)}`);
  return {
    text,
    scope: { ...scope, variables: [...variables.filter((known) => known.name !== name), { name, type }] },
  };
};

const assign: Statement = (scope, depth) => {
  const { choices, variables } = scope;
  const [first, ...rest] = variables;
  if (first === undefined) return print(scope, depth);
  const variable = choices.pick([first, ...rest]);
  return { text: action(choices, `${variable.name} = ${pipeline(scope, variable.type, depth)}`) };
};

const mutate: Statement = (scope) => {
  const value = (): string => argument(scope, 'scalar', 1);
  const steps = [
    `{{ $_ := set $m "a" ${value()} }}`,
    `{{ $_ := unset $m "a" }}`,
    `{{ $_ := merge $m (dict "a" ${value()} "z" (dict "y" 1)) }}`,
    `{{ $_ := mergeOverwrite $m (dict "a" ${value()}) }}`,
    `{{ $n := deepCopy $m }}{{ $_ := set $n "q" 1 }}`,
  ] as const;
  const chosen = Array.from({ length: 1 + scope.choices.below(3) }, () => scope.choices.pick(steps));
  return { text: `{{ $m := dict "b" ${value()} }}${chosen.join('')}{{ $m }}` };
};

function condition(scope: Scope, depth: number): string {
  const { choices } = scope;
  return pipeline(scope, choices.chance(0.6) ? 'bool' : choices.pick(printed), depth);
}

const branch: Statement = (scope, depth) => {
  const { choices } = scope;
  const named = choices.chance(0.15) ? '$a := ' : '';
  const inner =
    named === '' ? scope : { ...scope, variables: [...scope.variables, { name: '$a', type: 'any' as const }] };
  const parts = [action(choices, `if ${named}${condition(scope, depth - 1)}`), body(inner, depth - 1)];
  while (choices.chance(0.25)) {
    const word = choices.chance(0.9) ? 'if' : 'with';
    parts.push(action(choices, `else ${word} ${condition(inner, depth - 1)}`), body(inner, depth - 1));
  }
  if (choices.chance(0.5)) parts.push(action(choices, 'else'), body(inner, depth - 1));
  return { text: parts.join('') + end(choices) };
};

const withValue: Statement = (scope, depth) => {
  const { choices } = scope;
  const type = choices.pick(printed);
  const dot = choices.chance(0.1) ? ('row' as const) : type;
  const subject = dot === 'row' ? '$' : pipeline(scope, type, depth - 1);
  const parts = [action(choices, `with ${subject}`), body({ ...scope, dot }, depth - 1)];
  if (choices.chance(0.2)) {
    const other = choices.pick(printed);
    parts.push(
      action(choices, `else with ${pipeline(scope, other, depth - 1)}`),
      body({ ...scope, dot: other }, depth - 1),
    );
  }
  if (choices.chance(0.4)) parts.push(action(choices, 'else'), body(scope, depth - 1));
  return { text: parts.join('') + end(choices) };
};

const range: Statement = (scope, depth) => {
  const { choices } = scope;
  const over = choices.pick(['list', 'texts', 'map', 'count', 'list', 'urlMap', 'textMap'] as const);
  const names = choices.pick(['', '', '$e := ', '$i, $e := ', '$e = ']);
  const element: Type = over === 'texts' || over === 'textMap' ? 'string' : over === 'count' ? 'int' : 'any';
  const declared = names.includes(':=')
    ? [{ name: '$e', type: element }, ...(names.includes('$i') ? [{ name: '$i', type: 'any' as const }] : [])]
    : [];
  const inner: Scope = { ...scope, dot: element, inRange: true, variables: [...scope.variables, ...declared] };
  const subject = over === 'count' ? argument(scope, 'count', 0) : pipeline(scope, over, depth - 1);
  const parts = [action(choices, `range ${names}${subject}`), body(inner, depth - 1)];
  if (choices.chance(0.3)) parts.push(action(choices, 'else'), body(scope, depth - 1));
  return { text: parts.join('') + end(choices) };
};

const jump: Statement = (scope, depth) => {
  const { choices, inRange } = scope;
  if (!inRange && !choices.chance(0.05)) return print(scope, depth);
  const word = choices.pick(['break', 'continue']);
  return { text: choices.chance(0.6) ? `{{ if ${condition(scope, 1)} }}{{ ${word} }}{{ end }}` : `{{ ${word} }}` };
};

const callTemplate: Statement = (scope, depth) => {
  const { choices, templates } = scope;
  const [first, ...rest] = templates;
  if (first === undefined) return { text: choices.chance(0.1) ? '{{ template "none" . }}' : '' };
  const name = choices.pick([first, ...rest]);
  const data = choices.chance(0.8) ? ` ${choices.chance(0.4) ? '.' : pipeline(scope, 'any', depth - 1)}` : '';
  return { text: action(choices, `template "${name}"${data}`) };
};

const block: Statement = (scope, depth) => {
  const inner: Scope = { ...scope, dot: 'any', variables: [], inRange: false, templates: [] };
  const subject = pipeline(scope, 'any', depth - 1);
  return { text: `{{ block "blk" ${subject} }}${body(inner, depth - 1)}{{ end }}` };
};

function end(choices: Choices): string {
  return action(choices, 'end');
}

const leaves: readonly [Statement, ...Statement[]] = [print, anyCall, anyCall, plainText, typedValue];
const statements: readonly [Statement, ...Statement[]] = [
  ...leaves,
  print,
  anyCall,
  comment,
  declare,
  declare,
  assign,
  mutate,
  branch,
  withValue,
  range,
  range,
  jump,
  callTemplate,
  block,
];

/** A list of statements; what one declares the next can use. */
export function body(scope: Scope, depth: number): string {
  const { choices } = scope;
  const parts: string[] = [];
  let current = scope;
  for (let left = 1 + choices.below(3); left > 0; left -= 1) {
    const made = choices.pick(depth > 0 ? statements : leaves)(current, Math.max(depth, 1));
    parts.push(made.text);
    current = made.scope ?? current;
  }
  return parts.join('');
}

/** A definition of a template, and its name. */
function definition(scope: Scope, name: string): string {
  const inner: Scope = { ...scope, dot: 'any', variables: [], inRange: false, templates: [] };
  return `{{ define "${name}" }}${body(inner, 1)}{{ end }}`;
}

/** Takes out, doubles or swaps a piece: nearly a template. Numbers stay what they are. */
function damaged(choices: Choices, source: string): string {
  const pieces = source.match(/\{\{-?|-?\}\}|"(?:\\.|[^"\\])*"|[\w.$]+|\s+|[^]/g) ?? [];
  const at = choices.below(pieces.length);
  const piece = pieces[at] ?? '';
  if (/^[\d.]/.test(piece)) return source;
  const replacement = choices.pick([
    '',
    `${piece} ${piece}`,
    choices.pick([')', '(', '|', '{{', '}}', 'end', '.', '$', '"', ':=', ',']),
  ]);
  return [...pieces.slice(0, at), replacement, ...pieces.slice(at + 1)].join('');
}

/** A random template: most are valid and run, some fail to run, a few are no templates. */
export function randomTemplate(choices: Choices, fields: Scope['fields']): string {
  const names = choices.chance(0.12) ? ['t', 'u'].slice(0, 1 + choices.below(2)) : [];
  const scope: Scope = { choices, fields, variables: [], dot: 'row', inRange: false, templates: names };
  const defined = names.map((name) => definition(scope, name)).join('');
  const depth = choices.chance(0.5) ? 0 : 1 + choices.below(3);
  const main = depth === 0 ? single(scope) : body(scope, depth);
  const source = choices.chance(0.5) ? defined + main : main + defined;
  return choices.chance(0.06) ? damaged(choices, source) : source;
}

/** The usual field: one action, perhaps with text around it. */
function single(scope: Scope): string {
  const { choices } = scope;
  const made = choices.pick([print, anyCall, anyCall, typedValue])(scope, 1 + choices.below(3)).text;
  return choices.chance(0.3) ? `${choices.pick(texts)}${made}${choices.pick(texts)}` : made;
}
