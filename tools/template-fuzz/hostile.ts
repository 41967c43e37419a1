import type { Choices } from '../template-diff/random.ts';
import { randomTemplate } from '../template-diff/templates.ts';
import type { Scope } from '../template-diff/expressions.ts';

type Pool = readonly [string, ...string[]];

/** Keys that mean something to JavaScript. */
export const prototypeKeys: Pool = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'valueOf',
  '__defineGetter__',
  '__lookupGetter__',
  'isPrototypeOf',
  'toJSON',
  'then',
  'length',
  'call',
  'apply',
  'arguments',
  'caller',
  'global',
  'process',
  'require',
  'this',
];

/** Pieces that templates are made of, and those that attackers try. */
const tokens: Pool = [
  ...([
    '{{',
    '}}',
    '{{-',
    '-}}',
    '{{/*',
    '*/}}',
    '.',
    '..',
    '$',
    '$x',
    ':=',
    '=',
    ',',
    '|',
    '(',
    ')',
    '"',
    '`',
    "'",
    '\\',
  ] as const),
  ...([
    'if',
    'else',
    'else if',
    'else with',
    'with',
    'range',
    'end',
    'break',
    'continue',
    'define "t"',
    'block "b" .',
  ] as const),
  ...([
    'template "t" .',
    'and',
    'or',
    'not',
    'nil',
    'true',
    '0',
    '-1',
    '1e9',
    '9223372036854775807',
    '0x',
    '1i',
    "'a'",
  ] as const),
  ...([
    '"%999999999d"',
    '"%.999999999f"',
    '"%*d"',
    '"(a+)+$"',
    '"((a{1,100}){1,100}){1,100}"',
    '"\\xff"',
    '"{{ . }}"',
  ] as const),
  ...([
    'repeat 1000000000 "x"',
    'until 1000000000',
    'range 1000000000',
    'seq 1 1000000000',
    'indent 1000000000 "a"',
  ] as const),
  ...([
    'untilStep 0 1000000000 1',
    'printf',
    'index',
    'slice',
    'call',
    'len',
    'set . "a" .',
    'merge . .',
    'dict',
    'list',
    'print',
  ] as const),
  ...([
    'fromJson',
    'toJson',
    'toPrettyJson',
    'regexMatch',
    'regexReplaceAll',
    'regexFindAll',
    'regexSplit',
    'replace ""',
  ] as const),
  ...([
    'wrapWith 1',
    'split ""',
    'splitList ""',
    'upper',
    'title',
    'quote',
    'js',
    'html',
    'urlquery',
    'urlParse',
    'dig "a" ""',
  ] as const),
  ...([
    'toDate "2006"',
    'date "2006" 0',
    'dateModify',
    'semver',
    'semverCompare',
    'b64dec',
    'b32dec',
    'deepCopy',
    'append',
  ] as const),
  ...([
    'concat',
    'chunk 1',
    'uniq',
    'sortAlpha',
    'pluck "a"',
    'keys',
    'values',
    'int',
    'float',
    'bool',
    'add',
    'mul',
    'div',
    'round',
  ] as const),
  ...([
    'randAlphaNum 9',
    'generate "n" 8',
    'shuffle',
    'uuidv4',
    'now',
    'env "HOME"',
    'expandenv "$HOME"',
    'getHostByName "a"',
  ] as const),
  ...([
    'eval',
    'Function',
    'require "fs"',
    'process.env',
    'lookup',
    'helperMissing',
    'out',
    'each',
    '{{{',
    '}}}',
    '{{#if x}}',
  ] as const),
  ...([
    '{{> partial}}',
    '{{* deco}}',
    '@root',
    '../',
    'é😀',
    '\u0000',
    '\ud800',
    '\n',
    ' ',
    '\t',
    '.a',
    '.big',
    '.json',
    '.j2',
  ] as const),
  ...prototypeKeys,
  ...(prototypeKeys.map((key) => `.${key}`) as unknown as Pool),
];

const prototypeObject = Object.fromEntries([...prototypeKeys].map((key) => [key, `own ${key}`]));

/** The rows the templates run with: every text that could mean something else than itself, and long ones. */
export const hostileRows: readonly [Readonly<Record<string, unknown>>, ...Readonly<Record<string, unknown>>[]] = [
  {
    a: '{{ .uid }}',
    b: '}}{{ env "HOME" }}{{',
    uid: '__proto__',
    json: '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":1}}}',
    j2: `{"a":[${'{"b":null},'.repeat(3_000)}1]}`,
    deep: '['.repeat(5_000) + ']'.repeat(5_000),
    list: ['a', null, [1, { b: 2 }]],
    big: 'a b,é"\\<'.repeat(100),
    aaaa: 'a'.repeat(5_000),
    lines: 'x\n'.repeat(1_000),
  },
  {
    ...prototypeObject,
    a: prototypeObject,
    b: null,
    uid: '\u0000\u2028\ud800\u202e',
    json: 'null',
    big: '9'.repeat(400),
  },
  {
    a: -0,
    b: 1e308,
    uid: '../../etc/passwd',
    json: '{"$int64":"1"}',
    list: [],
    map: {},
    n: 9007199254740993n,
    big: '%s%n%x'.repeat(50),
  },
];

/** One row with texts of a mebibyte, for the attacks. */
export const hugeRow: Readonly<Record<string, unknown>> = {
  ...hostileRows[0],
  big: 'a b,é"\\<'.repeat(110_000),
  aaaa: 'a'.repeat(1_000_000),
  lines: 'x\n'.repeat(500_000),
};

const fields: Scope['fields'] = {
  string: ['a', 'b', 'uid', 'json', 'big', '__proto__', 'constructor'],
  any: ['list', 'a'],
};

/** A hostile template: noise, token soup, a damaged valid one, or an attack with noise around it. */
export function hostileTemplate(choices: Choices): string {
  const kind = choices.next();
  if (kind < 0.2) return noise(choices);
  if (kind < 0.55) return soup(choices);
  if (kind < 0.85) return spoiled(choices, randomTemplate(choices, fields));
  return `{{ ${action(choices)} }}`;
}

function noise(choices: Choices): string {
  const codes = Array.from({ length: choices.below(60) }, () => choices.below(choices.chance(0.8) ? 0x80 : 0x1_0000));
  const text = String.fromCharCode(...codes);
  return choices.chance(0.7) ? `{{${text}}}` : `{{ .a }}${text}`;
}

function soup(choices: Choices): string {
  const count = 1 + choices.below(25);
  const pieces = Array.from({ length: count }, () => choices.pick(tokens));
  return `{{ ${pieces.join(choices.chance(0.7) ? ' ' : '')} }}`;
}

function action(choices: Choices): string {
  const words = Array.from({ length: 1 + choices.below(4) }, () => choices.pick(tokens));
  return words.join(choices.chance(0.8) ? ' ' : ' | ');
}

function spoiled(choices: Choices, source: string): string {
  let text = source;
  for (let times = choices.below(4); times > 0; times -= 1) {
    const at = choices.below(text.length + 1);
    text = text.slice(0, at) + choices.pick(tokens) + text.slice(at + choices.below(4));
  }
  return text;
}
