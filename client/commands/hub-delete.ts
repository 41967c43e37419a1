import { kinds } from '../kinds.ts';
import { deleteCommand } from './object-delete.ts';

export const deleteHub = deleteCommand({
  kind: kinds.hub,
  completes: 'hubs',
  consequence: 'the nodes of all its forms are removed',
  owns: (node, name) => node.hub === name,
});
