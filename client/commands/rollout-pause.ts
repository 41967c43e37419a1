import { rolloutCommand } from '../rollout-tell.ts';

export const rolloutPause = rolloutCommand(
  'pause',
  'Hold a rollout: no further node changes',
  'Sets spec.rollout.paused. Nodes that are on their way go on; no further one is changed until `lynq rollout resume`.',
);
