import { rolloutCommand } from '../rollout-tell.ts';

export const rolloutResume = rolloutCommand(
  'resume',
  'Go on with a rollout that was paused, failed or aborted',
  'Takes spec.rollout.paused off, or gives a halted rollout another try with a fresh deadline.',
);
