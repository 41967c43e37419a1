import type { JsonObject } from '../../domain/api/json.ts';
import { numberAt, textAt } from '../../domain/api/json.ts';
import { conditionOf } from '../kinds.ts';
import { ageSince } from '../output/age.ts';
import type { Column } from './get-objects.ts';

/** Columns that several kinds have. */

export const nameColumn: Column = { header: 'NAME', cell: (object) => textAt(object, 'metadata', 'name') ?? '' };

export const ageColumn: Column = {
  header: 'AGE',
  cell: (object, now) => ageSince(textAt(object, 'metadata', 'creationTimestamp'), now),
};

/** A text of the object, `<none>` where there is none. */
export function textColumn(header: string, ...path: readonly string[]): Column {
  return { header, cell: (object) => textAt(object, ...path) || '<none>' };
}

/** A count of the status; 0 before the first pass. */
export function countColumn(header: string, ...path: readonly string[]): Column {
  return { header, cell: (object) => String(countAt(object, ...path)) };
}

export function countAt(object: JsonObject, ...path: readonly string[]): number {
  return numberAt(object, 'status', ...path) ?? 0;
}

/** Status of a condition; `Unknown` before it was first set. */
export function conditionColumn(header: string, type: string): Column {
  return { header, cell: (object) => textAt(conditionOf(object, type), 'status') ?? 'Unknown' };
}

/** Why a condition has its status; `Deleting` for an object that is going, whatever its conditions still say. */
export function reasonColumn(type: string): Column {
  return {
    header: 'REASON',
    wide: true,
    cell: (object) => {
      if (textAt(object, 'metadata', 'deletionTimestamp') !== undefined) return 'Deleting';
      return textAt(conditionOf(object, type), 'reason') ?? '<none>';
    },
  };
}

export function wide(column: Column): Column {
  return { ...column, wide: true };
}
