import { kinds } from '../kinds.ts';
import { deleteCommand } from './object-delete.ts';

export const deleteHub = deleteCommand({
  kind: kinds.hub,
  completes: 'hubs',
  consequence: 'the nodes of all its forms are removed',
  refusal:
    'Refused for a hub that is released or that another operator is at work on, which this one would never remove: `lynq adopt HUB` takes it up again.',
  owns: (node, name) => node.hub === name,
});
