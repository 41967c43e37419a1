import type { JsonObject } from '../api/json.ts';
import { canonicalJson } from '../canonical.ts';
import { hashText, revisionName } from '../identity.ts';

/** What of a form its revisions are made from, and how they are named. */

const hashLength = 10;

/** Only what decides what nodes look like counts: an edit of the rollout block is no new revision. */
export function revisionContent(spec: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(spec).filter(([key]) => key !== 'rollout'));
}

export function contentHashOf(content: JsonObject): string {
  return hashText(canonicalJson(content), hashLength);
}

/** Name of the revision of a form with this spec. */
export function revisionOf(form: string, spec: JsonObject): string {
  return revisionName(form, contentHashOf(revisionContent(spec)));
}

/** The form that a revision is of, by its name. */
export function formOfRevision(name: string): string {
  return name.slice(0, -(hashLength + 1));
}
