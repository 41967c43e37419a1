import { type Json, type JsonObject, textAt } from '../api/json.ts';
import {
  below,
  differenceOf,
  elementsOf,
  type FieldSet,
  type Holding,
  holdingsOf,
  isOwnHolding,
  isPeerUpdate,
  leavesOf,
  looseMember,
  member,
  placeOf,
  unionOf,
} from '../field-sets.ts';
import { annotations, managers } from '../keys.ts';
import { isoSeconds } from '../status.ts';
import type { FieldPath } from './field-path.ts';
import { follow } from './ignored-fields.ts';

/**
 * Who holds which field before an update (decisions.md section 5, "Managers" and "ignoreFields"). Our updates and the Go operator's are folded into
 * the Apply entry, so that a field the form drops really goes; fields that the form leaves to others go to a manager of their own, so that leaving
 * them out does not delete them, and come back when they are not ignored any more. Contents never change here.
 */

interface Parts {
  readonly named: FieldSet;
  readonly rest: FieldSet;
}

/** Splits a set into what the paths name and the rest. */
function split(fields: FieldSet, value: Json | undefined, paths: readonly FieldPath[]): Parts {
  if (paths.length === 0) return { named: {}, rest: fields };
  const parts = Object.keys(fields).map((element) => ({ element, ...splitBelow(fields, element, { value, paths }) }));
  const named = parts.flatMap(({ element, named: set }) => (set === undefined ? [] : [[element, set] as const]));
  const rest = parts.flatMap(({ element, rest: set }) => (set === undefined ? [] : [[element, set] as const]));
  return { named: Object.fromEntries(named), rest: Object.fromEntries(rest) };
}

/** The two parts of one element; a part that would be empty is absent. */
function splitBelow(
  fields: FieldSet,
  element: string,
  { value, paths }: { readonly value: Json | undefined; readonly paths: readonly FieldPath[] },
): Partial<Parts> {
  const inner = below(fields, element) ?? {};
  if (element === '.') return { rest: inner };
  const found = member(value, element);
  const { whole, rest } = follow(paths, keyOf(element, value), found);
  if (whole) return { named: inner };
  if (elementsOf(inner).length === 0) return { rest: inner };
  const deeper = split(inner, found, rest);
  return {
    ...(elementsOf(deeper.named).length > 0 ? { named: deeper.named } : {}),
    ...(Object.keys(deeper.rest).length > 0 ? { rest: deeper.rest } : {}),
  };
}

function keyOf(element: string, value: Json | undefined): string | number {
  if (element.startsWith('f:')) return element.slice(2);
  return Array.isArray(value) ? placeOf(value as readonly Json[], element) : -1;
}

/** Whether an update's body says something about every field of a set; keys that the server fills in by default may be missing. */
function covers(body: JsonObject, fields: FieldSet): boolean {
  return [...leavesOf(fields)].every(({ path }) => {
    if (path.at(-1) === `f:${annotations.applyStartTime}`) return true;
    return path.reduce<Json | undefined>(looseMember, body) !== undefined;
  });
}

/** Whether an object has entries that may have to be moved before an update. Cheap: from managedFields alone. */
export function hasMovableFields(object: JsonObject): boolean {
  return holdingsOf(object).some(
    (holding) =>
      (isOwnHolding(holding) && holding.operation === 'Update') ||
      isPeerUpdate(holding) ||
      holding.manager === managers.ignored,
  );
}

interface Writing {
  /** What the update is going to send. */
  readonly body: JsonObject;
  readonly ignored: readonly FieldPath[];
  readonly now: Date;
}

/** Fields of an Update entry that nobody's apply would take away: they have to be folded. */
function isStale(holding: Holding, { body, ignored }: Writing, live: JsonObject): boolean {
  if (!(isOwnHolding(holding) && holding.operation === 'Update') && !isPeerUpdate(holding)) return false;
  return !covers(body, split(holding.fields, live, ignored).rest);
}

const isApply = (holding: Holding): boolean => isOwnHolding(holding) && holding.operation === 'Apply';

function entryOf(holding: Pick<Holding, 'entry'>, change: Partial<Record<string, Json>>): JsonObject {
  return { ...holding.entry, fieldsType: 'FieldsV1', ...change };
}

/** The fields of managers that are not ours in any role. */
function heldByOthers(holdings: readonly Holding[]): FieldSet {
  const ours = new Set<string>([managers.apply, managers.ignored]);
  return holdings
    .filter((holding) => !ours.has(holding.manager) && !isPeerUpdate(holding))
    .reduce<FieldSet>((all, { fields }) => unionOf(all, fields), {});
}

