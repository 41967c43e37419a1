import { textAt } from '../../domain/api/json.ts';
import { kinds } from '../kinds.ts';
import { ageSince } from '../output/age.ts';
import { ageColumn, conditionColumn, countAt, countColumn, nameColumn, reasonColumn, wide } from './columns.ts';
import { getCommand } from './get-objects.ts';

export const getHubs = getCommand({
  kind: kinds.hub,
  aliases: ['hub', 'lynqhubs', 'lynqhub', 'lhub'],
  completes: 'hubs',
  columns: [
    nameColumn,
    conditionColumn('READY', 'Ready'),
    countColumn('FORMS', 'referencingTemplates'),
    { header: 'NODES', cell: (object) => `${countAt(object, 'ready')}/${countAt(object, 'desired')}` },
    countColumn('FAILED', 'failed'),
    {
      header: 'LAST SYNC',
      cell: (object, now) => {
        const time = textAt(object, 'status', 'lastSyncTime');
        return time === undefined ? '<none>' : ageSince(time, now);
      },
    },
    ageColumn,
    wide(countColumn('ROWS', 'rows', 'seen')),
    wide(countColumn('ACTIVE', 'rows', 'active')),
    wide(countColumn('FROZEN', 'rows', 'frozen')),
    wide(countColumn('HELD', 'rows', 'held')),
    reasonColumn('Ready'),
  ],
});
