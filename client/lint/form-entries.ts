import { isJsonObject, type Json, type JsonObject } from '../../domain/api/json.ts';
import { LynqFormSpec } from '../../domain/api/form.ts';
import { type PlacedResource, resourceLists, TResource } from '../../domain/api/resource.ts';
import type { PathStep } from '../manifest/located.ts';
import { closest } from '../closest.ts';
import { salvage } from './salvage.ts';

/** One entry of a form as far as it fits the schema, with defaults in place of what does not. */
export interface FormEntry extends PlacedResource {
  /** Keys at which something was taken away; no rule may go by their defaults. Without `id` nobody can depend on this entry. */
  readonly dropped: ReadonlySet<PathStep>;
}

/** What can be checked of a form, whatever else is wrong with it. */
export interface FormParts {
  /** Undefined when there is none; one under a mistyped key counts. */
  readonly hubId: string | undefined;
  readonly order: Pick<LynqFormSpec, 'rollout' | 'dependsOn'>;
  readonly entries: readonly FormEntry[];
  /** Some entry could not be read at all, or has no id: one that seems to be missing may be meant by it. */
  readonly incomplete: boolean;
}

const FormOrder = LynqFormSpec.pick({ rollout: true, dependsOn: true });

export function readFormParts(spec: JsonObject): FormParts {
  const raw = resourceLists.flatMap((list) => {
    const items = spec[list];
    return Array.isArray(items) ? items.map((item: Json, index) => ({ list, index, item })) : [];
  });
  const entries = raw.flatMap(({ list, index, item }) => {
    const entry = isJsonObject(item) ? readEntry(item, `${list}[${index}]`) : undefined;
    return entry === undefined ? [] : [{ ...entry, list, index }];
  });
  return {
    hubId: hubIdOf(spec),
    order: salvage(FormOrder, spec).value ?? {},
    entries,
    incomplete: entries.length < raw.length || entries.some(({ dropped }) => dropped.has('id')),
  };
}

function hubIdOf(spec: JsonObject): string | undefined {
  const { hubId } = spec;
  if (hubId !== undefined) return typeof hubId === 'string' ? hubId : undefined;
  const near = Object.keys(spec).find((key) => closest(key, ['hubId']) !== undefined);
  const meant = near === undefined ? undefined : spec[near];
  return typeof meant === 'string' && meant !== '' ? meant : undefined;
}

function readEntry(item: JsonObject, place: string): Pick<FormEntry, 'resource' | 'dropped'> | undefined {
  const lost: PathStep[] = [];
  const id = item['id'];
  // A number or a truth value is not taken as an id, but it is what others name.
  const isScalar = typeof id === 'string' || typeof id === 'number' || typeof id === 'boolean';
  if (!isScalar) lost.push('id');
  if (!isJsonObject(item['spec'])) lost.push('spec');
  const object = isJsonObject(item['spec']) ? item['spec'] : {};
  const { value, dropped } = salvage(TResource, { ...item, id: isScalar ? String(id) : place, spec: object });
  if (value === undefined) return undefined;
  return { resource: { ...value, spec: object }, dropped: new Set([...lost, ...dropped]) };
}
