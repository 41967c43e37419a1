import { type JsonObject, listAt, textAt } from '../domain/api/json.ts';
import { isLynqFailure } from '../domain/failures.ts';
import { installationId } from '../domain/identity.ts';
import { annotations, apiVersion, finalizers } from '../domain/keys.ts';
import { hubOf } from '../domain/node-edits.ts';
import type { Cluster } from '../domain/ports.ts';
import { readConfig } from './config.ts';
import { temporalNamespace } from './temporal.ts';
import { openKubernetes } from './wiring.ts';

/**
 * What `helm uninstall` asks first: without a worker nobody finishes the LynqNodes that are there, and with their definitions gone the API server
 * deletes them while their objects stay. A LynqHub with the worker's finalizer cannot be deleted without it, nor can its namespace or its definition.
 * Ends with 1 while this installation holds any. The Go operator has the same finalizers, and other installations the same annotations: what they hold
 * is named and holds nothing up, for who deletes it on our advice loses their environments.
 */

const named = 5;

/** What stands in the way of an uninstall, and what is someone else's. */
export interface UninstallVerdict {
  /** Why nothing may be uninstalled yet. */
  readonly obstacle?: string;
  /** What another operator holds, which an uninstall leaves alone. */
  readonly foreign?: string;
}

interface Sides {
  readonly ours: readonly JsonObject[];
  readonly foreign: readonly JsonObject[];
}

/** Judges by all hubs and nodes of the cluster; where the kinds are not known nothing stands in the way. */
export async function judgeUninstall(cluster: Pick<Cluster, 'list'>, installation: string): Promise<UninstallVerdict> {
  const hubs = await listed(cluster, 'LynqHub');
  const waiting = hubs.filter(
    (hub) => !isReleased(hub) && listAt(hub, 'metadata', 'finalizers').includes(finalizers.hub),
  );
  const nodes = (await listed(cluster, 'LynqNode')).filter((node) => !isReleased(node));
  const heldHubs = sides(waiting, (hub) => isHeld(hub, installation));
  const heldNodes = sides(nodes, nodeJudge(hubs, installation));
  const needed = described(heldNodes.ours, heldHubs.ours);
  const others = described(heldNodes.foreign, heldHubs.foreign);
  return {
    ...(needed === '' ? {} : { obstacle: obstacleOf(needed, others !== '') }),
    ...(others === '' ? {} : { foreign: `${others}: held by another operator; nothing to do` }),
  };
}

function obstacleOf(needed: string, withForeign: boolean): string {
  const advice = withForeign
    ? 'delete these hubs, no others, and wait until they and their nodes are gone'
    : 'delete the hubs and wait until hubs and nodes are gone (lynq uninstall does both)';
  return `the worker is still needed by ${needed}: ${advice}, or leave everything as it is: helm uninstall --no-hooks`;
}

const sides = (objects: readonly JsonObject[], isOurs: (object: JsonObject) => boolean): Sides => ({
  ours: objects.filter(isOurs),
  foreign: objects.filter((object) => !isOurs(object)),
});

const isReleased = (object: JsonObject): boolean =>
  textAt(object, 'metadata', 'annotations', annotations.released) !== undefined;

/** Of a hub that the Go operator is at work on the annotation may be from an earlier time. */
function isHeld(hub: JsonObject, installation: string): boolean {
  const other = listAt(hub, 'status', 'conditions').find((item) => textAt(item, 'type') === 'OtherOperator');
  return (
    textAt(hub, 'metadata', 'annotations', annotations.controllerId) === installation &&
    textAt(other, 'status') !== 'True'
  );
}

/** A node is its hub's holder's. Where that is gone or released only what a sync of ours wrote tells: the Go operator writes no revision. */
function nodeJudge(hubs: readonly JsonObject[], installation: string): (node: JsonObject) => boolean {
  const key = (namespace: string | undefined, name: string | undefined): string => `${namespace ?? ''}/${name ?? ''}`;
  const byName = new Map(
    hubs.map((hub) => [key(textAt(hub, 'metadata', 'namespace'), textAt(hub, 'metadata', 'name')), hub]),
  );
  return (node) => {
    const hub = byName.get(key(textAt(node, 'metadata', 'namespace'), hubOf(node)));
    if (hub !== undefined && !isHeld(hub, installation)) return false;
    const isSettled = hub !== undefined && !isReleased(hub);
    return isSettled || textAt(node, 'spec', 'formRevision') !== undefined;
  };
}

async function listed(cluster: Pick<Cluster, 'list'>, kind: string): Promise<readonly JsonObject[]> {
  return cluster.list({ apiVersion, kind }, {}).catch((error: unknown) => {
    if (isLynqFailure(error) && error.detail['reason'] === 'MissingKind') return [];
    throw error;
  });
}

/** How many there are of each, and the names of some; empty for none. */
function described(nodes: readonly JsonObject[], hubs: readonly JsonObject[]): string {
  return [...counted('LynqNode', nodes), ...counted('LynqHub', hubs)].join(' and ');
}

function counted(kind: string, objects: readonly JsonObject[]): readonly string[] {
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
  const { obstacle, foreign } = await judgedBy(env).catch(
    (error: unknown): UninstallVerdict => ({
      obstacle:
        `it cannot be told whether there are LynqNodes or LynqHubs: ${error instanceof Error ? error.message : String(error)}\n` +
        '  nothing is uninstalled; try again, or leave everything as it is: helm uninstall --no-hooks',
    }),
  );
  if (obstacle !== undefined) process.stderr.write(`Error: ${obstacle}\n`);
  if (foreign !== undefined) process.stderr.write(`${foreign}\n`);
  return obstacle === undefined ? 0 : 1;
}

/** The installation is known by the settings it was installed with (docs/operations.md): the chart gives the check those of the worker. */
async function judgedBy(env: Environment): Promise<UninstallVerdict> {
  const quiet = () => undefined;
  const config = readConfig(env);
  const opened = await openKubernetes(config, { info: quiet, warn: quiet, error: quiet });
  const { namespace } = opened;
  try {
    return await judgeUninstall(
      opened.cluster,
      installationId({ namespace, temporalNamespace: temporalNamespace(env), taskQueue: config.taskQueue }),
    );
  } finally {
    await opened.close();
  }
}
