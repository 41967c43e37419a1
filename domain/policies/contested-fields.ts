import { isJsonObject, type Json, type JsonObject } from '../api/json.ts';
import { canonicalJson } from '../canonical.ts';
import { type Holding, holdingsOf, isOwnHolding, isPeerUpdate, leavesOf, looseMember, member } from '../field-sets.ts';
import { managers } from '../keys.ts';
import type { FieldConflict } from '../ports.ts';

/** Whether a live value says what we send; the server may have added defaults. */
function says(live: Json | undefined, sent: Json): boolean {
  if (Array.isArray(sent)) {
    const items = sent as readonly Json[];
    return Array.isArray(live) && live.length === items.length && items.every((item, index) => says(live[index], item));
  }
  if (!isJsonObject(sent)) return live !== undefined && canonicalJson(live) === canonicalJson(sent);
  return (
    isJsonObject(live) && Object.entries(sent).every(([key, value]) => value === undefined || says(live[key], value))
  );
}

const ourManagers: ReadonlySet<string> = new Set([managers.apply, managers.ignored, managers.markers]);

function isOther(holding: Holding): boolean {
  return !isOwnHolding(holding) && !ourManagers.has(holding.manager) && !isPeerUpdate(holding);
}

/**
 * The fields that others hold with another value than a body has: what the server calls a conflict in an apply and leaves to us in every other kind
 * of write. Names managers and paths, never values.
 */
export function contestedFields(live: JsonObject, body: JsonObject): readonly FieldConflict[] {
  return holdingsOf(live)
    .filter(isOther)
    .flatMap(({ manager, fields }) =>
      [...leavesOf(fields)].flatMap(({ path, text }) => {
        const sent = path.reduce<Json | undefined>(looseMember, body);
        const held = path.reduce<Json | undefined>(member, live);
        return sent === undefined || says(held, sent) ? [] : [{ manager, field: text }];
      }),
    );
}
