import { textAt } from '../domain/api/json.ts';
import { isLynqFailure } from '../domain/failures.ts';
import { apiVersion } from '../domain/keys.ts';
import type { Cluster } from '../domain/ports.ts';
import { readConfig } from './config.ts';
import { openKubernetes } from './wiring.ts';

/**
 * What `helm uninstall` asks first: without a worker nobody finishes the LynqNodes that are there, and with their definitions gone the API server
 * deletes them while their objects stay. Ends with 1 while there are any.
 */

const named = 5;

/** Why nothing may be uninstalled yet; undefined when there is no LynqNode, or the kind is not known at all. */
export async function uninstallObstacle(cluster: Pick<Cluster, 'list'>): Promise<string | undefined> {
  const nodes = await cluster.list({ apiVersion, kind: 'LynqNode' }, {}).catch((error: unknown) => {
    if (isLynqFailure(error) && error.detail['reason'] === 'MissingKind') return [];
    throw error;
  });
  if (nodes.length === 0) return undefined;
  const names = nodes
    .slice(0, named)
    .map((node) => `${textAt(node, 'metadata', 'namespace') ?? ''}/${textAt(node, 'metadata', 'name') ?? ''}`);
  const rest = nodes.length > named ? ` and ${nodes.length - named} more` : '';
  return (
    `there are ${nodes.length} LynqNodes (${names.join(', ')}${rest}); delete their hubs and wait until the nodes are gone, ` +
    'or leave everything as it is: helm uninstall --no-hooks'
  );
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Resolves with the exit code: 0 when an uninstall may go on, 1 when not or when that cannot be told; stderr says why. */
export async function checkUninstall(env: Environment): Promise<number> {
  const obstacle = await obstacleIn(env).catch(
    (error: unknown) =>
      `it cannot be told whether there are LynqNodes: ${error instanceof Error ? error.message : String(error)}\n` +
      '  nothing is uninstalled; try again, or leave the nodes as they are: helm uninstall --no-hooks',
  );
  if (obstacle === undefined) return 0;
  process.stderr.write(`Error: ${obstacle}\n`);
  return 1;
}

async function obstacleIn(env: Environment): Promise<string | undefined> {
  const quiet = () => undefined;
  const opened = await openKubernetes(readConfig(env), { info: quiet, warn: quiet, error: quiet });
  try {
    return await uninstallObstacle(opened.cluster);
  } finally {
    await opened.close();
  }
}
