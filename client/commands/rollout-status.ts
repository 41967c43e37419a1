import { setTimeout as sleep } from 'node:timers/promises';
import type { LynqForm, RolloutStatus } from '../../domain/api/form.ts';
import { defineCommand } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { findForm } from '../rollout-form.ts';

const lookMilliseconds = 1_000;

export const rolloutStatus = defineCommand({
  name: 'rollout status',
  summary: 'Show where the rollout of a form is',
  description:
    'Exit code 1 when it failed or was aborted, else 0. ' +
    'With -w it follows the rollout until it is complete or has failed; --timeout bounds that.',
  args: [{ name: 'form', kind: 'required', completes: 'forms', summary: 'name of the LynqForm' }],
  flags: { watch: { kind: 'boolean', short: 'w', summary: 'follow it until it ends' } },
  examples: [
    { command: 'lynq rollout status api-tier', summary: 'where it is' },
    { command: 'lynq rollout status api-tier -w', summary: 'follow it' },
  ],
  async run({ args, flags }, context) {
    let before = '';
    for (;;) {
      const { form } = await findForm(context, args.form);
      const text = describeRollout(form, context.clock.now());
      if (text !== before) context.out.write(text);
      before = text;
      const state = stateOf(form);
      if (state === 'failed') return exitCodes.failed;
      if (!flags.watch || state === 'ended') return exitCodes.ok;
      await sleep(lookMilliseconds);
    }
  },
});

/** A status about an older edit says nothing about this one. */
function currentRollout(form: LynqForm): RolloutStatus | undefined {
  const rollout = form.status?.rollout;
  return rollout?.targetGeneration === form.metadata.generation ? rollout : undefined;
}

function stateOf(form: LynqForm): 'ended' | 'failed' | 'underWay' {
  const phase = currentRollout(form)?.phase;
  if (form.spec.rollout === undefined || phase === 'Complete' || phase === 'Idle') return 'ended';
  return phase === 'Failed' ? 'failed' : 'underWay';
}

function rateOf(rollout: RolloutStatus, now: Date): string {
  const { startTime, readyUpdatedNodes = 0, totalNodes = 0 } = rollout;
  const seconds = startTime === undefined ? 0 : (now.getTime() - new Date(startTime).getTime()) / 1000;
  if (rollout.phase !== 'InProgress' || seconds <= 0 || readyUpdatedNodes === 0) return '';
  const rate = readyUpdatedNodes / (seconds / 60);
  const left = Math.ceil((totalNodes - readyUpdatedNodes) / rate);
  return `, ${rate.toFixed(rate < 10 ? 1 : 0)} nodes/min, about ${left} min left`;
}

/** One screen, also good as one log line after the other. */
export function describeRollout(form: LynqForm, now: Date): string {
  const name = form.metadata.name;
  if (form.spec.rollout === undefined) return `${name}: no rollout block, nodes change all at once\n`;
  const rollout = currentRollout(form);
  if (rollout === undefined)
    return `${name}: waiting for the worker to see generation ${form.metadata.generation ?? 0}\n`;
  const failed = (rollout.failedNodes ?? []).map(({ node, reason }) => `  ${node}: ${reason}\n`);
  return `${name}: ${headline(rollout, now)}\n  ${rollout.message ?? ''}\n${failed.join('')}`;
}

function headline(rollout: RolloutStatus, now: Date): string {
  const { phase = 'Idle', wave, totalNodes = 0, updatedNodes = 0, readyUpdatedNodes = 0, inFlight = [] } = rollout;
  const where = wave === undefined ? '' : ` (wave ${wave})`;
  const counts = `${updatedNodes}/${totalNodes} updated, ${readyUpdatedNodes} ready, ${inFlight.length} in flight`;
  return `${phase}${where}: ${counts}${rateOf(rollout, now)}`;
}
