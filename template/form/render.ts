import type { Json, JsonObject } from '../../domain/api/json.ts';
import type { TemplateProblem } from '../problems.ts';
import { TemplateFailure } from '../problems.ts';
import type { Unit } from '../compile/unit.ts';
import { nodeLimits } from '../limits.ts';
import { type RunResult, runUnit } from '../runtime/run.ts';
import { workClock } from '../runtime/work-clock.ts';
import { type GoMap, goMap } from '../values.ts';
import { cleanText } from '../values/text.ts';
import type { CompiledForm } from './compile.ts';
import { FieldContext, newUsage, type NodeContext } from './field-context.ts';
import { integerJson } from './int64.ts';
import type { FieldPlan, Plan } from './plan.ts';
import { type CompiledResource, problemOf } from './resource.ts';
import { isPublicPath, secretRefusal } from './secrets.ts';

/** One row of one hub, for one form. `kept` has the first results of key and certificate functions. */
export interface RenderContext {
  readonly hub: string;
  readonly uid: string;
  readonly form: string;
  readonly variables: ReadonlyMap<string, string>;
  /** Further variables, for everything but metadata: names, labels and annotations are shown in many places. */
  readonly secrets?: ReadonlyMap<string, string>;
  /** 256 random bits of the hub. */
  readonly hubKey: Uint8Array;
  readonly now: Date;
  readonly kept: ReadonlyMap<string, string>;
}

/** `object` is the whole Kubernetes object; integers beyond 2^53 are kept exact (`form/int64.ts`). `fresh` has to be kept. */
export interface RenderedResource {
  readonly id: string;
  readonly object: JsonObject;
  readonly fresh: ReadonlyMap<string, string>;
}

export type RenderResult =
  | { readonly ok: true; readonly resources: readonly RenderedResource[]; readonly fresh: ReadonlyMap<string, string> }
  | {
      readonly ok: false;
      readonly rendered: readonly RenderedResource[];
      readonly problems: readonly TemplateProblem[];
    };

interface Rendering {
  readonly render: RenderContext;
  readonly node: NodeContext;
  readonly row: GoMap;
  /** The row without its secrets. */
  readonly publicRow: GoMap;
  /** What fields printed that any other field with the same template prints too. */
  readonly printed: Map<Unit, Printed>;
}

interface Printed {
  readonly result: Extract<RunResult, { ok: true }>;
  readonly bytes: number;
}

interface ResourceRendering extends Rendering {
  readonly resource: CompiledResource;
  readonly fresh: Map<string, string>;
  readonly problems: TemplateProblem[];
}

/**
 * Renders the resources of a form for one row, every template exactly once. Values of the row are placed as leaves: they are never read
 * as templates, and kinds, keys and the number of objects do not depend on them. A resource with a problem does not lose the others.
 */
export function renderForm(form: CompiledForm, context: RenderContext): RenderResult {
  const rendering: Rendering = {
    render: context,
    node: {
      now: context.now,
      hubKey: context.hubKey,
      kept: context.kept,
      usage: newUsage(),
      clock: workClock(),
    },
    row: rowMap([...context.variables, ...(context.secrets ?? [])]),
    publicRow: rowMap([...context.variables]),
    printed: new Map(),
  };
  const rendered: RenderedResource[] = [];
  const problems: TemplateProblem[] = [];
  for (const resource of form.resources) {
    const result = renderResource(rendering, resource, problems);
    if (result !== undefined) rendered.push(result);
  }
  if (problems.length > 0) return { ok: false, rendered, problems };
  return { ok: true, resources: rendered, fresh: new Map(rendered.flatMap((resource) => [...resource.fresh])) };
}

function rowMap(variables: readonly (readonly [string, string])[]): GoMap {
  return goMap(variables.map(([name, value]) => [cleanText(name), cleanText(value)] as const));
}

/** Whether a field must do without the secrets of the row. */
function isPublic({ render }: Rendering, { path }: FieldPlan): boolean {
  return (render.secrets?.size ?? 0) > 0 && isPublicPath(path);
}

function renderResource(
  rendering: Rendering,
  resource: CompiledResource,
  problems: TemplateProblem[],
): RenderedResource | undefined {
  const own: ResourceRendering = { ...rendering, resource, fresh: new Map(), problems: [] };
  const object = renderPlan(own, resource.plan) as JsonObject;
  const metadata = object['metadata'] as JsonObject;
  if (own.problems.length === 0 && (typeof metadata['name'] !== 'string' || metadata['name'] === '')) {
    own.problems.push(
      problemOf(resource.id, resource.namePath, 'the resource has no name: it renders to an empty text'),
    );
  }
  problems.push(...own.problems);
  if (own.problems.length > 0) return undefined;
  return { id: resource.id, object: withoutEmptyNamespace(object, metadata), fresh: own.fresh };
}

