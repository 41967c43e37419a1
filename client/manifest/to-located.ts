import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Alias,
  type Document,
  type Pair,
  type ParsedNode,
  type Scalar,
  type YAMLMap,
} from 'yaml';
import type { Json } from '../../domain/api/json.ts';
import type { Located, ScalarStyle } from './located.ts';
import { resolvePlain, type PlainScalar } from './plain-scalar.ts';
import { positionAt, problemAt, type Problem, type ProblemText, type SourceFile } from './source.ts';
import { unmask, type MaskedText } from './template-mask.ts';

/** Values one document may hold after its aliases are expanded, and how deep: bounds an alias bomb long before memory does. */
const maxValues = 200_000;
const maxAliased = 20_000;
const maxDepth = 200;

interface Conversion {
  readonly source: SourceFile;
  readonly masked: MaskedText;
  readonly document: Document<ParsedNode>;
  readonly problems: Problem[];
  /** Aliases being expanded; their values count against `maxAliased`. */
  readonly open: Set<unknown>;
  values: number;
  aliased: number;
}

class TooMuch extends Error {}

/** A YAML document as JSON with positions. Undefined for an empty document, and when a problem leaves no value. */
export function toLocated(
  source: SourceFile,
  masked: MaskedText,
  document: Document<ParsedNode>,
): { readonly root: Located | undefined; readonly problems: readonly Problem[] } {
  const conversion: Conversion = { source, masked, document, problems: [], open: new Set(), values: 0, aliased: 0 };
  if (document.contents === null) return { root: undefined, problems: [] };
  try {
    return { root: convert(conversion, document.contents, 0), problems: conversion.problems };
  } catch (error) {
    if (!(error instanceof TooMuch)) throw error;
    return { root: undefined, problems: conversion.problems };
  }
}

function report(conversion: Conversion, offset: number, text: ProblemText): void {
  conversion.problems.push(problemAt(conversion.source, offset, text));
}

function convert(conversion: Conversion, node: ParsedNode, depth: number): Located {
  const [start, end] = node.range;
  countValue(conversion, start, depth);
  if (isAlias(node)) return convertAlias(conversion, node as Alias.Parsed, depth);
  if (isMap(node)) return convertMap(conversion, node as YAMLMap.Parsed, depth);
  if (isSeq(node)) {
    const items = node.items.map((item) => convert(conversion, item as ParsedNode, depth + 1));
    return { value: items.map((item) => item.value), start, end, items };
  }
  if (isScalar(node)) return convertScalar(conversion, node as Scalar.Parsed);
  return { value: null, start, end };
}

function countValue(conversion: Conversion, offset: number, depth: number): void {
  conversion.values += 1;
  if (conversion.open.size > 0) conversion.aliased += 1;
  if (conversion.aliased > maxAliased || conversion.values > maxValues) {
    report(conversion, offset, {
      message: `the aliases of this document expand to more than ${maxAliased} values`,
      fix: 'write the values out, or split the file',
    });
    throw new TooMuch();
  }
  if (depth > maxDepth) {
    report(conversion, offset, { message: `nested deeper than ${maxDepth} levels`, fix: 'flatten the structure' });
    throw new TooMuch();
  }
}

function convertAlias(conversion: Conversion, alias: Alias.Parsed, depth: number): Located {
  const [start, end] = alias.range;
  const target = alias.resolve(conversion.document) as ParsedNode | undefined;
  if (target === undefined) {
    report(conversion, start, {
      message: `no anchor &${alias.source} stands before this alias`,
      fix: 'set the anchor first, or write the text in quotes',
    });
    return { value: null, start, end };
  }
  if (conversion.open.has(target)) {
    report(conversion, start, {
      message: `alias *${alias.source} stands inside the value it names`,
      fix: 'write the value out',
    });
    throw new TooMuch();
  }
  conversion.open.add(target);
  const located = convert(conversion, target, depth + 1);
  conversion.open.delete(target);
  return { ...located, start, end };
}

