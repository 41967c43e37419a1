import type { Sample, SeriesFamily } from '../../domain/measures.ts';

/** What the process itself looks like at present. */
export interface ProcessFacts {
  /** Requests to the API server so far. */
  readonly requests: readonly { readonly verb: string; readonly code: string; readonly count: number }[];
  /** Failed steps in a row of watches that get nothing. */
  readonly failingWatches: ReadonlyMap<string, number>;
  readonly leads: boolean;
  readonly activitiesRunning: number;
  readonly workflowsCached: number;
  /** Tasks that wait in Temporal for a worker, by kind; empty when Temporal could not be asked. */
  readonly backlog: Readonly<Record<string, number>>;
}

const family = (
  name: string,
  help: string,
  samples: readonly Sample[],
  type: SeriesFamily['type'] = 'gauge',
): SeriesFamily => ({ name, type, help, samples: () => samples });

const plain = (value: number): readonly Sample[] => [{ labels: {}, value }];

export function processFamilies(facts: ProcessFacts): readonly SeriesFamily[] {
  return [
    family(
      'lynqflow_api_requests_total',
      'Requests to the API server, retries included.',
      facts.requests.map(({ verb, code, count }) => ({ labels: { verb, code }, value: count })),
      'counter',
    ),
    family(
      'lynqflow_watch_failures',
      'Failed attempts in a row of a watch; absent while it is well.',
      [...facts.failingWatches].map(([kind, value]) => ({ labels: { kind }, value })),
    ),
    family(
      'lynqflow_leading',
      'Whether this worker leads: watches, schedules and gauges of objects are its.',
      plain(facts.leads ? 1 : 0),
    ),
    family('lynqflow_activities_running', 'Activities that run in this worker.', plain(facts.activitiesRunning)),
    family('lynqflow_workflows_cached', 'Workflow runs kept in memory by this worker.', plain(facts.workflowsCached)),
    family(
      'lynqflow_task_queue_backlog',
      'Tasks that wait in Temporal for a worker of this task queue.',
      Object.entries(facts.backlog).map(([kind, value]) => ({ labels: { kind }, value })),
    ),
  ];
}
