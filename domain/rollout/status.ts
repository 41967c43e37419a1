import type { RolloutStatus } from '../api/form.ts';
import { at, isJsonObject, type JsonObject } from '../api/json.ts';

/** Merge patch that makes `status.rollout` of a form exactly this: members that it does not have any more become null. */
export function statusPatch(form: JsonObject, status: RolloutStatus): JsonObject {
  const before = at(form, 'status', 'rollout');
  const gone = isJsonObject(before) ? Object.keys(before).filter((key) => !Object.hasOwn(status, key)) : [];
  return { ...Object.fromEntries(gone.map((key) => [key, null])), ...(status as unknown as JsonObject) };
}
