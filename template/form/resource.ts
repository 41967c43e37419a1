import { isJsonObject, type Json, type JsonObject } from '../../domain/api/json.ts';
import type { DoomedPlace, RootField } from '../compile/emitter.ts';
import { functionNames } from '../functions/registry.ts';
import { type Budget, constantFailures } from './constant-failures.ts';
import type { Position, TemplateFailure, TemplateProblem } from '../problems.ts';
import {
  type FieldPlan,
  objectEntries,
  type Place,
  type Plan,
  type Planning,
  planText,
  planValue,
  under,
} from './plan.ts';
import { isPublicPath, secretRefusal } from './secrets.ts';
import { closest } from './suggest.ts';

/** A resource of a form, as the form has it. `spec` is the Kubernetes object. */
export interface TemplateResource {
  readonly id: string;
  readonly spec: JsonObject;
  readonly nameTemplate?: string | undefined;
  readonly targetNamespace?: string | undefined;
  readonly labelsTemplate?: Readonly<Record<string, string>> | undefined;
  readonly annotationsTemplate?: Readonly<Record<string, string>> | undefined;
}

/** A resource ready to be rendered. */
export interface CompiledResource {
  readonly id: string;
  readonly plan: Plan;
  /** Where the name comes from, for messages about an empty one. */
  readonly namePath: string;
  readonly fields: readonly FieldPlan[];
  /** Names of the functions its templates call, for lint rules. */
  readonly functions: ReadonlySet<string>;
}

/** Which places that fail whenever they are reached are problems: all, those that every row reaches, or none. */
export type FindsDoomed = boolean | 'always';

export interface ResourceInput {
  readonly resource: TemplateResource;
  readonly declared: ReadonlySet<string>;
  /** Those of them that metadata must do without. */
  readonly secrets: ReadonlySet<string>;
  readonly findsDoomed: FindsDoomed;
  /** For what is run to find them. */
  readonly budget: Budget;
  readonly problems: TemplateProblem[];
}

const start: Position = { line: 1, column: 1 };

/** Plans a resource; every problem of every field is added to `problems`. */
export function compileResource({
  resource,
  declared,
  secrets,
  findsDoomed,
  budget,
  problems,
}: ResourceInput): CompiledResource {
  const kind = resource.spec['kind'];
  const planning: Planning = {
    kind: typeof kind === 'string' && !kind.includes('{{') ? kind : undefined,
    fields: [],
    fail: (path, failure) => problems.push(problemOf(resource.id, path, failure)),
  };
  const plan = planResource(planning, resource);
  for (const field of planning.fields) {
    const reads = findsDoomed === true ? [...unguarded(field), ...field.unit.lookups] : unguarded(field);
    problems.push(
      ...undeclared(resource.id, field, { reads, declared, findsDoomed }),
      ...shown(resource.id, field, { reads, secrets }),
    );
    if (findsDoomed !== false)
      problems.push(...doomed(resource.id, field, { always: findsDoomed === 'always', budget }));
  }
  const called = planning.fields.flatMap((field) => field.unit.called.map((entry) => entry.name));
  const namePath = hasText(resource.nameTemplate) ? 'nameTemplate' : 'metadata.name';
  return { id: resource.id, plan, namePath, fields: planning.fields, functions: new Set(called) };
}

function hasText(text: string | undefined): text is string {
  return text !== undefined && text !== '';
}

/** A failure as a problem of a field, with a name that may have been meant. */
export function problemOf(
  resourceId: string,
  path: string,
  failure: TemplateFailure | string,
  known: Iterable<string> = functionNames(),
): TemplateProblem {
  if (typeof failure === 'string') return { resourceId, path, ...start, class: 'exec', message: failure };
  const { culprit, message } = failure;
  const suggestion = culprit !== undefined && message.includes('not defined') ? closest(culprit, known) : undefined;
  return {
    resourceId,
    path,
    ...failure.position,
    class: failure.class,
    message,
    ...(culprit === undefined ? {} : { culprit }),
    ...(suggestion === undefined ? {} : { suggestion }),
  };
}

interface Reads {
  readonly reads: readonly RootField[];
}

/**
 * Variables of the row that the hub does not declare. A read that a branch may never reach is fine when the scalar asks for the key
 * (`hasKey . "x"`, `get . "x"`, `index . "x"`) somewhere.
 */
function undeclared(
  resourceId: string,
  field: FieldPlan,
  { reads, declared, findsDoomed }: Pick<ResourceInput, 'declared' | 'findsDoomed'> & Reads,
): TemplateProblem[] {
  // A row that gets to another name of it fails by itself: forms of before that never do go on.
  const isSought = ({ indirect, conditional }: RootField): boolean =>
    !indirect || findsDoomed === true || (findsDoomed === 'always' && !conditional);
  return reads
    .filter((read) => !declared.has(read.name) && isSought(read))
    .map(({ name, position }) => {
      const suggestion = closest(name, declared);
      return {
        resourceId,
        path: field.path,
        ...position,
        class: 'exec',
        message: `the hub does not declare the variable ${name}; it declares ${[...declared].sort().join(', ')}`,
        culprit: name,
        ...(suggestion === undefined ? {} : { suggestion }),
      };
    });
}

