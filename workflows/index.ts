export { hubSync } from './hub-sync.ts';
export { lynqRemovals } from './removals.ts';
export { lynqNode } from './node/node.ts';
export { formRollout } from './rollout.ts';
