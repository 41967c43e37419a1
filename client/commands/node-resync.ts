import { textAt } from '../../domain/api/json.ts';
import { labelValue } from '../../domain/identity.ts';
import { labels } from '../../domain/keys.ts';
import type { Cluster } from '../../domain/ports.ts';
import { defineCommand } from '../command.ts';
import type { Context } from '../context.ts';
import type { Engine } from '../engine.ts';
import { CommandError } from '../errors.ts';
import { exitCodes } from '../exit-codes.ts';
import { requestSync } from '../hub-sync.ts';
import { kinds, refOf } from '../kinds.ts';

/** Signals under way at once: enough to be quick with thousands of nodes, few enough for any server. */
const parallelSignals = 20;

export const resync = defineCommand({
  name: 'resync',
  summary: 'Act on a hub, a node or a row now',
  description:
    'A hub is synced at once and its nodes are checked; a node, or all nodes of a row, are checked at once. ' +
    'A name that could mean several is written hub/NAME, node/NAME or uid/UID.',
  args: [{ name: 'target', kind: 'required', completes: 'targets', summary: 'hub, node, or uid of a row' }],
  flags: {},
  examples: [
    { command: 'lynq resync acme-corp', summary: 'all nodes of the row acme-corp' },
    { command: 'lynq resync hub/multi-tier-nodes', summary: 'read the table now and check every node' },
  ],
  async run({ args }, context) {
    const namespace = await context.namespace();
    const cluster = await context.services.cluster();
    const target = await findTarget(cluster, namespace, args.target);
    const engine = await context.services.engine();
    const synced = target.kind === 'hub' ? await requestSync(context, engine, { namespace, hub: target.name }) : true;
    const signalled = await resyncNodes(context, engine, { namespace, nodes: target.nodes });
    return synced && signalled ? exitCodes.ok : exitCodes.failed;
  },
});

interface Target {
  readonly kind: 'hub' | 'node' | 'uid';
  readonly name: string;
  readonly nodes: readonly string[];
}

async function findTarget(cluster: Cluster, namespace: string, text: string): Promise<Target> {
  const [prefix, rest] = text.includes('/') ? (text.split('/', 2) as [string, string]) : [undefined, text];
  if (prefix !== undefined && !['hub', 'node', 'uid'].includes(prefix)) {
    throw new CommandError(`"${text}" is no target`, { fix: 'write hub/NAME, node/NAME or uid/UID' });
  }
  const wanted = (kind: string): boolean => prefix === undefined || prefix === kind;
  const [hub, node, uid] = await Promise.all([
    wanted('hub') ? findHub(cluster, namespace, rest) : undefined,
    wanted('node') ? findNode(cluster, namespace, rest) : undefined,
    wanted('uid') ? findUid(cluster, namespace, rest) : undefined,
  ]);
  const found = [hub, node, uid].filter((target) => target !== undefined);
  const [first, second] = found;
  if (first === undefined) {
    throw new CommandError(`no hub, node or row "${rest}" in namespace "${namespace}"`, {
      fix: `see what is there: lynq get nodes -n ${namespace}`,
    });
  }
  if (second !== undefined) {
    const spellings = found.map(({ kind, name }) => `${kind}/${name}`).join(' or ');
    throw new CommandError(`"${text}" could mean ${spellings}`, { fix: 'write one of these' });
  }
  return first;
}

async function findHub(cluster: Cluster, namespace: string, name: string): Promise<Target | undefined> {
  if ((await cluster.get(refOf(kinds.hub, namespace, name))) === undefined) return undefined;
  return { kind: 'hub', name, nodes: await nodesWith(cluster, namespace, `${labels.hub}=${labelValue(name)}`) };
}

async function findNode(cluster: Cluster, namespace: string, name: string): Promise<Target | undefined> {
  const node = await cluster.get(refOf(kinds.node, namespace, name));
  return node === undefined ? undefined : { kind: 'node', name, nodes: [name] };
}

async function findUid(cluster: Cluster, namespace: string, uid: string): Promise<Target | undefined> {
  if (!/^[A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?$/.test(uid)) return undefined;
  const nodes = await nodesWith(cluster, namespace, `${labels.uid}=${uid}`);
  return nodes.length === 0 ? undefined : { kind: 'uid', name: uid, nodes };
}

async function nodesWith(cluster: Cluster, namespace: string, labelSelector: string): Promise<readonly string[]> {
  const nodes = await cluster.list(kinds.node, { namespace, labelSelector });
  return nodes.map((node) => textAt(node, 'metadata', 'name') ?? '');
}

async function resyncNodes(
  context: Context,
  engine: Engine,
  { namespace, nodes }: { readonly namespace: string; readonly nodes: readonly string[] },
): Promise<boolean> {
  const queue = [...nodes];
  const absent: string[] = [];
  const work = async (): Promise<void> => {
    for (let node = queue.shift(); node !== undefined; node = queue.shift()) {
      const result = await engine.resyncNode(namespace, node);
      if (result.kind === 'sent') context.out.write(`${kinds.node.resource}/${node} resync requested\n`);
      else absent.push(node);
    }
  };
  await Promise.all(Array.from({ length: Math.min(parallelSignals, nodes.length) }, work));
  if (absent.length === 0) return true;
  context.err.write(
    `Error: no running workflow for ${absent.map((node) => `LynqNode ${namespace}/${node}`).join(', ')}\n` +
      '  The next sync of the hub starts it; check that the worker is running.\n',
  );
  return false;
}
