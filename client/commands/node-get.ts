import { labels } from '../../domain/keys.ts';
import { kinds } from '../kinds.ts';
import {
  ageColumn,
  conditionColumn,
  countAt,
  countColumn,
  nameColumn,
  reasonColumn,
  textColumn,
  wide,
} from './columns.ts';
import { getCommand } from './get-objects.ts';

export const getNodes = getCommand({
  kind: kinds.node,
  aliases: ['node', 'lynqnodes', 'lynqnode', 'lnode'],
  completes: 'nodes',
  columns: [
    nameColumn,
    conditionColumn('READY', 'Ready'),
    {
      header: 'RESOURCES',
      cell: (object) => `${countAt(object, 'readyResources')}/${countAt(object, 'desiredResources')}`,
    },
    countColumn('SKIPPED', 'skippedResources'),
    ageColumn,
    wide(textColumn('UID', 'spec', 'uid')),
    wide(textColumn('FORM', 'spec', 'templateRef')),
    wide(textColumn('HUB', 'metadata', 'labels', labels.hub)),
    wide(countColumn('FAILED', 'failedResources')),
    wide(conditionColumn('CONFLICTED', 'Conflicted')),
    reasonColumn('Ready'),
  ],
});
