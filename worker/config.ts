import { z } from 'zod';
import { defaultTaskQueue } from '../domain/identity.ts';

/** What the worker takes from its environment. Temporal's own variables are read by @temporalio/envconfig, as the temporal CLI does. */
export const WorkerConfig = z
  .object({
    KUBECONFIG: z.string().min(1).optional(),
    KUBERNETES_SERVICE_HOST: z.string().optional(),
    LYNQ_TASK_QUEUE: z.string().min(1).default(defaultTaskQueue),
    LYNQ_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
    LYNQ_CACHED_WORKFLOWS: z.coerce.number().int().min(10).default(500),
    LYNQ_ACTIVITY_SLOTS: z.coerce.number().int().min(2).default(1_000),
    LYNQ_KUBERNETES_CONNECTIONS: z.coerce.number().int().min(1).default(24),
    LYNQ_SHUTDOWN_SECONDS: z.coerce.number().int().min(1).default(20),
  })
  .transform((env) => ({
    kubeconfig: env.KUBECONFIG,
    inCluster: env.KUBECONFIG === undefined && env.KUBERNETES_SERVICE_HOST !== undefined,
    taskQueue: env.LYNQ_TASK_QUEUE,
    logLevel: env.LYNQ_LOG_LEVEL,
    cachedWorkflows: env.LYNQ_CACHED_WORKFLOWS,
    activitySlots: env.LYNQ_ACTIVITY_SLOTS,
    kubernetesConnections: env.LYNQ_KUBERNETES_CONNECTIONS,
    shutdownSeconds: env.LYNQ_SHUTDOWN_SECONDS,
  }));
export type WorkerConfig = z.infer<typeof WorkerConfig>;

/** Reads the configuration; a variable that cannot be used is named with what is expected. */
export function readConfig(env: Readonly<Record<string, string | undefined>>): WorkerConfig {
  const parsed = WorkerConfig.safeParse(env);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new Error(`the worker's environment cannot be used: ${problems.join('; ')}`);
}
