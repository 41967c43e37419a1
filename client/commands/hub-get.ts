import { ageColumn, fieldColumn, nameColumn, reasonColumn, sinceColumn, wide } from '../get/columns.ts';
import { kinds } from '../kinds.ts';
import { getCommand } from './get-objects.ts';

export const getHubs = getCommand({
  kind: kinds.hub,
  aliases: ['hub', 'lynqhubs', 'lynqhub', 'lhub'],
  completes: 'hubs',
  columns: [
    nameColumn,
    fieldColumn('TEMPLATES', 'status', 'referencingTemplates'),
    fieldColumn('DESIRED', 'status', 'desired'),
    fieldColumn('READY', 'status', 'ready'),
    fieldColumn('FAILED', 'status', 'failed'),
    reasonColumn('CONDITIONS', 'Ready'),
    ageColumn,
    wide(sinceColumn('LAST SYNC', 'status', 'lastSyncTime')),
    wide(fieldColumn('ROWS', 'status', 'rows', 'seen')),
    wide(fieldColumn('ACTIVE', 'status', 'rows', 'active')),
    wide(fieldColumn('FROZEN', 'status', 'rows', 'frozen')),
    wide(fieldColumn('HELD', 'status', 'rows', 'held')),
  ],
});
