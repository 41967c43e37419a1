import type { JsonObject } from '../api/json.ts';
import type { ConflictPolicy } from '../api/resource.ts';
import { managers } from '../keys.ts';
import { managerKind } from '../owned-fields.ts';
import type { FieldConflict } from '../ports.ts';
import { fieldText } from './field-text.ts';

/**
 * A server-side apply met fields that others hold, on an object of our record (decisions.md section 5, "Stuck and drift"): plain updates are
 * drift and are taken back; fields of another Apply manager or of a subresource, such as an autoscaler's, are a conflict under Stuck.
 */
export type ConflictVerdict = { readonly kind: 'takeBack' } | { readonly kind: 'conflicted'; readonly owner: string };

type ConflictRule = (live: JsonObject, fields: readonly FieldConflict[]) => ConflictVerdict;

const rules = {
  Force: () => ({ kind: 'takeBack' }),
  Stuck: (live, fields) => {
    const holder = fields.find(
      ({ manager, field }) => manager !== managers.ignored && managerKind(live, manager, field) !== 'update',
    );
    if (holder === undefined) return { kind: 'takeBack' };
    return { kind: 'conflicted', owner: `field manager ${holder.manager} (${fieldText(holder.field)})` };
  },
} satisfies Record<ConflictPolicy, ConflictRule>;

/** Decides from the live object and the conflicting fields. */
export function judgeConflict(
  policy: ConflictPolicy,
  live: JsonObject,
  fields: readonly FieldConflict[],
): ConflictVerdict {
  return rules[policy](live, fields);
}
