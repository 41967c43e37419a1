import { at, textAt } from './api/json.ts';
import type { PlacedResource, TResource } from './api/resource.ts';
import { nameProblem } from './child.ts';
import { isEmptyMember, isNeverAllowed, reservedMembers } from './policies/scope.ts';
import { textMapProblem } from './text-maps.ts';

/**
 * What no row can make right about the objects of a form: its entries say what kind of object they are, give it a name, and leave to the worker
 * what decides over its life. `lynq lint`, the webhook and condition `Valid` have these rules from here. What depends on the policy of a worker or
 * on what a cluster has is no part of them.
 */
export interface ObjectProblem {
  /** Below the entry; empty for the entry itself. */
  readonly path: readonly string[];
  readonly message: string;
  readonly advice?: string;
  /** It is this field that is not there. */
  readonly missing?: true;
}

const isTemplate = (text: string): boolean => text.includes('{{');

/** What is wrong with the object of one entry. */
export function objectProblems(resource: TResource): readonly ObjectProblem[] {
  return [...kindProblems(resource), ...noNameProblems(resource), ...memberProblems(resource)];
}

export function kindProblems({ id, spec }: TResource): readonly ObjectProblem[] {
  const advice = 'spec is the complete Kubernetes object, apiVersion and kind included';
  const [apiVersion, kind] = [textAt(spec, 'apiVersion') ?? '', textAt(spec, 'kind') ?? ''];
  const keys = { apiVersion, kind };
  const missing = Object.entries(keys).filter(([, text]) => text === '');
  if (missing.length > 0) {
    return missing.map(([key]) => ({ path: ['spec', key], message: `spec.${key} is required`, advice, missing: true }));
  }
  const made = Object.entries(keys).find(([, text]) => isTemplate(text));
  if (made !== undefined) {
    const message = `${made[0]} of resource '${id}' must be written out, not made by a template`;
    return [{ path: ['spec', made[0]], message }];
  }
  if (!isNeverAllowed({ apiVersion, kind })) return [];
  return [{ path: ['spec', 'kind'], message: `no form may have objects of kind ${kind}` }];
}

const nameOf = ({ nameTemplate, spec }: TResource): string => nameTemplate || textAt(spec, 'metadata', 'name') || '';

function noNameProblems(resource: TResource): readonly ObjectProblem[] {
  if (nameOf(resource) !== '') return [];
  const advice = 'add nameTemplate, such as "{{ .uid }}-web"';
  return [{ path: [], message: `resource '${resource.id}' has no name`, advice }];
}

/** A name that is spelled out is the same for every row, so that a wrong one fails for all of them. */
function fixedNameProblem(resource: TResource): readonly string[] {
  const name = nameOf(resource);
  const problem = name === '' || isTemplate(name) ? undefined : nameProblem(name);
  return problem === undefined ? [] : [problem];
}

/** An entry with a label, annotation or `stringData` that is no text is not applied for any row. */
function notTextProblem({ spec }: TResource): readonly string[] {
  const problem = textMapProblem(spec, spec);
  return problem === undefined ? [] : [problem];
}

function memberProblems({ id, spec }: TResource): readonly ObjectProblem[] {
  return reservedMembers
    .filter((member) => !isEmptyMember(at(spec, 'metadata', member)))
    .map((member) => ({
      path: ['spec', 'metadata', member],
      message: `forms may not set metadata.${member} (resource '${id}')`,
      advice: 'remove it',
    }));
}

/** An entry that names the object of an earlier one: they would overwrite each other for ever. */
export interface SameObject {
  /** Index of the entry among those given. */
  readonly place: number;
  readonly path: readonly string[];
  readonly message: string;
}

/** Two entries that make one object for every row. */
export function sameObjects(placed: readonly Pick<PlacedResource, 'resource'>[]): readonly SameObject[] {
  const first = new Map<string, string>();
  return placed.flatMap(({ resource }, place) => {
    const key = objectKey(resource);
    const { id, nameTemplate, spec } = resource;
    const holder = key === undefined ? id : (first.get(key) ?? id);
    if (key !== undefined) first.set(key, holder);
    if (holder === id) return [];
    const path = nameTemplate ? ['nameTemplate'] : ['spec', 'metadata', 'name'];
    const message = `resource '${id}' names the same ${textAt(spec, 'kind')} as resource '${holder}'`;
    return [{ place, path, message }];
  });
}

/** Equal for entries that make one object; undefined where that cannot be told before a row is there. */
function objectKey(resource: TResource): string | undefined {
  const { targetNamespace, spec } = resource;
  const name = nameOf(resource);
  const kind = textAt(spec, 'kind') ?? '';
  if (kind === '' || name === '' || isPlaced(name)) return undefined;
  const group = (textAt(spec, 'apiVersion') ?? '').split('/').slice(0, -1).join('/');
  return JSON.stringify([group, kind, targetNamespace || (at(spec, 'metadata', 'namespace') ?? ''), name]);
}

/** Whether a name differs with the place it stands at: random functions give every entry something else. */
function isPlaced(name: string): boolean {
  return isTemplate(name) && /\b(?:rand|gen|uuid|shuffle|bcrypt|htpasswd|encrypt|build)/.test(name);
}

/** All of a form, each as a sentence that names its entry. */
export function formObjectProblems(placed: readonly PlacedResource[]): readonly string[] {
  const own = placed.flatMap(({ resource }) =>
    [
      ...objectProblems(resource).map(({ message }) => message),
      ...fixedNameProblem(resource),
      ...notTextProblem(resource),
    ].map((message) =>
      message.includes(`resource '${resource.id}'`) ? message : `resource '${resource.id}': ${message}`,
    ),
  );
  return [...own, ...sameObjects(placed).map(({ message }) => message)];
}
