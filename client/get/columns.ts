import type { JsonObject } from '../../domain/api/json.ts';
import { at, textAt } from '../../domain/api/json.ts';
import { conditionOf } from '../kinds.ts';
import { ageSince } from '../output/age.ts';

/** Columns of tables of objects. Those of the Go operator's CRDs are empty where the object has nothing, as kubectl prints them. */

export interface Column {
  readonly header: string;
  /** Only with `-o wide`. */
  readonly wide?: true;
  readonly cell: (object: JsonObject, now: Date) => string;
}

export const nameColumn: Column = { header: 'NAME', cell: (object) => textAt(object, 'metadata', 'name') ?? '' };

export const namespaceColumn: Column = {
  header: 'NAMESPACE',
  cell: (object) => textAt(object, 'metadata', 'namespace') ?? '',
};

export const ageColumn: Column = {
  header: 'AGE',
  cell: (object, now) => ageSince(textAt(object, 'metadata', 'creationTimestamp'), now),
};

/** A text or number of the object as it is. */
export function fieldColumn(header: string, ...path: readonly string[]): Column {
  return {
    header,
    cell: (object) => {
      const value = at(object, ...path);
      return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
    },
  };
}

/** Age of a time of the object. */
export function sinceColumn(header: string, ...path: readonly string[]): Column {
  return {
    header,
    cell: (object, now) => {
      const time = textAt(object, ...path);
      return time === undefined ? '<never>' : ageSince(time, now);
    },
  };
}

/** Status of a condition; empty before it was first set. */
export function conditionColumn(header: string, type: string): Column {
  return { header, cell: (object) => textAt(conditionOf(object, type), 'status') ?? '' };
}

/** Reason of a condition. */
export function reasonColumn(header: string, type: string): Column {
  return { header, cell: (object) => textAt(conditionOf(object, type), 'reason') ?? '' };
}

export function wide(column: Column): Column {
  return { ...column, wide: true };
}
