import { fileURLToPath } from 'node:url';
import type { InjectedSinks } from '@temporalio/worker';
import { runWorker } from '../../../worker/run.ts';
import { disturb, disturbances, otherVersion, stickyTime } from './disturbances.ts';
import { withTriggers } from './ports.ts';
import { openTrigger } from './trigger.ts';
import type { FaultSinks } from './workflow-interceptors.ts';

/** The worker as `npm run worker` starts it, with failpoints at its ports. */
disturb(process.env);
const trigger = openTrigger(process.env);

const sinks: InjectedSinks<FaultSinks> = {
  faults: {
    pass: {
      fn: ({ workflowType, workflowId }, purpose) =>
        trigger.pass({ purpose, kind: workflowType, about: workflowId }, 'before'),
      callDuringReplay: false,
    },
  },
};

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => void trigger.pass({ purpose: 'shutdown', kind: 'Process', about: '' }, 'before'));
}

const seams = {
  ports: withTriggers(trigger),
  worker: {
    sinks,
    stickyQueueScheduleToStartTimeout: stickyTime(process.env[disturbances.sticky]),
    // Of the 3 s in which a worker has to show that it lives (workflow-interceptors.ts); otherwise it says so after 2.4 s.
    maxHeartbeatThrottleInterval: '1s',
  },
  workflowInterceptors: ['./workflow-interceptors.ts', ...otherVersion(process.env[disturbances.version])].map((name) =>
    fileURLToPath(new URL(name, import.meta.url)),
  ),
} as const;

runWorker(process.env, { seams }).then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`Error: ${String(error)}\n`);
    process.exit(1);
  },
);
