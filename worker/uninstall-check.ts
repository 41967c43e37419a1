import { type JsonObject, listAt, textAt } from '../domain/api/json.ts';
import { isLynqFailure } from '../domain/failures.ts';
import { annotations, apiVersion, finalizers } from '../domain/keys.ts';
import type { Cluster } from '../domain/ports.ts';
import { readConfig } from './config.ts';
import { openKubernetes } from './wiring.ts';

/**
 * What `helm uninstall` asks first: without a worker nobody finishes the LynqNodes that are there, and with their definitions gone the API server
 * deletes them while their objects stay. A LynqHub with the worker's finalizer cannot be deleted without it, nor can its namespace or its definition.
 * Ends with 1 while there are any; those that are released are the Go operator's, which has the same finalizers.
 */

const named = 5;

/** Why nothing may be uninstalled yet; undefined when there is no LynqNode and no LynqHub of the worker, or the kinds are not known at all. */
export async function uninstallObstacle(cluster: Pick<Cluster, 'list'>): Promise<string | undefined> {
  const nodes = (await listed(cluster, 'LynqNode')).filter(isOurs);
  const hubs = (await listed(cluster, 'LynqHub')).filter(
    (hub) => isOurs(hub) && listAt(hub, 'metadata', 'finalizers').includes(finalizers.hub),
  );
  const waiting = [...described('LynqNode', nodes), ...described('LynqHub', hubs)];
  if (waiting.length === 0) return undefined;
  return (
    `the worker is still needed by ${waiting.join(' and ')}: delete the hubs and wait until hubs and nodes are gone ` +
    '(lynq uninstall does both), or leave everything as it is: helm uninstall --no-hooks'
  );
}

const isOurs = (object: JsonObject): boolean =>
  textAt(object, 'metadata', 'annotations', annotations.released) === undefined;

async function listed(cluster: Pick<Cluster, 'list'>, kind: string): Promise<readonly JsonObject[]> {
  return cluster.list({ apiVersion, kind }, {}).catch((error: unknown) => {
    if (isLynqFailure(error) && error.detail['reason'] === 'MissingKind') return [];
    throw error;
  });
}

/** How many there are, and the names of some; nothing of none. */
function described(kind: string, objects: readonly JsonObject[]): readonly string[] {
  if (objects.length === 0) return [];
  const names = objects
    .slice(0, named)
    .map((object) => `${textAt(object, 'metadata', 'namespace') ?? ''}/${textAt(object, 'metadata', 'name') ?? ''}`);
  const rest = objects.length > named ? ` and ${objects.length - named} more` : '';
  return [`${objects.length} ${kind}${objects.length === 1 ? '' : 's'} (${names.join(', ')}${rest})`];
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Resolves with the exit code: 0 when an uninstall may go on, 1 when not or when that cannot be told; stderr says why. */
export async function checkUninstall(env: Environment): Promise<number> {
  const obstacle = await obstacleIn(env).catch(
    (error: unknown) =>
      `it cannot be told whether there are LynqNodes or LynqHubs: ${error instanceof Error ? error.message : String(error)}\n` +
      '  nothing is uninstalled; try again, or leave everything as it is: helm uninstall --no-hooks',
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
