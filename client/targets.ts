import type { JsonObject } from '../domain/api/json.ts';
import { at, numberAt, textAt } from '../domain/api/json.ts';
import { labelValue } from '../domain/identity.ts';
import { labels } from '../domain/keys.ts';
import type { Cluster } from '../domain/ports.ts';
import { CommandError } from './errors.ts';
import { conditionOf, kinds, prefixesOf, readTarget, refOf, requireKind } from './kinds.ts';

/** What `resync` may be told: a hub, a node, the uid of a row, or everything of the namespace. */
export interface Target {
  readonly kind: 'hub' | 'node' | 'uid' | 'all';
  readonly name: string;
  readonly nodes: readonly JsonObject[];
}

/** @throws CommandError when nothing has the name, or several things. */
export async function findTarget(cluster: Cluster, namespace: string, text: string | undefined): Promise<Target> {
  if (text === undefined) return { kind: 'all', name: namespace, nodes: await cluster.list(kinds.node, { namespace }) };
  const { asked, name } = readTarget(text, askable, 'write hub/NAME, node/NAME or uid/UID');
  const wanted = (kind: AskedKind): boolean => asked === undefined || asked === kind;
  const [hub, node, uid] = await Promise.all([
    wanted('hub') ? findHub(cluster, namespace, name) : undefined,
    wanted('node') ? findNode(cluster, namespace, name) : undefined,
    wanted('uid') ? findUid(cluster, namespace, name) : undefined,
  ]);
  const found = [hub, node, uid].filter((target) => target !== undefined);
  const [first, second] = found;
  if (first === undefined) {
    await requireKind(cluster, kinds.node);
    throw new CommandError(`no hub, node or row "${name}" in namespace "${namespace}"`, {
      fix: `see what is there: lynq get nodes -n ${namespace}`,
    });
  }
  if (second !== undefined) {
    const spellings = found.map(({ kind }) => `${kind}/${name}`).join(' or ');
    throw new CommandError(`"${text}" could mean ${spellings}`, { fix: 'write one of these' });
  }
  return first;
}

type AskedKind = 'hub' | 'node' | 'uid';

const askable: readonly (readonly [AskedKind, readonly string[]])[] = [
  ['hub', prefixesOf(kinds.hub)],
  ['node', prefixesOf(kinds.node)],
  ['uid', ['uid']],
];

async function findHub(cluster: Cluster, namespace: string, name: string): Promise<Target | undefined> {
  if ((await cluster.get(refOf(kinds.hub, namespace, name))) === undefined) return undefined;
  return { kind: 'hub', name, nodes: await nodesOfHub(cluster, namespace, name) };
}

export function nodesOfHub(cluster: Cluster, namespace: string, hub: string): Promise<readonly JsonObject[]> {
  return nodesWith(cluster, namespace, `${labels.hub}=${labelValue(hub)}`);
}

async function findNode(cluster: Cluster, namespace: string, name: string): Promise<Target | undefined> {
  const node = await cluster.get(refOf(kinds.node, namespace, name));
  return node === undefined ? undefined : { kind: 'node', name, nodes: [node] };
}

async function findUid(cluster: Cluster, namespace: string, uid: string): Promise<Target | undefined> {
  const nodes = await nodesOfRow(cluster, namespace, uid);
  return nodes.length === 0 ? undefined : { kind: 'uid', name: uid, nodes };
}

/** LynqNodes of a row; none of a uid that no row with nodes can have, which could not be asked for. */
export async function nodesOfRow(cluster: Cluster, namespace: string, uid: string): Promise<readonly JsonObject[]> {
  if (!/^[A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?$/.test(uid)) return [];
  return nodesWith(cluster, namespace, `${labels.uid}=${uid}`);
}

function nodesWith(cluster: Cluster, namespace: string, labelSelector: string): Promise<readonly JsonObject[]> {
  return cluster.list(kinds.node, { namespace, labelSelector });
}

export function nameOf(node: JsonObject): string {
  return textAt(node, 'metadata', 'name') ?? '';
}

/** Something of the node failed, or it cannot be worked on at all: not one that is merely on its way. */
export function hasFailed(node: JsonObject): boolean {
  const ready = conditionOf(node, 'Ready');
  if (textAt(ready, 'status') !== 'False') return false;
  const moving = textAt(conditionOf(node, 'Progressing'), 'status') === 'True';
  return (numberAt(node, 'status', 'failedResources') ?? 0) > 0 || !moving;
}

/** It is being deleted. */
export function isLeaving(node: JsonObject | undefined): boolean {
  return textAt(node, 'metadata', 'deletionTimestamp') !== undefined;
}

export function isPaused(node: JsonObject): boolean {
  return at(node, 'spec', 'paused') === true;
}

export function isReady(node: JsonObject | undefined): boolean {
  return node !== undefined && textAt(conditionOf(node, 'Ready'), 'status') === 'True';
}
