import { ageColumn, conditionColumn, fieldColumn, nameColumn, reasonColumn, wide } from '../get/columns.ts';
import { kinds } from '../kinds.ts';
import { getCommand } from './get-objects.ts';

export const getForms = getCommand({
  kind: kinds.form,
  aliases: ['form', 'lynqforms', 'lynqform', 'lform'],
  completes: 'forms',
  columns: [
    nameColumn,
    fieldColumn('HUB', 'spec', 'hubId'),
    fieldColumn('TOTAL', 'status', 'totalNodes'),
    fieldColumn('READY', 'status', 'readyNodes'),
    fieldColumn('ROLLOUT', 'status', 'rollout', 'phase'),
    fieldColumn('UPDATING', 'status', 'rollout', 'updatingNodes'),
    conditionColumn('APPLIED', 'Applied'),
    ageColumn,
    wide(conditionColumn('VALID', 'Valid')),
    wide(reasonColumn('REASON', 'Valid')),
  ],
});
