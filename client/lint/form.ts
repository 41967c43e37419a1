import { LynqFormSpec } from '../../domain/api/form.ts';
import { FormName, HubName } from '../../domain/api/names.ts';
import type { PlacedResource } from '../../domain/api/resource.ts';
import { at, isJsonObject } from '../../domain/api/json.ts';
import { fieldPathLimits, parseFieldPath } from '../../domain/policies/field-path.ts';
import { formGraph, type GraphProblem, graphLimits } from '../../domain/graph.ts';
import { objectProblems } from '../../domain/object-rules.ts';
import { compileReadyWhen } from '../../domain/readiness/ready-when.ts';
import { findPath, offsetOf, pathText, type PathStep } from '../manifest/located.ts';
import type { Manifest } from '../manifest/reader.ts';
import { offsetInScalar } from '../manifest/scalar-offset.ts';
import { problemAt, type Problem } from '../manifest/source.ts';
import { type EntryInFile, entryPath, inText } from './entry.ts';
import { lintBoundaries } from './boundaries.ts';
import { lintContent } from './content.ts';
import { type FormEntry, type FormParts, readFormParts } from './form-entries.ts';
import { lintMapKeys } from './map-keys.ts';
import { lintMetadata } from './metadata.ts';
import { lintName } from './name.ts';
import { lintFormFields, lintPolicies, lintRetained, lintSameObject } from './policies.ts';
import { lintFunctions } from './risky-functions.ts';
import { checkShape } from './shape.ts';
import { lintTextMaps } from './text-maps.ts';
import { lintWorkload } from './workload.ts';

export interface FormShape {
  /** What of it fits the schema; undefined when there is no spec at all. */
  readonly parts: FormParts | undefined;
  readonly problems: readonly Problem[];
}

/** What is wrong with one LynqForm besides its templates (parity 1.3, 1.4, 8). What does not fit the schema is left out of all other checks. */
export function lintFormShape(manifest: Manifest): FormShape {
  const shape = checkShape({ source: manifest.source, root: manifest.root, path: ['spec'] }, LynqFormSpec);
  const problems = [...lintName(manifest, FormName), ...shape.problems];
  const spec = at(manifest.object, 'spec');
  if (!isJsonObject(spec)) return { parts: undefined, problems };
  const parts = readFormParts(spec);
  const { entries } = parts;
  return {
    parts,
    problems: [
      ...problems,
      ...lintHubId(manifest, parts),
      ...lintFormFields(manifest, parts.order),
      ...entries.flatMap((entry) => lintEntry(manifest, entry)),
      ...lintGraph(manifest, parts),
      ...lintRetained(manifest, entries),
      ...lintSameObject(manifest, entries),
    ],
  };
}

function problem(manifest: Manifest, path: readonly PathStep[], message: string, fix?: string): Problem {
  return problemAt(manifest.source, offsetOf(manifest.root, path), { message, fix });
}

function lintHubId(manifest: Manifest, { hubId }: FormParts): readonly Problem[] {
  if (hubId === undefined) return [];
  if (hubId === '') return [problem(manifest, ['spec', 'hubId'], 'spec.hubId is required')];
  if (HubName.safeParse(hubId).success) return [];
  return [
    problem(
      manifest,
      ['spec', 'hubId'],
      `spec.hubId "${hubId}" is not the name of a LynqHub`,
      'write its metadata.name',
    ),
  ];
}

function lintEntry(manifest: Manifest, placed: FormEntry): readonly Problem[] {
  const path = entryPath(placed);
  const { resource } = placed;
  const problems: Problem[] = [...lintObject(manifest, placed)];
  problems.push(...lintReadyWhen(manifest, placed));
  problems.push(...lintIgnoreFields(manifest, placed));
  const entry: EntryInFile = { manifest, placed, resource };
  problems.push(
    ...lintMetadata(entry),
    ...lintTextMaps(entry),
    ...lintMapKeys(entry),
    ...lintContent(entry),
    ...lintWorkload(entry),
  );
  problems.push(...lintBoundaries(entry), ...lintPolicies(entry), ...lintFunctions(entry));
  for (const [key, value] of literalTexts(placed)) {
    if (!value.includes('{{')) continue;
    const { located } = findPath(manifest.root, [...path, ...key]);
    problems.push(
      problemAt(manifest.source, located.start, {
        severity: 'warning',
        message: `${pathText(key)} is not a template and stays as it is written`,
        fix: 'write a fixed text',
      }),
    );
  }
  return problems;
}

/** What every object needs. */
function lintObject(manifest: Manifest, placed: FormEntry): readonly Problem[] {
  const { resource, dropped } = placed;
  if (dropped.has('spec')) return [];
  const path = entryPath(placed);
  return objectProblems(resource)
    .filter((found) => found.path.length > 0 || !dropped.has('nameTemplate'))
    .map(({ path: below, message, advice, missing }) =>
      problem(manifest, [...path, ...below], missing ? `${pathText(path)}.${message}` : message, advice),
    );
}

