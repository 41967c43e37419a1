import { builtins } from './builtins.ts';
import { comparison } from './comparison.ts';
import { defaults } from './defaults.ts';
import { crypto } from './crypto.ts';
import type { FunctionTable, GoFunction, MethodTable } from './define.ts';
import { dicts } from './dicts.ts';
import { lists } from './lists.ts';
import { lynq } from './lynq.ts';
import { math } from './math.ts';
import { random } from './random.ts';
import { reflection } from './reflection.ts';
import { checksums } from './checksums.ts';
import { dates } from './dates.ts';
import { dateMethods } from './dates/methods.ts';
import { encoding } from './encoding.ts';
import { json } from './json.ts';
import { misc } from './misc.ts';
import { paths } from './paths.ts';
import { regex } from './regex.ts';
import { url } from './url.ts';
import { semver, semverMethods } from './semver.ts';
import { stringCase } from './string-case.ts';
import { strings } from './strings.ts';
import { stringShape } from './string-shape.ts';
import { typedFunctions } from './typed.ts';

/**
 * The functions of templates, by theme. A new theme is a file in this folder that exports a table, and a line here; a name may be in one
 * table only (a test checks it). `and` and `or` are part of the language.
 */
export const themes: Readonly<Record<string, FunctionTable>> = {
  builtins,
  comparison,
  typed: typedFunctions,
  defaults,
  lynq,
  strings,
  stringCase,
  stringShape,
  math,
  random,
  lists,
  dicts,
  reflection,
  crypto,
  regex,
  dates,
  semver,
  url,
  paths,
  encoding,
  json,
  checksums,
  misc,
};

/** Methods of opaque types, by theme: `{ 'time.Time': { Year: fn(...) } }`. */
export const methodThemes: Readonly<Record<string, MethodTable>> = { dates: dateMethods, semver: semverMethods };

const functions: ReadonlyMap<string, GoFunction> = new Map(
  Object.values(themes).flatMap((theme) => Object.entries(theme)),
);

const methods: ReadonlyMap<string, GoFunction> = new Map(
  Object.values(methodThemes).flatMap((theme) =>
    Object.entries(theme).flatMap(([type, table]) =>
      Object.entries(table).map(([name, method]) => [`${type}.${name}`, method] as const),
    ),
  ),
);

/** The function of a name, undefined for a name no template can use. */
export function functionOf(name: string): GoFunction | undefined {
  return functions.get(name);
}

/** The method of a type. */
export function methodOf(type: string, name: string): GoFunction | undefined {
  return methods.get(`${type}.${name}`);
}

/** Every name a template can call, `and` and `or` included; for suggestions and listings. */
export function functionNames(): readonly string[] {
  return [...functions.keys(), 'and', 'or'];
}
