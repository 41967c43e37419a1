import type { JsonObject } from '../../domain/api/json.ts';
import { numberAt, textAt } from '../../domain/api/json.ts';
import { hubOf } from '../../domain/node-edits.ts';
import { ageColumn, conditionColumn, fieldColumn, nameColumn, wide } from '../get/columns.ts';
import { nodeTable } from '../get/node-table.ts';
import { conditionOf, kinds } from '../kinds.ts';
import { getCommand, serverTable } from './get-objects.ts';

const countAt = (object: JsonObject, field: string): number => numberAt(object, 'status', field) ?? 0;

/** The default columns are those of the multi-tier story; `-o wide` has all of `kubectl get lynqnodes` too. */
export const getNodes = getCommand({
  kind: kinds.node,
  aliases: ['node', 'lynqnodes', 'lynqnode', 'lnode'],
  completes: 'nodes',
  columns: [
    nameColumn,
    { header: 'READY', cell: (object) => textAt(conditionOf(object, 'Ready'), 'status') ?? 'Unknown' },
    {
      header: 'RESOURCES',
      cell: (object) => `${countAt(object, 'readyResources')}/${countAt(object, 'desiredResources')}`,
    },
    { header: 'SKIPPED', cell: (object) => String(countAt(object, 'skippedResources')) },
    ageColumn,
    wide(fieldColumn('UID', 'spec', 'uid')),
    wide(fieldColumn('FORM', 'spec', 'templateRef')),
    wide({ header: 'HUB', cell: hubOf }),
    wide({ header: 'FAILED', cell: (object) => String(countAt(object, 'failedResources')) }),
    wide(conditionColumn('CONFLICTED', 'Conflicted')),
    {
      header: 'CONDITIONS',
      wide: true,
      cell: (object) => {
        if (textAt(object, 'metadata', 'deletionTimestamp') !== undefined) return 'Deleting';
        return textAt(conditionOf(object, 'Ready'), 'reason') ?? '';
      },
    },
  ],
  quickTable: async (context, wanted, options) => {
    const table = await serverTable(context, wanted);
    return table.rows.length === 0 ? '' : nodeTable(table, options);
  },
});