/** What is wrong with the expression of an entry, at the character it is about. */
function lintReadyWhen(manifest: Manifest, placed: FormEntry): readonly Problem[] {
  const { readyWhen, id } = placed.resource;
  const begin = readyWhen?.indexOf('{{') ?? -1;
  if (begin >= 0) {
    const message = `readyWhen of resource '${id}' is not a template: it is evaluated as it is written`;
    const fix = 'compare with what the object says itself, such as object.metadata.name';
    return [
      inText({ manifest, placed, resource: placed.resource }, ['readyWhen'], { index: begin, text: { message, fix } }),
    ];
  }
  const result = readyWhen === undefined ? undefined : compileReadyWhen(readyWhen);
  if (result === undefined || result.ok) return [];
  const { message, line, column } = result.problem;
  const { located } = findPath(manifest.root, [...entryPath(placed), 'readyWhen']);
  const offset = offsetInScalar(manifest.source, located, { line, column });
  return [problemAt(manifest.source, offset, { message: `readyWhen of resource '${id}': ${message}` })];
}

function lintIgnoreFields(manifest: Manifest, placed: PlacedResource): readonly Problem[] {
  const { id, ignoreFields = [] } = placed.resource;
  const path = [...entryPath(placed), 'ignoreFields'];
  if (ignoreFields.length > fieldPathLimits.paths) {
    return [problem(manifest, path, `resource '${id}' ignores more than ${fieldPathLimits.paths} paths`)];
  }
  return ignoreFields.flatMap((text, index) => {
    const parsed = parseFieldPath(text);
    if (parsed.ok) return [];
    const message = `invalid ignoreFields in resource '${id}': ${parsed.problem}`;
    const fix = `write a path such as $.spec.replicas or $.spec.template.spec.containers[?(@.name=="web")].image`;
    return [problem(manifest, [...path, index], message, fix)];
  });
}

/** Texts of an entry that are never rendered (parity 4.2). */
function literalTexts({ resource }: PlacedResource): readonly (readonly [readonly PathStep[], string])[] {
  return [
    [['id'], resource.id],
    ...(resource.dependIds ?? []).map((id, index) => [['dependIds', index], id] as const),
    ...(resource.ignoreFields ?? []).map((field, index) => [['ignoreFields', index], field] as const),
  ];
}

function lintGraph(manifest: Manifest, { entries, incomplete }: FormParts): readonly Problem[] {
  const result = formGraph(entries.map(({ resource }) => ({ id: resource.id, dependIds: resource.dependIds ?? [] })));
  if (result.ok) return [];
  const certain = result.problems.filter(({ kind }) => !(incomplete && kind === 'unknown'));
  return certain.map((found) => graphProblem(manifest, entries, found));
}

interface Place {
  readonly entry: PlacedResource | undefined;
  readonly rest: readonly PathStep[];
  readonly fix: string;
}

function graphProblem(manifest: Manifest, placed: readonly PlacedResource[], found: GraphProblem): Problem {
  const { entry, rest, fix } = graphPlace(placed, found);
  const { located } = findPath(manifest.root, [...(entry === undefined ? ['spec'] : entryPath(entry)), ...rest]);
  return problemAt(manifest.source, located.start, { message: found.message, fix });
}

const splitForm = 'spread the resources over forms, in order by `dependsOn` of the form';

function graphPlace(placed: readonly PlacedResource[], found: GraphProblem): Place {
  const withId = (id: string) => placed.filter(({ resource }) => resource.id === id);
  switch (found.kind) {
    case 'empty':
      return { entry: placed[found.place], rest: ['id'], fix: 'give it an id that is unique in the form' };
    case 'duplicate':
      return { entry: placed[found.place], rest: ['id'], fix: 'ids are unique across all lists of a form; rename one' };
    case 'unknown': {
      const entry = placed[found.place];
      const ids = placed.map(({ resource }) => resource.id).join(', ');
      return { entry, rest: dependency(entry, found.dependId), fix: `ids of this form: ${ids}` };
    }
    case 'cycle': {
      const [first = '', second = ''] = found.chain;
      const entry = withId(first).find(({ resource }) => resource.dependIds?.includes(second));
      return { entry, rest: dependency(entry, second), fix: 'remove one of these dependencies' };
    }
    case 'tooMany':
      return { entry: placed[graphLimits.entries], rest: ['id'], fix: splitForm };
    case 'tooLong':
      return { entry: withId(found.id)[0], rest: ['id'], fix: splitForm };
  }
}

function dependency(entry: PlacedResource | undefined, id: string): readonly PathStep[] {
  return ['dependIds', Math.max(0, entry?.resource.dependIds?.indexOf(id) ?? 0)];
}
