export { hubSync } from './hub-sync.ts';
export { lynqNode } from './node/node.ts';
export { formRollout } from './rollout.ts';
