import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { ScopePolicy } from '../domain/api/scope.ts';
import { defaultTaskQueue } from '../domain/identity.ts';
import { latestLooks } from '../domain/looking.ts';
import { shortestToken } from './notify/access.ts';
import type { BindAddress } from '../domain/serving.ts';
import { parseBindAddress } from './telemetry/address.ts';

/** JSON or YAML text of an object, or the path of a file with it. */
function policyText(value: string): string {
  return value.trimStart().startsWith('{') ? value : readFileSync(value, 'utf8');
}

const Scope = z
  .string()
  .default('{}')
  .transform((value, context): unknown => {
    try {
      return parse(policyText(value)) ?? {};
    } catch (error) {
      context.addIssue({ code: 'custom', message: `no policy and no file with one (${messageOf(error)})` });
      return z.NEVER;
    }
  })
  .pipe(ScopePolicy);

/** Go's spelling of switches. */
const Switch = z
  .enum(['true', 'false', '1', '0'], { message: 'true or false' })
  .transform((text) => text === 'true' || text === '1');

const Address = z.string().transform((text, context): BindAddress => {
  const parsed = parseBindAddress(text);
  if (parsed !== undefined) return parsed;
  context.addIssue({ code: 'custom', message: `${text} is no address; write :8443, 127.0.0.1:8443, or 0 for none` });
  return z.NEVER;
});

/** In a pod the Go operator's default (parity 7.2), so that its probes work unchanged; elsewhere nowhere: several workers may run beside each other. */
function probesOf(env: { readonly KUBERNETES_SERVICE_HOST?: string | undefined }): BindAddress {
  return env.KUBERNETES_SERVICE_HOST === undefined ? { kind: 'off' } : { kind: 'at', port: 8081 };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const Notify = {
  LYNQ_NOTIFY_PORT: z.coerce.number().int().min(0).max(65_535).optional(),
  LYNQ_NOTIFY_HOST: z.string().min(1).default('127.0.0.1'),
  LYNQ_NOTIFY_TOKEN: z.string().min(shortestToken).optional(),
  LYNQ_NOTIFY_TOKEN_FILE: z.string().min(1).optional(),
};

interface NotifyEnvironment {
  readonly LYNQ_NOTIFY_PORT?: number | undefined;
  readonly LYNQ_NOTIFY_HOST: string;
  readonly LYNQ_NOTIFY_TOKEN?: string | undefined;
  readonly LYNQ_NOTIFY_TOKEN_FILE?: string | undefined;
}

/** No port, no listener; a listener without a token would let anybody start syncs, so it is refused. */
function notifyOptions(env: NotifyEnvironment, refuse: (variable: string, why: string) => void) {
  const { LYNQ_NOTIFY_PORT: port, LYNQ_NOTIFY_HOST: host } = env;
  const { LYNQ_NOTIFY_TOKEN: text, LYNQ_NOTIFY_TOKEN_FILE: file } = env;
  if (port === undefined) return undefined;
  if ((text === undefined) === (file === undefined)) {
    refuse('LYNQ_NOTIFY_TOKEN', 'with LYNQ_NOTIFY_PORT, exactly one of it and LYNQ_NOTIFY_TOKEN_FILE has to be set');
    return undefined;
  }
  if (text !== undefined) return { host, port, token: { kind: 'text', text } as const };
  const path = file ?? '';
  const problem = tokenFileProblem(path);
  if (problem !== undefined) refuse('LYNQ_NOTIFY_TOKEN_FILE', problem);
  return { host, port, token: { kind: 'file', path } as const };
}

function tokenFileProblem(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim().length < shortestToken
      ? `the token in it has fewer than ${shortestToken} characters`
      : undefined;
  } catch (error) {
    return `cannot be read (${messageOf(error)})`;
  }
}

