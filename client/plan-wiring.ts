import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { planWorld, renderRow } from '../activities/plan/index.ts';
import type { OpenedCluster } from '../adapters/kubernetes/index.ts';
import { openMySqlRowSource } from '../adapters/mysql/index.ts';
import { openPostgresRowSource } from '../adapters/postgres/index.ts';
import { ScopePolicy } from '../domain/api/scope.ts';
import type { Cluster, Logger } from '../domain/ports.ts';
import { rowSourceByType } from '../domain/row-source-by-type.ts';
import { closeRenderThreads } from '../template/index.ts';
import { CommandError } from './errors.ts';
import type { Environment } from './kube-namespace.ts';
import type { Planner } from './planner.ts';

/** The product's own activities over dry runs, put together for `lynq plan`. Loaded by the commands that plan and by no other. */
export interface OpenedPlanner {
  readonly planner: Planner;
  close(): Promise<void>;
}

export interface PlannerParts {
  readonly opened: OpenedCluster;
  /** The same cluster with the limits of the command line. */
  readonly cluster: Cluster;
  readonly environment: Environment;
  readonly logger: Logger;
}

const connectTimeoutMs = 10_000;
const statementTimeoutMs = 600_000;

export function openPlanner({ opened, cluster, environment, logger }: PlannerParts): OpenedPlanner {
  const options = { logger, connectTimeoutMs, statementTimeoutMs };
  const rows = rowSourceByType({ mysql: openMySqlRowSource(options), postgres: openPostgresRowSource(options) });
  const scope = { policy: scopePolicy(environment), workerNamespace: opened.namespace };
  const stop = new AbortController();
  const ports = { cluster, rows, clock: opened.clock, logger, scope };
  return {
    planner: {
      plan: (request, onProgress) => planWorld(ports, request, { signal: stop.signal }, onProgress),
      render: (request) => renderRow(ports, request, { signal: stop.signal }),
    },
    async close() {
      stop.abort();
      await Promise.all([rows.close(), closeRenderThreads()]);
    },
  };
}

/** `LYNQ_SCOPE_POLICY` as the worker reads it; without it what the worker does without it. */
function scopePolicy(environment: Environment): ScopePolicy {
  const value = environment['LYNQ_SCOPE_POLICY'] ?? '{}';
  try {
    const text = value.trimStart().startsWith('{') ? value : readFileSync(value, 'utf8');
    return ScopePolicy.parse(parse(text) ?? {});
  } catch {
    throw new CommandError('LYNQ_SCOPE_POLICY is no policy and no file with one', {
      fix: 'set it as the worker has it, or leave it out',
    });
  }
}
