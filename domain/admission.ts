import type { LynqHubSpec } from './api/hub.ts';
import { isJsonObject, type Json, type JsonObject, at, listAt, textAt } from './api/json.ts';
import type { PlacedResource } from './api/resource.ts';
import { canonicalJson } from './canonical.ts';
import { describeCycle, formCycles, type OrderedForm } from './form-order.ts';
import { goList } from './go-text.ts';
import { formGraph, type GraphProblem } from './graph.ts';
import { emptyMappings } from './hub-mappings.ts';
import { intervalProblem } from './hub-timing.ts';
import { defaultTimeoutSeconds } from './looking.ts';
import { formObjectProblems } from './object-rules.ts';
import { parseIgnoreFields } from './policies/field-path.ts';
import { mappingProblem } from './secret-values.ts';
import { sourceTlsProblem } from './source-tls.ts';

/**
 * What an admission webhook decides about hubs and forms, in the words of the Go operator's (parity 8). The first problem decides.
 */

/** The object as it is and as it would become. `old` is absent for a create. */
export interface AdmissionChange {
  readonly old: JsonObject | undefined;
  readonly object: JsonObject;
}

/**
 * Whether a write is let through unseen: what goes, and what leaves the spec as it is. An object that was taken before the rules, or while nobody
 * asked, can so still be labelled, finalized and deleted.
 */
export function isBesideTheSpec({ old, object }: AdmissionChange): boolean {
  if (at(object, 'metadata', 'deletionTimestamp') !== undefined) return true;
  return old !== undefined && canonicalJson(old['spec']) === canonicalJson(object['spec']);
}

export interface HubVerdict {
  /** Why the hub is refused; undefined when it is taken. */
  readonly problem: string | undefined;
  readonly warnings: readonly string[];
}

const deprecatedHost =
  'valueMappings.hostOrUrl is deprecated since v1.1.11 and will be removed in v1.3.0. ' +
  'Use extraValueMappings with the toHost() template function instead.';

/** Parsed first: what the schema of the CRD demands is there. */
export function judgeHub(spec: LynqHubSpec): HubVerdict {
  const warnings = spec.valueMappings.hostOrUrl ? [deprecatedHost] : [];
  return { problem: hubProblem(spec), warnings };
}

function hubProblem(spec: LynqHubSpec): string | undefined {
  if (spec.valueMappings.uid === '') return 'valueMappings.uid is required';
  if (spec.valueMappings.activate === '') return 'valueMappings.activate is required';
  const { type } = spec.source;
  const block = spec.source[type];
  if (block === undefined) return `${type} configuration is required when source type is ${type}`;
  const required = ['host', 'username', 'database', 'table'] as const;
  const missing = required.find((name) => block[name] === '');
  if (missing !== undefined) return `${type}.${missing} is required`;
  const mappings = mappingProblem(spec);
  if (mappings !== undefined) return `the hub has ${mappings}`;
  return (
    emptyMappings(spec)[0]?.message ??
    sourceTlsProblem(spec.source)?.message ??
    intervalProblem(spec.source.syncInterval)
  );
}

/** Ids, order and objects of a form; templates and other forms are looked at by those who can. */
export function formProblem(hubId: string, entries: readonly PlacedResource[]): string | undefined {
  if (hubId === '') return 'hubId is required';
  const graph = formGraph(entries.map(({ resource }) => ({ id: resource.id, dependIds: resource.dependIds ?? [] })));
  return graph.ok ? formObjectProblems(entries)[0] : graphProblem(graph.problems);
}

function graphProblem(problems: readonly GraphProblem[]): string {
  const doubles = problems.flatMap((problem) => (problem.kind === 'duplicate' ? [problem.id] : []));
  if (doubles.length > 0) return `duplicate resource IDs found: ${goList([...new Set(doubles)])}`;
  const empty = problems.find(({ kind }) => kind === 'empty');
  if (empty !== undefined) return empty.message;
  const size = problems.find(({ kind }) => kind === 'tooMany' || kind === 'tooLong');
  if (size !== undefined) return size.message;
  return `dependency validation failed: ${problems[0]?.message ?? ''}`;
}

/** The last of the Go operator's checks. */
export function ignoreFieldsProblem(entries: readonly PlacedResource[]): string | undefined {
  for (const { resource } of entries) {
    const [problem] = parseIgnoreFields(resource.id, resource.ignoreFields ?? []).problems;
    if (problem !== undefined) return `ignoreFields validation failed: ${problem}`;
  }
  return undefined;
}

/** What a form says of the order among the forms of its namespace. */
export function orderedForm(object: JsonObject): OrderedForm {
  const dependsOn = listAt(object, 'spec', 'dependsOn').flatMap((item) => textAt(item, 'form') ?? []);
  return { name: textAt(object, 'metadata', 'name') ?? '', dependsOn };
}

/** A form that would wait for itself, over others of its namespace and hub. */
export function crossFormCycle(form: OrderedForm, others: readonly OrderedForm[]): string | undefined {
  const forms = [form, ...others.filter(({ name }) => name !== form.name)];
  const chain = formCycles(forms).get(form.name);
  return chain === undefined ? undefined : describeCycle(chain);
}

/** Warnings of forms in `dependsOn` that are not among those of the hub: new rows wait until they are. */
export function absentFormWarnings(
  { name, dependsOn }: OrderedForm,
  others: readonly OrderedForm[],
): readonly string[] {
  const known = new Set([name, ...others.map((other) => other.name)]);
  return [...new Set(dependsOn)]
    .filter((form) => !known.has(form))
    .map((form) => `dependsOn names form '${form}', which the hub does not have: new rows wait until it does`);
}

/** One step of a JSON patch (RFC 6902). */
export interface PatchStep {
  readonly op: 'add' | 'replace';
  readonly path: string;
  readonly value: Json;
}

function unlessSet(object: JsonObject, path: readonly (string | number)[], value: Json, empty: readonly Json[] = ['']) {
  const parent = path.slice(0, -1).reduce<Json | undefined>((part, key) => stepInto(part, key), object);
  const name = String(path.at(-1));
  if (!isJsonObject(parent)) return [];
  const present = parent[name];
  if (present !== undefined && !empty.includes(present)) return [];
  return [{ op: present === undefined ? ('add' as const) : ('replace' as const), path: `/${path.join('/')}`, value }];
}

function stepInto(part: Json | undefined, key: string | number): Json | undefined {
  if (typeof key === 'number') return Array.isArray(part) ? (part as readonly Json[])[key] : undefined;
  return isJsonObject(part) ? part[key] : undefined;
}

export function hubDefaults(object: JsonObject): readonly PatchStep[] {
  return [
    ...unlessSet(object, ['spec', 'source', 'syncInterval'], '30s'),
    ...unlessSet(object, ['spec', 'source', 'mysql', 'port'], 3306, [0]),
  ];
}

const entryDefaults = {
  creationPolicy: 'WhenNeeded',
  deletionPolicy: 'Delete',
  conflictPolicy: 'Stuck',
  waitForReady: true,
  timeoutSeconds: defaultTimeoutSeconds,
  patchStrategy: 'apply',
} as const;

/** `lists` are the names of a form's arrays. */
export function formDefaults(object: JsonObject, lists: readonly string[]): readonly PatchStep[] {
  return lists.flatMap((list) =>
    listAt(object, 'spec', list).flatMap((_, index) =>
      Object.entries(entryDefaults).flatMap(([name, value]) =>
        unlessSet(object, ['spec', list, index, name], value, ['', 0]),
      ),
    ),
  );
}
