import { pauseCommand } from '../pausing.ts';

export const pause = pauseCommand(
  'pause',
  'Hold a hub, a form or a node',
  'A paused hub is not synced; a paused form lets no further node change (as `lynq rollout pause`); a paused node is left as it is. Deleting works all the same.',
);
