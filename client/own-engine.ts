import { isLynqFailure } from '../domain/failures.ts';
import { clusterId } from './cluster-id.ts';
import type { Context } from './context.ts';
import { withDeadline } from './deadline.ts';
import type { Engine, NamespaceMark } from './engine.ts';
import { CommandError } from './errors.ts';
import { exitCodes } from './exit-codes.ts';

/**
 * Runs are named after namespaces and nodes, which another cluster has, too: a message must not reach its nodes (decisions.md section 6). The worker has
 * marked the Temporal namespace with the id of its cluster, the uid of kube-system, which is compared with that of the context.
 *
 * @throws CommandError when they differ, or when no kubeconfig has the context that was named.
 */
export async function ownEngine(context: Context, atMostMilliseconds?: number): Promise<Engine> {
  await requireContext(context);
  const reading = readCluster(context);
  const engine = await context.services.engine(atMostMilliseconds);
  const mark = await engine.namespaceMark();
  if (mark.cluster === undefined) return engine;
  const own = await reading;
  if (mark.cluster === own.id) return engine;
  if (own.id !== undefined) throw refusal(context, engine, mark, own.id);
  if (own.isDecisive) throw own.failure;
  const why = own.failure instanceof Error ? own.failure.message : 'it has no namespace kube-system';
  context.err.write(
    `note: that Temporal namespace "${mark.namespace}" is of this cluster was taken as given, which could not be told: ${why}\n`,
  );
  return engine;
}

/** The same for who can do without: what the cluster says is not kept back for long by a Temporal that is away. */
export const engineBeside = (context: Context): Promise<Engine> => ownEngine(context, longestMilliseconds);

async function requireContext({ options, services }: Context): Promise<void> {
  if (options.context === undefined) return;
  const names = await services.contextNames();
  if (names.includes(options.context)) return;
  throw new CommandError(`no kubeconfig has a context "${options.context}"`, {
    exitCode: exitCodes.unreachable,
    fix: names.length === 0 ? 'check --kubeconfig and KUBECONFIG' : `there is: ${names.join(', ')}`,
  });
}

interface ClusterId {
  readonly id?: string | undefined;
  readonly failure?: unknown;
  /** Somebody has named the cluster, and it cannot be reached: what is sent may go anywhere. */
  readonly isDecisive: boolean;
}

/** What is only compared, or shown beside something else, is not waited for long. */
const longestMilliseconds = 5_000;

/** Never rejects: it is begun before it is known whether it is needed. */
async function readCluster({ options, services }: Context): Promise<ClusterId> {
  try {
    const milliseconds = Math.min(options.timeoutMilliseconds, longestMilliseconds);
    const cluster = withDeadline(await services.cluster(), milliseconds, 'of the context');
    return { id: await clusterId(cluster), isDecisive: false };
  } catch (failure) {
    const isNamed = options.context !== undefined || options.kubeconfig !== undefined;
    const isForbidden = isLynqFailure(failure) && failure.type === 'ClusterForbidden';
    return { failure, isDecisive: isNamed && !isForbidden };
  }
}

function refusal({ options }: Context, engine: Engine, mark: NamespaceMark, own: string): CommandError {
  const named = options.context === undefined ? 'the context' : `context "${options.context}"`;
  return new CommandError(
    `Temporal namespace "${mark.namespace}" at ${engine.address} is of cluster ${mark.cluster}, and ${named} is cluster ${own}`,
    {
      fix: 'name the Temporal of this cluster (--address, --temporal-namespace, --profile), or the cluster of that one (--context)',
    },
  );
}
