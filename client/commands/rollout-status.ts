import { setTimeout as sleep } from 'node:timers/promises';
import { defineCommand } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { liveOutput } from '../output/live.ts';
import { findForm, nodesInFlight } from '../rollout-form.ts';

const lookMilliseconds = 500;

export const rolloutStatus = defineCommand({
  name: 'rollout status',
  summary: 'Show where the rollout of a form is',
  description:
    'Exit code 1 when it failed or was aborted, else 0. ' +
    'With -w it follows the rollout until it has reached all nodes or has failed: on a terminal as a picture of its waves, elsewhere as a line for each change.',
  args: [{ name: 'form', kind: 'required', completes: 'forms', summary: 'name of the LynqForm' }],
  flags: { watch: { kind: 'boolean', short: 'w', summary: 'follow it until it ends' } },
  examples: [
    { command: 'lynq rollout status api-tier', summary: 'where it is' },
    { command: 'lynq rollout status api-tier -w', summary: 'follow it' },
  ],
  async run({ args, flags }, context) {
    const { describeRollout, drawRollout, pausedInFlight, rolloutState } = await import('../rollout-picture.ts');
    const isPicture = flags.watch && context.out.isTerminal;
    const live = liveOutput(context.out, isPicture);
    for (;;) {
      const { form } = await findForm(context, args.form);
      const now = context.clock.now();
      const state = rolloutState(form);
      const paused = state === 'underWay' ? pausedInFlight(form, await nodesInFlight(context, form)) : [];
      const { text, key } = describeRollout(form, now, paused);
      live.draw(isPicture ? drawRollout(form, now, paused) : text, key);
      if (state === 'failed') return exitCodes.failed;
      const isOver = !flags.watch || state === 'ended';
      if (isOver || (await stopsBeforeNextLook(context.stop))) return exitCodes.ok;
    }
  },
});

/** True when nobody reads any more what the next look would show. */
async function stopsBeforeNextLook(stop: AbortSignal): Promise<boolean> {
  await sleep(lookMilliseconds, undefined, { signal: stop }).catch(() => undefined);
  return stop.aborted;
}