function convertMap(conversion: Conversion, map: YAMLMap.Parsed, depth: number): Located {
  const [start, end] = map.range;
  const entries = new Map<string, Located>();
  const merged: Located[] = [];
  for (const pair of map.items as EntryPair[]) {
    const key = keyOf(conversion, pair);
    if (key === undefined) continue;
    const [keyStart] = pair.key.range;
    const value = convertEntry(conversion, pair, depth);
    const first = entries.get(key);
    if (isMergeKey(pair)) merged.push(...mergeSources(conversion, value));
    else if (first === undefined) entries.set(key, { ...value, keyStart });
    else reportDuplicate(conversion, key, keyStart, first.keyStart ?? start);
  }
  for (const source of merged) {
    for (const [key, value] of source.entries ?? []) if (!entries.has(key)) entries.set(key, value);
  }
  const value = Object.fromEntries([...entries].map(([key, entry]) => [key, entry.value] as const));
  return { value, start, end, entries };
}

type EntryPair = Pair<ParsedNode, ParsedNode | null>;

function convertEntry(conversion: Conversion, pair: EntryPair, depth: number): Located {
  if (pair.value !== null) return convert(conversion, pair.value, depth + 1);
  const [, end] = pair.key.range;
  return { value: null, start: end, end };
}

function isMergeKey({ key }: EntryPair): boolean {
  return isScalar(key) && key.type === 'PLAIN' && key.source === '<<';
}

function reportDuplicate(conversion: Conversion, key: string, offset: number, first: number): void {
  report(conversion, offset, {
    message: `key "${key}" is set twice; the first one is on line ${positionAt(conversion.source, first).line}`,
    fix: 'remove one of the two',
  });
}

function mergeSources(conversion: Conversion, value: Located): readonly Located[] {
  const sources = value.items ?? [value];
  const maps = sources.filter((source) => source.entries !== undefined);
  if (maps.length < sources.length) {
    report(conversion, value.start, {
      message: 'the merge key << needs a map or a list of maps',
      fix: 'name an anchored map',
    });
  }
  return maps;
}

/** Keys are text as written: `8080:` and `on:` are "8080" and "on". */
function keyOf(conversion: Conversion, pair: EntryPair): string | undefined {
  const node = isAlias(pair.key) ? pair.key.resolve(conversion.document) : pair.key;
  if (node !== undefined && isScalar(node)) return textOf(conversion, node as Scalar.Parsed);
  report(conversion, pair.key.range[0], {
    message: 'a map or a list cannot be a key',
    fix: 'if this is meant as text, write it in quotes',
  });
  return undefined;
}

function textOf(conversion: Conversion, scalar: Scalar.Parsed): string {
  const [start, end] = scalar.range;
  const text = typeof scalar.value === 'string' ? scalar.value : (scalar.source ?? '');
  return scalar.type === 'PLAIN' ? unmask(conversion.masked, conversion.source.text, text, { start, end }) : text;
}

const styles: Readonly<Record<string, ScalarStyle>> = {
  PLAIN: 'plain',
  QUOTE_SINGLE: 'single',
  QUOTE_DOUBLE: 'double',
  BLOCK_LITERAL: 'block',
  BLOCK_FOLDED: 'block',
};

function convertScalar(conversion: Conversion, scalar: Scalar.Parsed): Located {
  const [start, end] = scalar.range;
  const text = textOf(conversion, scalar);
  const style = styles[scalar.type ?? 'PLAIN'] ?? 'plain';
  const template = scalar.type === 'PLAIN' && text.includes('{{') ? { unquotedTemplate: true as const } : {};
  return { value: scalarValue(conversion, scalar, text), start, end, style, ...template };
}

const typeTags = new Set(['bool', 'int', 'float', 'null'].map((name) => `tag:yaml.org,2002:${name}`));
const textTags = new Set(['str', 'binary', 'timestamp'].map((name) => `tag:yaml.org,2002:${name}`));

function scalarValue(conversion: Conversion, scalar: Scalar.Parsed, text: string): Json {
  const tag = scalar.tag;
  if (tag !== undefined && textTags.has(tag)) return text;
  if (tag !== undefined && !typeTags.has(tag)) {
    report(conversion, scalar.range[0], {
      message: `the tag ${tag} has no meaning in a manifest`,
      fix: 'remove the tag',
    });
    return text;
  }
  if (tag === undefined && scalar.type !== 'PLAIN') return text;
  return jsonOf(conversion, scalar.range[0], resolvePlain(text), text);
}

function jsonOf(conversion: Conversion, offset: number, plain: PlainScalar, text: string): Json {
  if (plain.kind === 'value') return plain.value;
  report(conversion, offset, { message: plain.reason, fix: `write it in quotes, "${text}", if text is meant` });
  return text;
}
