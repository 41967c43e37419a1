import type { NodeRunRecord, RunFact } from '../../../client/engine.ts';
import type { ResourceState } from '../../../domain/api/node.ts';
import { type FakeEngine, fakeEngine } from '../../unit/client/run.ts';

const at = (time: string): Date => new Date(`2026-11-22T${time}Z`);

const entries = (states: Readonly<Record<string, ResourceState>>) =>
  Object.entries(states).map(([id, state]) => ({ id, kind: 'Deployment', name: `globex-${id}`, state }));

const step = (
  from: string,
  to: string | undefined,
  summary: string,
  outcome?: string,
  states: Readonly<Record<string, ResourceState>> = {},
): RunFact => ({
  kind: 'step',
  at: at(from),
  summary,
  ...(to === undefined ? {} : { ended: at(to), outcome, entries: entries(states) }),
});

/** Two runs of one node: made, resynced, continued, and changed by its form. */
const runs: readonly NodeRunRecord[] = [
  {
    runId: '01a20567-0001',
    status: 'CONTINUED_AS_NEW',
    started: at('09:00:00'),
    closed: at('11:50:00'),
    facts: [
      { kind: 'began', at: at('09:00:00'), continued: false },
      step('09:00:00', '09:00:02.300', 'first look', 'advanced', { config: 'Ready', api: 'Pending' }),
      step('09:00:02.400', '09:00:09', 'apply: Deployment globex-api', 'settled', { config: 'Ready', api: 'Ready' }),
      { kind: 'message', at: at('10:30:00'), cause: 'resync' },
      step('10:30:00', '10:30:00.700', 'look', 'settled', { config: 'Ready', api: 'Ready' }),
    ],
  },
  {
    runId: '01a20567-0002',
    status: 'RUNNING',
    started: at('11:50:00'),
    facts: [
      { kind: 'began', at: at('11:50:00'), continued: true },
      { kind: 'message', at: at('11:55:00'), cause: 'nodeChanged' },
      step('11:55:00', '11:55:01', 'look', 'advanced', {
        config: 'Ready',
        api: 'Progressing',
        'api-service': 'Waiting',
      }),
      step('11:55:01', undefined, 'wait: Deployment globex-api'),
    ],
  },
];

export function goldenEngine(): FakeEngine {
  return {
    ...fakeEngine(['lynq-system/globex-api-tier']),
    nodeRuns: async () => runs,
    nodeRun: async (namespace, node) => ({
      runId: '01a20567-0002',
      status: 'RUNNING',
      busy: true,
      retries: [
        { activity: 'advanceNode', attempt: 3, failure: 'The API server does not answer.', next: at('12:00:20') },
      ],
      view: {
        namespace,
        node,
        phase: 'Waiting',
        resources: [],
        ready: 1,
        desired: 3,
        passes: 7,
        lastCause: 'nodeChanged',
      },
    }),
  };
}
