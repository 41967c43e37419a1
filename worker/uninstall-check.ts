import { setTimeout as pause } from 'node:timers/promises';
import { type JsonObject, listAt, textAt } from '../domain/api/json.ts';
import { isLynqFailure } from '../domain/failures.ts';
import { installationId } from '../domain/identity.ts';
import { annotations, apiVersion, finalizers } from '../domain/keys.ts';
import { hubOf } from '../domain/node-edits.ts';
import type { Cluster } from '../domain/ports.ts';
import { readConfig } from './config.ts';
import { temporalNamespace } from './temporal.ts';
import { type Holders, openHolders } from './uninstall-holders.ts';
import { openKubernetes } from './wiring.ts';

/**
 * What `helm uninstall` asks first: without a worker nobody finishes the LynqNodes that are there, and with their definitions gone the API server
 * deletes them while their objects stay. A LynqHub with the worker's finalizer cannot be deleted without it, nor can its namespace or its definition.
 * Ends with 1 while this installation holds any, or one that is gone does: the worker would have taken that over. The Go operator has the same
 * finalizers, and other installations the same annotations: what they hold while they are alive is named and holds nothing up, for who deletes it on
 * our advice loses their environments.
 */

const named = 5;
const noHooks = 'helm uninstall --no-hooks';

/** What stands in the way of an uninstall, and what is someone else's. */
export interface UninstallVerdict {
  /** Why nothing may be uninstalled yet. */
  readonly obstacle?: string;
  /** What another operator holds, which an uninstall leaves alone. */
  readonly foreign?: string;
}

/** Whose something is: this installation's, nobody's who is alive, or another operator's. */
type Side = 'ours' | 'left' | 'foreign';

type Judge = (object: JsonObject) => Promise<Side>;

/** Judges by all hubs and nodes of the cluster; where the kinds are not known nothing stands in the way. */
export async function judgeUninstall(
  cluster: Pick<Cluster, 'list'>,
  installation: string,
  holders: Holders,
): Promise<UninstallVerdict> {
  const hubs = await listed(cluster, 'LynqHub');
  const waiting = hubs.filter(
    (hub) => !isReleased(hub) && listAt(hub, 'metadata', 'finalizers').includes(finalizers.hub),
  );
  const nodes = (await listed(cluster, 'LynqNode')).filter((node) => !isReleased(node));
  const judgeHub = hubJudge(nodes, installation, holders);
  const [hubsOf, nodesOf] = await Promise.all([
    bySide(waiting, judgeHub),
    bySide(nodes, nodeJudge(hubs, judgeHub, holders)),
  ]);
  const [needed, left, others] = (['ours', 'left', 'foreign'] as const).map((side) =>
    described(nodesOf(side), hubsOf(side)),
  ) as [string, string, string];
  const obstacles = [obstacleOf(needed, left + others !== ''), leftOf(left)].filter((text) => text !== '');
  return {
    ...(obstacles.length === 0 ? {} : { obstacle: obstacles.join('\n') }),
    ...(others === '' ? {} : { foreign: `${others}: held by another operator; nothing to do` }),
  };
}

function obstacleOf(needed: string, withOthers: boolean): string {
  if (needed === '') return '';
  const advice = withOthers
    ? 'delete these hubs, no others, and wait until they and their nodes are gone'
    : 'delete the hubs and wait until hubs and nodes are gone (lynq uninstall does both)';
  return `the worker is still needed by ${needed}: ${advice}, or leave everything as it is: ${noHooks}`;
}

/** Whose they are to be only people know: a Go operator may be stopped for a while. */
function leftOf(left: string): string {
  if (left === '') return '';
  return (
    `${left}: what held them is gone and this worker, once it runs, takes them over: delete these hubs then and wait until they and their nodes are ` +
    `gone, or leave everything as it is, for this worker or for the operator that is to have them: ${noHooks}`
  );
}

async function bySide(objects: readonly JsonObject[], judge: Judge): Promise<(side: Side) => readonly JsonObject[]> {
  const judged = await Promise.all(objects.map(async (object) => ({ object, side: await judge(object) })));
  return (wanted) => judged.filter(({ side }) => side === wanted).map(({ object }) => object);
}

const isReleased = (object: JsonObject): boolean =>
  textAt(object, 'metadata', 'annotations', annotations.released) !== undefined;

/** Only a sync of ours writes a revision; the Go operator does not know it. */
const isWrittenByUs = (node: JsonObject): boolean => textAt(node, 'spec', 'formRevision') !== undefined;

const keyOf = (object: JsonObject, name: string | undefined): string =>
  `${textAt(object, 'metadata', 'namespace') ?? ''}/${name ?? ''}`;

/** A hub is its holder's while that is alive. Of one that the Go operator is at work on the annotation may be from an earlier time. */
function hubJudge(nodes: readonly JsonObject[], installation: string, holders: Holders): Judge {
  const marked = new Set(nodes.filter(isWrittenByUs).map((node) => keyOf(node, hubOf(node))));
  return async (hub) => {
    const holder = textAt(hub, 'metadata', 'annotations', annotations.controllerId);
    const other = listAt(hub, 'status', 'conditions').find((item) => textAt(item, 'type') === 'OtherOperator');
    if (textAt(other, 'status') === 'True' && (await holders.peer())) return 'foreign';
    if (holder === installation) return 'ours';
    if (holder !== undefined) return foreignIf(await holders.installation(holder));
    return marked.has(keyOf(hub, textAt(hub, 'metadata', 'name'))) ? 'ours' : foreignIf(await holders.peer());
  };
}

const foreignIf = (isAlive: boolean): Side => (isAlive ? 'foreign' : 'left');

/** A node is its hub's holder's. Where that is gone or released only what a sync of ours wrote tells; what is made after a release is not taken over. */
function nodeJudge(hubs: readonly JsonObject[], judgeHub: Judge, holders: Holders): Judge {
  const byName = new Map(hubs.map((hub) => [keyOf(hub, textAt(hub, 'metadata', 'name')), hub]));
  return async (node) => {
    const hub = byName.get(keyOf(node, hubOf(node)));
    if (hub === undefined) return isWrittenByUs(node) ? 'ours' : foreignIf(await holders.peer());
    return isReleased(hub) && !isWrittenByUs(node) ? 'foreign' : judgeHub(hub);
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
      openHolders(opened.cluster, { clock: opened.clock, pause }),
    );
  } finally {
    await opened.close();
  }
}
