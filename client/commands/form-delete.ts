import { kinds } from '../kinds.ts';
import { deleteCommand } from './object-delete.ts';

export const deleteForm = deleteCommand({
  kind: kinds.form,
  completes: 'forms',
  consequence: 'the nodes made from it are removed',
  owns: (node, name) => node.form === name,
});
