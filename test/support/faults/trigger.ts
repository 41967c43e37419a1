import { appendFileSync, existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Effect } from './effects.ts';
import { type Order, parseOrder, type Side } from './failpoints.ts';

/** What a worker process takes from its environment. */
export const variables = {
  /** `name[:nth]:kill|stop|throw|sleep` */
  failpoint: 'LYNQ_FAILPOINT',
  /** Text that the effect has to be about. */
  scope: 'LYNQ_FAILPOINT_SCOPE',
  /** Text that the effect must not be about. */
  besides: 'LYNQ_FAILPOINT_BESIDES',
  /** File that has to exist for the point to be passed. */
  gate: 'LYNQ_FAILPOINT_GATE',
  /** File that hits are written to. */
  log: 'LYNQ_FAILPOINT_LOG',
} as const;

export interface Trigger {
  /** A worker passes this side of an effect. */
  pass(effect: Effect, side: Side): Promise<void>;
}

const sleepMilliseconds = 20_000;

/** One failpoint of this process; a process without the variable passes everything. */
export function openTrigger(env: Readonly<Record<string, string | undefined>>): Trigger {
  const text = env[variables.failpoint];
  if (text === undefined) return { pass: async () => undefined };
  const order = parseOrder(text);
  const scope = env[variables.scope] ?? '';
  const besides = env[variables.besides];
  let passed = 0;
  return {
    async pass(effect, side) {
      if (!order.failpoint.fits(effect, side) || !effect.about.includes(scope)) return;
      if (besides !== undefined && effect.about.includes(besides)) return;
      const gate = env[variables.gate];
      if (gate !== undefined && !existsSync(gate)) return;
      passed += 1;
      if (passed === order.nth) await act(order, env[variables.log]);
    },
  };
}

/** Put on record before anything else: a test has to tell a process that ended here from one that ended for another reason. */
async function act({ failpoint, action }: Order, log: string | undefined): Promise<void> {
  if (log !== undefined) appendFileSync(log, `${failpoint.name} ${process.pid}\n`);
  if (action === 'kill') process.kill(process.pid, 'SIGKILL');
  if (action === 'stop') process.kill(process.pid, 'SIGSTOP');
  if (action === 'throw') throw new Error(`failpoint ${failpoint.name}`);
  if (action === 'sleep') await sleep(sleepMilliseconds);
}
