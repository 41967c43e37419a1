import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { delimiter } from 'node:path';
import type { OpenedCluster } from '../adapters/kubernetes/index.ts';
import type { Logger, Tables } from '../domain/ports.ts';
import type { CodecRequest, GlobalOptions, ServedCodec, Services } from './context.ts';
import { limitedTo, withDeadline } from './deadline.ts';
import type { Engine } from './engine.ts';
import { CommandError } from './errors.ts';
import { exitCodes } from './exit-codes.ts';
import type { OpenedPlanner } from './plan-wiring.ts';
import { kubeconfigPaths, readContextNames, readContextNamespace, type Environment } from './kube-namespace.ts';

/** Where Kubernetes puts the account of a pod. */
const podAccount = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
 * The only place of the CLI that knows adapters. Connections are opened when a command first asks for one.
 *
 * @param account Folder with the account of the pod that this runs in, if it does.
 */
export function wireServices(options: GlobalOptions, environment: Environment, account = podAccount): Services {
  const pod = (): string | undefined => (isInPod(options, environment, account) ? account : undefined);
  let cluster: Promise<OpenedCluster> | undefined;
  let engine: Promise<Engine> | undefined;
  let planner: Promise<OpenedPlanner> | undefined;
  const opened = (): Promise<OpenedCluster> => (cluster ??= open(options, environment, pod() !== undefined));
  const tables = async (): Promise<Tables> => {
    const { tables: all, server } = await opened();
    const limited = limitedTo(options.timeoutMilliseconds, server);
    return { read: (kind, where) => limited((signal) => all.read(kind, { ...where, signal })) };
  };
  return {
    async cluster() {
      const { quotingCluster, server } = await opened();
      return withDeadline(quotingCluster, options.timeoutMilliseconds, server);
    },
    tables,
    quickTables: () => quickTables(options, environment, tables),
    async kinds() {
      const { kinds, server } = await opened();
      return { served: () => limitedTo(options.timeoutMilliseconds, server)(() => kinds.served()) };
    },
    reflector: async () => (await opened()).reflector,
    contextNamespace: () => contextNamespace(options, environment, pod()),
    contextNames: () => readContextNames(kubeconfigPaths(options.kubeconfig, environment), readText),
    engine(atMostMilliseconds = Number.POSITIVE_INFINITY) {
      const timeoutMilliseconds = Math.min(options.timeoutMilliseconds, atMostMilliseconds);
      engine ??= wireEngine({ ...options, timeoutMilliseconds }, environment);
      return engine;
    },
    async planner() {
      planner ??= wirePlanner(await opened(), options, environment);
      return (await planner).planner;
    },
    serveCodec: (request) => serveCodec(request, environment),
    close: () => closeAll([planner, cluster, engine]),
  };
}

/** What could not be opened needs no closing. */
async function closeAll(connections: readonly (Promise<{ close(): Promise<void> }> | undefined)[]): Promise<void> {
  await Promise.allSettled(connections.map(async (connection) => (await connection)?.close()));
}

async function wireEngine(options: GlobalOptions, environment: Environment): Promise<Engine> {
  const { openEngine } = await import('./temporal-engine.ts');
  const { payloadCodec } = await import('./codec-wiring.ts');
  return openEngine(options, environment, [payloadCodec(environment)]);
}

async function serveCodec(request: CodecRequest, environment: Environment): Promise<ServedCodec | undefined> {
  if ((environment['LYNQ_CODEC_KEYS'] ?? '') === '') return undefined;
  return (await import('./codec-wiring.ts')).serve(request, environment);
}

/** A command prints what matters; the adapter's own remarks are for the worker's log. */
const silent: Logger = { info: () => undefined, warn: () => undefined, error: () => undefined };

async function wirePlanner(
  opened: OpenedCluster,
  { timeoutMilliseconds }: GlobalOptions,
  environment: Environment,
): Promise<OpenedPlanner> {
  const { openPlanner } = await import('./plan-wiring.ts');
  // Not the quoting one: what a plan tries has values of rows in it.
  const cluster = withDeadline(opened.cluster, timeoutMilliseconds, opened.server);
  return openPlanner({ opened, cluster, environment, logger: silent });
}

/** Whatever goes wrong with the light way, the other may know better, and says it better. */
async function quickTables(
  options: GlobalOptions,
  environment: Environment,
  others: () => Promise<Tables>,
): Promise<Tables> {
  const plain = await plainTables(options, environment);
  if (plain === undefined) return others();
  const limited = limitedTo(options.timeoutMilliseconds, 'of the context');
  return {
    read: (kind, where) =>
      limited((signal) =>
        plain.read(kind, { ...where, signal }).catch(async (error: unknown) => {
          if (signal.aborted) throw error;
          return (await others()).read(kind, where);
        }),
      ),
  };
}

async function plainTables(options: GlobalOptions, environment: Environment): Promise<Tables | undefined> {
  const { openPlainTables } = await import('../adapters/kubernetes/plain-tables.ts');
  const present = kubeconfigPaths(options.kubeconfig, environment).filter((path) => existsSync(path));
  return present.length === 0 ? undefined : openPlainTables(present.join(delimiter), options.context);
}

async function open(options: GlobalOptions, environment: Environment, inCluster: boolean): Promise<OpenedCluster> {
  const { openCluster } = await import('../adapters/kubernetes/index.ts');
  const { context } = options;
  if (inCluster) return openCluster({ inCluster, logger: silent });
  const paths = kubeconfigPaths(options.kubeconfig, environment);
  const present = paths.filter((path) => existsSync(path));
  if (present.length === 0) throw noKubeconfig(`${paths.join(', ')} does not exist`, context);
  return openCluster({ kubeconfig: present.join(delimiter), context, logger: silent });
}

function noKubeconfig(why: string, context: string | undefined): CommandError {
  const what = context === undefined ? 'no kubeconfig' : `no kubeconfig has a context "${context}"`;
  return new CommandError(`${what}: ${why}`, {
    exitCode: exitCodes.unreachable,
    fix: 'name one with --kubeconfig or KUBECONFIG',
  });
}

/** In a pod without any kubeconfig, its own account is used, as kubectl does; but never for a cluster that was named. */
function isInPod(options: GlobalOptions, environment: Environment, account: string): boolean {
  if (options.kubeconfig !== undefined || options.context !== undefined) return false;
  if (environment['KUBERNETES_SERVICE_HOST'] === undefined) return false;
  const files = kubeconfigPaths(undefined, environment);
  return !files.some((path) => existsSync(path)) && existsSync(`${account}/token`);
}

const readText = (path: string): Promise<string> => readFile(path, 'utf8');

async function contextNamespace(
  options: GlobalOptions,
  environment: Environment,
  account: string | undefined,
): Promise<string | undefined> {
  if (account !== undefined) return (await readText(`${account}/namespace`)).trim();
  return readContextNamespace(kubeconfigPaths(options.kubeconfig, environment), options.context, readText);
}
