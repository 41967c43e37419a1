import type { Verb } from './transport.ts';

export interface RequestCount {
  readonly verb: Verb;
  /** HTTP status code, or `error` when no answer came. */
  readonly code: string;
  readonly count: number;
}

/** Requests sent to the API server since the start, retries included; read by the metrics. */
export interface RequestCounters {
  snapshot(): readonly RequestCount[];
}

/** Counters with the writing side that the transport holds. */
export interface RequestMeter extends RequestCounters {
  add(verb: Verb, code: number | 'error'): void;
}

export function createRequestMeter(): RequestMeter {
  const counts = new Map<string, RequestCount>();
  return {
    add(verb, code) {
      const key = `${verb} ${code}`;
      counts.set(key, { verb, code: String(code), count: (counts.get(key)?.count ?? 0) + 1 });
    },
    snapshot: () => [...counts.values()],
  };
}
