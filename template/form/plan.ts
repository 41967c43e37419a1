import type { Json, JsonObject } from '../../domain/api/json.ts';
import { compileUnit, type Unit } from '../compile/unit.ts';
import { fieldLimits } from '../limits.ts';
import type { TemplateFailure } from '../problems.ts';
import { INT64_KEY } from './int64.ts';
import { pathText } from './path.ts';

/** A templated scalar in its place. */
export interface FieldPlan {
  readonly kind: 'field';
  readonly path: string;
  readonly unit: Unit;
  /** The place holds text whatever the template prints (lynq-parity.md, 4.5). */
  readonly textOnly: boolean;
}

/** A resource with its templates compiled. Parts without a template are values. */
export type Plan =
  | FieldPlan
  | { readonly kind: 'value'; readonly value: Json }
  | { readonly kind: 'list'; readonly items: readonly Plan[] }
  | { readonly kind: 'object'; readonly entries: readonly (readonly [string, Plan])[] };

/** Where problems of a resource go while it is planned. */
export interface Planning {
  /** `kind` of the resource, undefined where a template gives it. */
  readonly kind: string | undefined;
  readonly fields: FieldPlan[];
  readonly fail: (path: string, failure: TemplateFailure | string) => void;
}

/** Where a value stands: all steps for messages, the keys for the type rules. */
export interface Place {
  readonly steps: readonly (string | number)[];
  readonly keys: readonly string[];
}

const textKeys: ReadonlySet<string> = new Set(['apiVersion', 'kind']);
const textParents: ReadonlySet<string> = new Set(['annotations', 'labels', 'matchLabels', 'nodeSelector']);
const dataParents: ReadonlySet<string> = new Set(['data', 'binaryData', 'stringData']);
const dataKinds: ReadonlySet<string> = new Set(['ConfigMap', 'Secret']);

function isTextPlace(planning: Planning, keys: readonly string[]): boolean {
  const key = keys.at(-1) ?? '';
  const parent = keys.at(-2) ?? '';
  if (textKeys.has(key) || textParents.has(parent)) return true;
  return dataParents.has(parent) && (planning.kind === undefined || dataKinds.has(planning.kind));
}

/** The plan of a value of a resource. Map keys are never templates. */
export function planValue(planning: Planning, value: Json, place: Place): Plan {
  if (typeof value === 'string') return planText(planning, value, place, isTextPlace(planning, place.keys));
  if (typeof value !== 'object' || value === null) return { kind: 'value', value };
  if (place.steps.length > fieldLimits.valueDepth) {
    planning.fail(pathText(place.steps.slice(0, 8)), 'the resource is too deeply nested');
    return { kind: 'value', value: null };
  }
  const plan = Array.isArray(value)
    ? planList(planning, value as readonly Json[], place)
    : planObject(planning, value as JsonObject, place);
  return plan;
}

/** A text that is a template, or the text itself: without `{{` nothing is parsed. */
export function planText(planning: Planning, text: string, place: Place, textOnly: boolean): Plan {
  if (!text.includes('{{')) return { kind: 'value', value: text };
  const path = pathText(place.steps);
  const result = compileUnit(text);
  if (!result.ok) {
    for (const failure of result.failures) planning.fail(path, failure);
    if (result.unit !== undefined) planning.fields.push({ kind: 'field', path, unit: result.unit, textOnly });
    return { kind: 'value', value: text };
  }
  const field: FieldPlan = { kind: 'field', path, unit: result.unit, textOnly };
  planning.fields.push(field);
  return field;
}

function planList(planning: Planning, values: readonly Json[], place: Place): Plan {
  const items = values.map((item, index) => planValue(planning, item, { ...place, steps: [...place.steps, index] }));
  return items.every((item) => item.kind === 'value') ? { kind: 'value', value: values } : { kind: 'list', items };
}

function planObject(planning: Planning, value: JsonObject, place: Place): Plan {
  if (Object.hasOwn(value, INT64_KEY)) planning.fail(pathText(place.steps), `the key ${INT64_KEY} is reserved`);
  const entries = objectEntries(value).map(
    ([key, item]) => [key, planValue(planning, item, under(place, key))] as const,
  );
  return entries.every(([, item]) => item.kind === 'value') ? { kind: 'value', value } : { kind: 'object', entries };
}

/** Own entries that have a value. */
export function objectEntries(value: JsonObject): [string, Json][] {
  return Object.entries(value).filter((entry): entry is [string, Json] => entry[1] !== undefined);
}

export function under(place: Place, key: string): Place {
  return { steps: [...place.steps, key], keys: [...place.keys, key] };
}
