import { isJsonObject, type JsonObject, listAt, numberAt, textAt } from '../api/json.ts';
import { labelValue } from '../identity.ts';
import { labels } from '../keys.ts';

/** A kept revision of a form. */
export interface KeptRevision {
  readonly name: string;
  /** Of the ControllerRevision. */
  readonly uid: string;
  readonly number: number;
  readonly content: JsonObject;
  readonly created: string;
  /** Belongs to nobody: it was restored from a backup. */
  readonly ownerless?: true;
}

/** Where the kept revisions of a form are: ControllerRevisions of its namespace with its label. */
export const revisionKind = { apiVersion: 'apps/v1', kind: 'ControllerRevision' } as const;

export function revisionSelector(form: string): string {
  return `${labels.form}=${labelValue(form)}`;
}

/** Kept revisions from ControllerRevision objects, newest first. */
export function keptRevisions(objects: readonly JsonObject[]): readonly KeptRevision[] {
  return objects
    .flatMap((object) => {
      const content = object['data'];
      if (!isJsonObject(content)) return [];
      const name = textAt(object, 'metadata', 'name') ?? '';
      const uid = textAt(object, 'metadata', 'uid') ?? '';
      const created = textAt(object, 'metadata', 'creationTimestamp') ?? '';
      const ownerless =
        listAt(object, 'metadata', 'ownerReferences').length === 0 ? ({ ownerless: true } as const) : {};
      return [{ name, uid, number: numberAt(object, 'revision') ?? 0, content, created, ...ownerless }];
    })
    .toSorted((left, right) => right.number - left.number);
}

/** Revisions nothing refers to that are kept for `lynq rollout undo` (decisions.md section 1). */
const keptUnreferenced = 10;

/** Revisions that can go: of those that nothing refers to all but the newest ten. `kept` is newest first; so is the answer. */
export function surplusRevisions<T extends { readonly name: string }>(
  kept: readonly T[],
  referenced: ReadonlySet<string>,
): readonly T[] {
  return kept.filter(({ name }) => !referenced.has(name)).slice(keptUnreferenced);
}
