import { isJsonObject, type Json, textAt } from './api/json.ts';
import { canonicalJson } from './canonical.ts';
import { rowVariableNames } from './template-variables.ts';

/**
 * Scale overrides (decisions.md section 6): a text in place of a column's value, until it is cleared, the column changes, or the node goes.
 * Kept in annotation `lynq.sh/overrides` with the row's value of that moment, which is how a later change of the column is seen.
 */
export interface Override {
  readonly value: string;
  /** The row's text when the override was set. */
  readonly base: string;
}

export type OverrideRefusal =
  | { readonly kind: 'unknown'; readonly variable: string; readonly declared: readonly string[] }
  | { readonly kind: 'identity'; readonly variable: string }
  | { readonly kind: 'secret'; readonly variable: string };

function parse(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return null;
  }
}

/** Reads the annotation; anything that is not of its form counts as no override, since a person may have edited it. */
export function readOverrides(annotation: string | undefined): ReadonlyMap<string, Override> {
  const parsed = annotation === undefined ? null : parse(annotation);
  if (!isJsonObject(parsed)) return new Map();
  return new Map(
    Object.entries(parsed).flatMap(([name, entry]) => {
      const value = textAt(entry, 'value');
      const base = textAt(entry, 'base');
      return value === undefined || base === undefined ? [] : [[name, { value, base }] as const];
    }),
  );
}

/** Text of the annotation; undefined when there is nothing to keep. */
export function writeOverrides(overrides: ReadonlyMap<string, Override>): string | undefined {
  if (overrides.size === 0) return undefined;
  return canonicalJson(Object.fromEntries([...overrides].map(([name, { value, base }]) => [name, { value, base }])));
}

/** Overrides whose column still has the value it had when they were set. */
export function liveOverrides(
  overrides: ReadonlyMap<string, Override>,
  row: ReadonlyMap<string, string>,
): ReadonlyMap<string, Override> {
  return new Map([...overrides].filter(([name, { base }]) => !rowVariableNames.has(name) && row.get(name) === base));
}

/** The variables a node is rendered with. */
export function overriddenVariables(
  row: ReadonlyMap<string, string>,
  overrides: ReadonlyMap<string, Override>,
): ReadonlyMap<string, string> {
  return new Map([...row, ...[...liveOverrides(overrides, row)].map(([name, { value }]) => [name, value] as const)]);
}

export type OverrideResult =
  | { readonly ok: true; readonly overrides: ReadonlyMap<string, Override> }
  | { readonly ok: false; readonly refusals: readonly OverrideRefusal[] };

/** Adds overrides to those that still hold. A value of a secret would be in the clear in annotation and message. All refusals are reported at once, by name. */
export function addOverrides(
  row: ReadonlyMap<string, string>,
  current: ReadonlyMap<string, Override>,
  wanted: Readonly<Record<string, string>>,
  secrets: ReadonlySet<string> = new Set(),
): OverrideResult {
  const declared = [...row.keys()].filter((name) => !rowVariableNames.has(name)).toSorted();
  const refusals = Object.keys(wanted).flatMap((variable): readonly OverrideRefusal[] => {
    if (rowVariableNames.has(variable)) return [{ kind: 'identity', variable }];
    if (secrets.has(variable)) return [{ kind: 'secret', variable }];
    return row.has(variable) ? [] : [{ kind: 'unknown', variable, declared }];
  });
  if (refusals.length > 0) return { ok: false, refusals };
  const added = Object.entries(wanted).map(([name, value]) => [name, { value, base: row.get(name) ?? '' }] as const);
  return { ok: true, overrides: new Map([...liveOverrides(current, row), ...added]) };
}

/** A sentence for people. */
export function describeRefusal(refusal: OverrideRefusal): string {
  if (refusal.kind === 'identity') return `${refusal.variable} identifies the row and cannot be overridden`;
  if (refusal.kind === 'secret') return `${refusal.variable} is a secret of the row and cannot be overridden`;
  return `the hub declares no variable ${refusal.variable}; declared: ${refusal.declared.join(', ') || 'none'}`;
}