const Version = {
  TEMPORAL_DEPLOYMENT_NAME: z.string().min(1).optional(),
  TEMPORAL_WORKER_BUILD_ID: z.string().min(1).optional(),
};

/** The variables that Temporal's worker controller sets: a worker of a version gets work only once that version is made current, or while runs are moved to it. */
function versionOptions(
  {
    TEMPORAL_DEPLOYMENT_NAME: deploymentName,
    TEMPORAL_WORKER_BUILD_ID: buildId,
  }: Partial<Record<keyof typeof Version, string | undefined>>,
  refuse: (variable: string, why: string) => void,
) {
  if (deploymentName !== undefined && buildId !== undefined) return { deploymentName, buildId };
  if (deploymentName !== undefined) refuse('TEMPORAL_WORKER_BUILD_ID', 'has to be set with TEMPORAL_DEPLOYMENT_NAME');
  if (buildId !== undefined) refuse('TEMPORAL_DEPLOYMENT_NAME', 'has to be set with TEMPORAL_WORKER_BUILD_ID');
  return undefined;
}

/** Of `127.0.0.1:9443`, `[::1]:9443` or `:9443`, as Go programs write it. */
function hostAndPort(address: string): { readonly host: string; readonly port: number } {
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(address.slice(colon + 1)) };
}

const Webhook = {
  LYNQ_WEBHOOK_BIND_ADDRESS: z
    .string()
    .regex(/^(\[[0-9a-f:]+\]|[0-9.]*):[0-9]+$/, 'an address and a port, such as :9443')
    .optional(),
  LYNQ_WEBHOOK_NAME: z.string().min(1).default('lynqflow'),
  LYNQ_WEBHOOK_SERVICE: z.string().min(1).default('lynqflow-webhook'),
  LYNQ_WEBHOOK_CLIENT_CA_FILE: z.string().min(1).optional(),
};

/** Where the webhook is served; undefined for not at all. */
function webhookOptions(env: z.infer<z.ZodObject<typeof Webhook>>) {
  const address = env.LYNQ_WEBHOOK_BIND_ADDRESS;
  if (address === undefined) return undefined;
  return {
    ...hostAndPort(address),
    name: env.LYNQ_WEBHOOK_NAME,
    service: env.LYNQ_WEBHOOK_SERVICE,
    callerAuthority: env.LYNQ_WEBHOOK_CLIENT_CA_FILE,
  };
}

