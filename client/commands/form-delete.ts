import { kinds } from '../kinds.ts';
import { deleteCommand } from './object-delete.ts';

export const deleteForm = deleteCommand({
  kind: kinds.form,
  completes: 'forms',
  consequence: 'the nodes made from it are removed',
  refusal:
    'Refused for a form whose hub is released or held by another operator, where this one would never remove its nodes: `lynq adopt HUB` takes the hub up again.',
  owns: (node, name) => node.form === name,
});