function unguarded({ unit: { rootFields, guarded } }: FieldPlan): readonly RootField[] {
  return rootFields.filter(({ name, conditional }) => !(conditional && guarded.has(name)));
}

/** Secret variables in a field that is shown: for such a field the row does not have them. */
function shown(
  resourceId: string,
  field: FieldPlan,
  { reads, secrets }: Pick<ResourceInput, 'secrets'> & Reads,
): TemplateProblem[] {
  if (secrets.size === 0 || !isPublicPath(field.path)) return [];
  return reads
    .filter(({ name }) => secrets.has(name))
    .map(({ name, position }) => ({
      resourceId,
      path: field.path,
      ...position,
      class: 'exec',
      message: secretRefusal(name),
      culprit: name,
    }));
}

/** Go finds these when it gets there. */
function doomed(
  resourceId: string,
  { path, unit }: FieldPlan,
  { always, budget }: { readonly always: boolean; readonly budget: Budget },
): TemplateProblem[] {
  const places = unit.doomed.filter(({ conditional }) => !(always && conditional));
  const isTold = ({ position: { line, column } }: TemplateFailure): boolean =>
    unit.doomed.some(({ position }) => position.line === line && position.column === column);
  const failures = constantFailures(unit, budget).filter((failure) => !isTold(failure));
  const certain = failures.map((failure) => problemOf(resourceId, path, failure));
  return [...certain, ...wrongPlaces(resourceId, path, places)];
}

function wrongPlaces(resourceId: string, path: string, places: readonly DoomedPlace[]): TemplateProblem[] {
  return places.map(({ name, message, position }) => ({
    resourceId,
    path,
    ...position,
    class: 'exec',
    message: name === undefined ? message : `${name}: ${message}`,
    ...(name === undefined ? {} : { culprit: name }),
  }));
}

const root: Place = { steps: [], keys: [] };
const metadataPlace = under(root, 'metadata');

function planResource(planning: Planning, resource: TemplateResource): Plan {
  const entries = objectEntries(resource.spec).filter(([key]) => key !== 'metadata');
  const planned = entries.map(([key, value]) => [key, planValue(planning, value, under(root, key))] as const);
  return { kind: 'object', entries: [...planned, ['metadata', planMetadata(planning, resource)]] };
}

/** Name, namespace, labels and annotations of the form over those of the object; everything else of its metadata stays. */
function planMetadata(planning: Planning, resource: TemplateResource): Plan {
  const given = resource.spec['metadata'];
  const metadata = isJsonObject(given) ? given : {};
  const entries = new Map<string, Plan>();
  for (const [key, value] of objectEntries(metadata)) {
    if (key === 'labels' || key === 'annotations') continue;
    const isName = key === 'name' || key === 'namespace';
    const place = under(metadataPlace, key);
    entries.set(
      key,
      isName && typeof value === 'string' ? planText(planning, value, place, true) : planValue(planning, value, place),
    );
  }
  if (hasText(resource.nameTemplate)) {
    entries.set('name', planText(planning, resource.nameTemplate, under(root, 'nameTemplate'), true));
  }
  if (hasText(resource.targetNamespace)) {
    entries.set('namespace', planText(planning, resource.targetNamespace, under(root, 'targetNamespace'), true));
  }
  planTexts(planning, entries, { key: 'labels', own: metadata['labels'], template: resource.labelsTemplate });
  planTexts(planning, entries, {
    key: 'annotations',
    own: metadata['annotations'],
    template: resource.annotationsTemplate,
  });
  return { kind: 'object', entries: [...entries] };
}

interface Texts {
  readonly key: 'labels' | 'annotations';
  readonly own: Json | undefined;
  readonly template: Readonly<Record<string, string>> | undefined;
}

/** Labels or annotations of the object, merged with those of the form, which win. */
function planTexts(planning: Planning, entries: Map<string, Plan>, { key, own, template }: Texts): void {
  const templates = Object.entries(template ?? {});
  if (templates.length === 0) {
    if (own !== undefined) entries.set(key, planValue(planning, own, under(metadataPlace, key)));
    return;
  }
  const merged = new Map<string, Plan>();
  for (const [name, value] of isJsonObject(own) ? objectEntries(own) : []) {
    if (!Object.hasOwn(template ?? {}, name)) {
      merged.set(name, planValue(planning, value, under(under(metadataPlace, key), name)));
    }
  }
  const place = under(root, `${key}Template`);
  for (const [name, text] of templates) merged.set(name, planText(planning, text, under(place, name), true));
  entries.set(key, { kind: 'object', entries: [...merged] });
}
