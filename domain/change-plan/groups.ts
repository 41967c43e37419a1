import type { Json } from '../api/json.ts';
import { canonicalJson } from '../canonical.ts';
import type { FieldChange } from './fields.ts';
import type { NodeOutlook, ObjectChange, PlannedObject } from './types.ts';

/** Equal changes of many nodes as one: what is asked of a plan is whether the three that differ were meant. */

export interface ChangeGroup {
  readonly id: string;
  readonly apiVersion: string;
  readonly kind: string;
  readonly change: ObjectChange;
  /** By path: before and after are equal in every node of the group, or differ by node. */
  readonly varying: ReadonlySet<string>;
  /** LynqNodes, sorted. */
  readonly nodes: readonly string[];
}

interface Item {
  readonly node: string;
  readonly object: PlannedObject;
}

/** More different values than this of the same fields are one group, whose values differ by node. */
const differentValues = 4;

/** Groups of equal changes, the largest first, in a stable order. */
export function groupChanges(nodes: readonly NodeOutlook[]): readonly ChangeGroup[] {
  const items = nodes.flatMap((node) => node.objects.map((object): Item => ({ node: node.name, object })));
  const byShape = groupBy(items, ({ object }) => shapeKey(object));
  return [...byShape.values()].flatMap(splitByValue).toSorted(compareGroups);
}

function splitByValue(items: readonly Item[]): readonly ChangeGroup[] {
  const byValue = groupBy(items, ({ object }) => valueKey(object.change));
  if (byValue.size > differentValues) return groupOf(items);
  return [...byValue.values()].flatMap(groupOf);
}

function groupOf(items: readonly Item[]): readonly ChangeGroup[] {
  const first = items[0]?.object;
  if (first === undefined) return [];
  const { id, ref, change } = first;
  const nodes = [...new Set(items.map(({ node }) => node))].toSorted();
  return [{ id, apiVersion: ref.apiVersion, kind: ref.kind, change, nodes, varying: varyingPaths(items) }];
}

function varyingPaths(items: readonly Item[]): ReadonlySet<string> {
  const all = items.flatMap(({ object }) => fieldsOf(object.change));
  const byPath = groupBy(all, ({ path }) => path);
  return new Set([...byPath].flatMap(([path, fields]) => (new Set(fields.map(fieldKey)).size > 1 ? [path] : [])));
}

export function fieldsOf(change: ObjectChange): readonly FieldChange[] {
  return change.kind === 'update' || change.kind === 'adopt' ? change.fields : [];
}

const json = (value: Json | undefined): string => (value === undefined ? '' : canonicalJson(value));
const fieldKey = ({ path, before, after }: FieldChange): string => JSON.stringify([path, json(before), json(after)]);

function shapeKey({ id, ref, change }: PlannedObject): string {
  const fields = change.kind === 'conflict' ? change.fields : fieldsOf(change).map(({ path }) => path);
  const reason = 'reason' in change ? change.reason : '';
  return JSON.stringify([id, ref.apiVersion, ref.kind, change.kind, reason, fields]);
}

function valueKey(change: ObjectChange): string {
  switch (change.kind) {
    case 'update':
    case 'adopt':
      return JSON.stringify(change.fields.map(fieldKey));
    case 'conflict':
      return change.owner;
    case 'refused':
    case 'broken':
      return change.message;
    default:
      return '';
  }
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

function compareGroups(a: ChangeGroup, b: ChangeGroup): number {
  if (a.nodes.length !== b.nodes.length) return b.nodes.length - a.nodes.length;
  const text = ({ id, kind, change, nodes }: ChangeGroup): string => JSON.stringify([id, kind, change.kind, nodes]);
  return text(a) < text(b) ? -1 : 1;
}