/** A namespace that renders to nothing is no namespace. */
function withoutEmptyNamespace(object: JsonObject, metadata: JsonObject): JsonObject {
  if (metadata['namespace'] !== '') return object;
  const { namespace: _namespace, ...rest } = metadata;
  return { ...object, metadata: rest };
}

function renderPlan(rendering: ResourceRendering, plan: Plan): Json {
  switch (plan.kind) {
    case 'value':
      return plan.value;
    case 'list':
      return plan.items.map((item) => renderPlan(rendering, item));
    case 'object':
      return renderObject(rendering, plan.entries);
    default:
      return renderField(rendering, plan);
  }
}

function renderObject(rendering: ResourceRendering, entries: Extract<Plan, { kind: 'object' }>['entries']): JsonObject {
  const object: Record<string, Json> = {};
  for (const [key, item] of entries) {
    const value = renderPlan(rendering, item);
    // Assigning to this key would set the prototype.
    if (key === '__proto__') Object.defineProperty(object, key, { value, ...ownProperty });
    else object[key] = value;
  }
  return object;
}

const ownProperty = { writable: true, enumerable: true, configurable: true } as const;

/** What a field with the same template has printed for this row, if that is all there is to know; it counts as output again. */
function printedBefore({ printed, node }: Rendering, unit: Unit): RunResult | undefined {
  const known = printed.get(unit);
  if (known === undefined || node.usage.output + known.bytes > nodeLimits.output) return undefined;
  node.usage.output += known.bytes;
  return known.result;
}

function runField(rendering: ResourceRendering, field: FieldPlan): RunResult {
  const { hub, uid, form } = rendering.render;
  const place = { hub, uid, form, resource: rendering.resource.id, path: field.path };
  const context = new FieldContext(rendering.node, place, rendering.fresh);
  const before = rendering.node.usage.output;
  // `set` in one field must not show in another.
  const row = isPublic(rendering, field) ? rendering.publicRow : rendering.row;
  const root = field.unit.exposesRow ? goMap(row.entries) : row;
  const result = runUnit(field.unit, { root, context, meter: context.meter });
  if (result.ok && context.isPlaceless && !isPublic(rendering, field)) {
    rendering.printed.set(field.unit, { result, bytes: rendering.node.usage.output - before });
  }
  return result;
}

function renderField(rendering: ResourceRendering, field: FieldPlan): Json {
  if (rendering.node.usage.exhausted) return skipped(rendering, field.path);
  const printed = isPublic(rendering, field) ? undefined : printedBefore(rendering, field.unit);
  const result = printed ?? runField(rendering, field);
  if (result.ok) return fieldValue(rendering, field, result);
  const names = [...rendering.row.entries.keys()];
  const failure = refusedSecret(rendering, result.failure) ?? explained(result.failure, names);
  rendering.problems.push(problemOf(rendering.resource.id, field.path, failure, names));
  return null;
}

/** A secret variable is there, but not for this field. */
function refusedSecret({ render }: Rendering, failure: TemplateFailure): TemplateFailure | undefined {
  const { culprit, position } = failure;
  if (culprit === undefined || render.secrets?.has(culprit) !== true) return undefined;
  return new TemplateFailure(failure.class, secretRefusal(culprit), position, culprit);
}

/** A field after a limit of the node was crossed; said once per resource. */
function skipped(rendering: ResourceRendering, path: string): null {
  if (rendering.problems.length === 0) {
    const failure = new TemplateFailure('limit', 'not rendered: a limit of the node was crossed before', {
      line: 1,
      column: 1,
    });
    rendering.problems.push(problemOf(rendering.resource.id, path, failure));
  }
  return null;
}

/** A variable that is not there: says which ones are. Names only, no values. */
function explained(failure: TemplateFailure, names: readonly string[]): TemplateFailure {
  const { culprit, position } = failure;
  if (!failure.message.endsWith('map has no entry for the key')) return failure;
  const message = `${failure.message}; a variable of that name is not defined, these are: ${[...names].sort().join(', ')}`;
  return new TemplateFailure(failure.class, message, position, culprit);
}

function fieldValue(rendering: ResourceRendering, field: FieldPlan, result: Extract<RunResult, { ok: true }>): Json {
  if (field.textOnly || result.value === undefined) return result.text;
  if (typeof result.value === 'bigint') return integerJson(result.value);
  if (typeof result.value === 'number' && !Number.isFinite(result.value)) {
    rendering.problems.push(problemOf(rendering.resource.id, field.path, 'the number is infinite or not a number'));
    return null;
  }
  return result.value;
}