/** What the worker takes from its environment. Temporal's own variables are read by @temporalio/envconfig, as the temporal CLI does. */
export const WorkerConfig = z
  .object({
    KUBECONFIG: z.string().min(1).optional(),
    KUBERNETES_SERVICE_HOST: z.string().optional(),
    LYNQ_TASK_QUEUE: z
      .string()
      .regex(/^[^'"\\]+$/, 'a name without quotes and backslashes')
      .default(defaultTaskQueue),
    LYNQ_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
    LYNQ_CACHED_WORKFLOWS: z.coerce.number().int().min(10).default(500),
    LYNQ_ACTIVITY_SLOTS: z.coerce.number().int().min(2).default(1_000),
    LYNQ_KUBERNETES_CONNECTIONS: z.coerce.number().int().min(1).default(24),
    LYNQ_SCOPE_POLICY: Scope,
    LYNQ_TAKE_OVER_CLUSTER: z.string().min(1).optional(),
    LYNQ_IMPERSONATE: z
      .string()
      .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, 'the name of a ServiceAccount, without a namespace')
      .max(253)
      .optional(),
    ...Webhook,
    LYNQ_RELIST_SECONDS: z.coerce.number().int().min(5).default(latestLooks.relistSeconds),
    LYNQ_STATEMENT_SECONDS: z.coerce.number().int().min(1).max(780).default(600),
    LYNQ_STUCK_SECONDS: z.coerce.number().int().min(1).default(300),
    LYNQ_SHUTDOWN_SECONDS: z.coerce.number().int().min(1).default(20),
    LYNQ_TEMPORAL_API_KEY_FILE: z.string().min(1).optional(),
    ...Notify,
    ...Version,
    LYNQ_METRICS_BIND_ADDRESS: Address.prefault('0'),
    LYNQ_METRICS_SECURE: Switch.prefault('true'),
    LYNQ_METRICS_CERT_PATH: z.string().min(1).optional(),
    LYNQ_METRICS_CERT_NAME: z.string().min(1).default('tls.crt'),
    LYNQ_METRICS_CERT_KEY: z.string().min(1).default('tls.key'),
    LYNQ_METRICS_NODES: Switch.prefault('true'),
    LYNQ_HEALTH_PROBE_BIND_ADDRESS: Address.optional(),
    LYNQ_CODEC_KEYS: z.string().min(1).optional(),
    LYNQ_CODEC_KEY: z.string().min(1).optional(),
  })
  .transform((env, context) => ({
    kubeconfig: env.KUBECONFIG,
    inCluster: env.KUBECONFIG === undefined && env.KUBERNETES_SERVICE_HOST !== undefined,
    taskQueue: env.LYNQ_TASK_QUEUE,
    logLevel: env.LYNQ_LOG_LEVEL,
    cachedWorkflows: env.LYNQ_CACHED_WORKFLOWS,
    activitySlots: env.LYNQ_ACTIVITY_SLOTS,
    kubernetesConnections: env.LYNQ_KUBERNETES_CONNECTIONS,
    scopePolicy: env.LYNQ_SCOPE_POLICY,
    /** Id of the cluster whose place this one takes, whose Temporal namespace it may have. */
    takenOver: env.LYNQ_TAKE_OVER_CLUSTER,
    impersonate: env.LYNQ_IMPERSONATE,
    webhook: webhookOptions(env),
    relistSeconds: env.LYNQ_RELIST_SECONDS,
    /** Of one statement of a read, on the server; less than a sync may take in all. */
    statementSeconds: env.LYNQ_STATEMENT_SECONDS,
    stuckSeconds: env.LYNQ_STUCK_SECONDS,
    shutdownSeconds: env.LYNQ_SHUTDOWN_SECONDS,
    /** A file, for what is mounted is renewed in a pod that runs, and a variable is not. */
    apiKeyFile: env.LYNQ_TEMPORAL_API_KEY_FILE,
    /** Where hints are taken over HTTP; undefined for not at all. */
    notify: notifyOptions(env, (variable, message) => context.addIssue({ code: 'custom', path: [variable], message })),
    /** Of Temporal's worker versioning; undefined for workers without a version. */
    version: versionOptions(env, (variable, message) =>
      context.addIssue({ code: 'custom', path: [variable], message }),
    ),
    metrics: {
      address: env.LYNQ_METRICS_BIND_ADDRESS,
      secure: env.LYNQ_METRICS_SECURE,
      certificate:
        env.LYNQ_METRICS_CERT_PATH === undefined
          ? undefined
          : { path: env.LYNQ_METRICS_CERT_PATH, name: env.LYNQ_METRICS_CERT_NAME, key: env.LYNQ_METRICS_CERT_KEY },
      perNode: env.LYNQ_METRICS_NODES,
    },
    probes: { address: env.LYNQ_HEALTH_PROBE_BIND_ADDRESS ?? probesOf(env) },
    codec: env.LYNQ_CODEC_KEYS === undefined ? undefined : { folder: env.LYNQ_CODEC_KEYS, current: env.LYNQ_CODEC_KEY },
  }));
export type WorkerConfig = z.infer<typeof WorkerConfig>;

/** Reads the configuration; a variable that cannot be used is named with what is expected. */
export function readConfig(env: Readonly<Record<string, string | undefined>>): WorkerConfig {
  const parsed = WorkerConfig.safeParse(env);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new Error(`the worker's environment cannot be used: ${problems.join('; ')}`);
}
