import { pauseCommand } from '../pausing.ts';

export const resume = pauseCommand(
  'resume',
  'Go on with a paused hub, form or node',
  'Takes back `lynq pause`; what changed meanwhile is caught up with at once.',
);
