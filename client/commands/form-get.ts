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

export const getForms = getCommand({
  kind: kinds.form,
  aliases: ['form', 'lynqforms', 'lynqform', 'lform'],
  completes: 'forms',
  columns: [
    nameColumn,
    textColumn('HUB', 'spec', 'hubId'),
    conditionColumn('VALID', 'Valid'),
    { header: 'NODES', cell: (object) => `${countAt(object, 'readyNodes')}/${countAt(object, 'totalNodes')}` },
    ageColumn,
    wide(conditionColumn('APPLIED', 'Applied')),
    wide(textColumn('ROLLOUT', 'status', 'rollout', 'phase')),
    wide(countColumn('UPDATING', 'rollout', 'updatingNodes')),
    reasonColumn('Valid'),
  ],
});