/** What has to move between our entries before an apply. */
interface Move {
  readonly apply: Holding | undefined;
  readonly stale: readonly Holding[];
  /** The entry of ignored fields. */
  readonly kept: Holding | undefined;
  /** Fields that are not ignored any more. */
  readonly returned: FieldSet;
  /** Ignored fields that nobody but us holds. */
  readonly alone: FieldSet;
  /** All that comes into the Apply entry, split by what is ignored. */
  readonly ours: { readonly named: FieldSet; readonly rest: FieldSet };
}

/** An entry of another apiVersion is left alone: fields of two versions cannot be mixed. */
function moveOf(live: JsonObject, holdings: readonly Holding[], writing: Writing): Move {
  const apply = holdings.find(isApply);
  const version = textAt(apply?.entry ?? writing.body, 'apiVersion');
  const same = holdings.filter(({ entry }) => textAt(entry, 'apiVersion') === version);
  const stale = same.filter((holding) => isStale(holding, writing, live));
  const kept = same.find(({ manager }) => manager === managers.ignored);
  const returned = split(kept?.fields ?? {}, live, writing.ignored).rest;
  const folded = stale.reduce((all, { fields }) => unionOf(all, fields), unionOf(apply?.fields ?? {}, returned));
  const ours = split(folded, live, writing.ignored);
  return { apply, stale, kept, returned, ours, alone: differenceOf(ours.named, heldByOthers(holdings)) };
}

/** The managedFields to write before an apply; undefined when they can stay as they are. */
export function foldedManagers(live: JsonObject, writing: Writing): readonly JsonObject[] | undefined {
  const holdings = holdingsOf(live);
  const { apply, stale, kept, returned, ours, alone } = moveOf(live, holdings, writing);
  const base = apply ?? stale[0] ?? kept;
  if (base === undefined || (stale.length === 0 && !hasLeaves(returned) && !hasLeaves(alone))) return undefined;
  const handedOver = hasLeaves(alone) ? ours.named : {};
  const own = hasLeaves(alone) ? ours.rest : unionOf(ours.rest, ours.named);
  const left = unionOf(differenceOf(kept?.fields ?? {}, returned), handedOver);
  const time = isoSeconds(writing.now);
  const moved = new Set<Holding | undefined>([apply, kept, ...stale]);
  return [
    ...holdings.filter((holding) => !moved.has(holding)).map(({ entry }) => entry),
    entryOf(base, { manager: managers.apply, operation: 'Apply', time, fieldsV1: own }),
    ...(hasLeaves(left)
      ? [entryOf(base, { manager: managers.ignored, operation: 'Update', time, fieldsV1: left })]
      : []),
  ];
}

const hasLeaves = (fields: FieldSet): boolean => elementsOf(fields).length > 0;

/** The Go operator's entries under our name, for an update that is no apply; undefined when there are none. */
export function renamedManagers(live: JsonObject, now: Date): readonly JsonObject[] | undefined {
  const holdings = holdingsOf(live);
  const peers = holdings.filter(isPeerUpdate);
  if (peers.length === 0) return undefined;
  const renamed = peers.map((peer) => {
    const same = holdings.find(
      (holding) =>
        isOwnHolding(holding) &&
        holding.operation === 'Update' &&
        textAt(holding.entry, 'apiVersion') === textAt(peer.entry, 'apiVersion'),
    );
    const fieldsV1 = unionOf(peer.fields, same?.fields ?? {});
    return { same, entry: entryOf(peer, { manager: managers.apply, time: isoSeconds(now), fieldsV1 }) };
  });
  const replaced = new Set<Holding | undefined>([...peers, ...renamed.map(({ same }) => same)]);
  return [
    ...holdings.filter((holding) => !replaced.has(holding)).map(({ entry }) => entry),
    ...renamed.map(({ entry }) => entry),
  ];
}

/** A JSON patch that writes managedFields onto exactly the version they were computed from. */
export function managersPatch(live: JsonObject, managedFields: readonly JsonObject[]): readonly JsonObject[] {
  return [
    { op: 'replace', path: '/metadata/managedFields', value: managedFields },
    { op: 'replace', path: '/metadata/resourceVersion', value: textAt(live, 'metadata', 'resourceVersion') ?? '' },
  ];
}
