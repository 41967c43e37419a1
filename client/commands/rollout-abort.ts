import { rolloutCommand } from '../rollout-tell.ts';

export const rolloutAbort = rolloutCommand(
  'abort',
  'End a rollout where it stands',
  'No further node changes until the form is edited, undone or resumed. Nodes keep the revision they have; new rows get the last complete one.',
);
