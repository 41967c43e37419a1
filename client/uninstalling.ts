import { listAt, textAt, type JsonObject } from '../domain/api/json.ts';
import type { Cluster } from '../domain/ports.ts';
import { confirm } from './confirm.ts';
import type { Context } from './context.ts';
import type { Engine } from './engine.ts';
import { CommandError } from './errors.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { requireOurs } from './hub-holding.ts';
import { kinds, type LynqKind, refOf } from './kinds.ts';
import { LettingGo, requireSchedules } from './letting-go.ts';
import { counted } from './output/problems.ts';
import { ownEngine } from './own-engine.ts';
import { type Look, type WaitLimit, waitUntil } from './wait.ts';

export interface UninstallFlags {
  readonly 'keep-objects': boolean;
  readonly 'wait-timeout': string;
  readonly yes: boolean;
}

/** Takes hubs away first, then forms, then what no hub owned. */
export async function runUninstall(context: Context, flags: UninstallFlags): Promise<ExitCode> {
  const cluster = await context.services.cluster();
  const found = await readAll(cluster, context.options.namespace);
  if (found.hubs.length + found.forms.length + found.nodes.length === 0) {
    context.out.write('there is no hub, no form and no node\n');
    return exitCodes.ok;
  }
  requireOurs(found.hubs);
  const keep = flags['keep-objects'];
  const engine = keep ? await ownEngine(context) : undefined;
  if (engine !== undefined) await requireSchedules(engine, found.hubs);
  context.err.write(summary(found, keep));
  const kept = keep ? 'Their objects stay.' : 'Their objects go, but for those that are retained.';
  await confirm(context, flags, `Remove ${totals(found)}? ${kept}`);
  const limit = { timeout: flags['wait-timeout'], since: context.clock.now() };
  if (engine === undefined) await removeAll({ context, cluster, found, limit });
  else await keepObjects({ context, cluster, found, limit }, engine);
  context.out.write(`${totals(found)} removed\n`);
  context.err.write(rest);
  return exitCodes.ok;
}

interface Removal {
  readonly context: Context;
  readonly cluster: Cluster;
  readonly found: Found;
  readonly limit: WaitLimit;
  /** Throws where somebody wants it to end. */
  readonly demandGoingOn?: () => void;
}

async function removeAll(removal: Removal): Promise<void> {
  const { context, cluster, found } = removal;
  await removeKind(removal, kinds.hub, found.hubs);
  await untilGone(removal, found.forms.length === 0 ? {} : { fix: formsAreLeft });
  await removeKind(removal, kinds.form, found.forms);
  await removeKind(removal, kinds.node, await cluster.list(kinds.node, scopeOf(context)));
  await untilGone(removal);
}

/** Hubs and nodes go by themselves later, forms do not. */
const formsAreLeft =
  'the forms are still there: check that the worker is running and run the command again, with a longer --wait-timeout';

/** Ctrl-C, SIGTERM and SIGHUP end it as any failure does: hubs and nodes that are not being deleted yet are as before. */
async function keepObjects(removal: Removal, engine: Engine): Promise<void> {
  const { context, cluster, found, limit } = removal;
  await context.heedInterrupt(async (interrupted) => {
    let isDeleting = false;
    const letting = new LettingGo({ context, cluster, engine, hubs: found.hubs, interrupted });
    try {
      await letting.letGo(limit);
      isDeleting = true;
      await removeAll({ ...removal, demandGoingOn: () => letting.demandGoingOn() });
    } catch (error) {
      if (!isDeleting) context.err.write('nothing was deleted\n');
      await letting.takeBack();
      throw error;
    }
  });
}

const rest =
  'What is left: the worker (helm uninstall, or delete its manifests), the definitions\n' +
  '(kubectl delete crd lynqhubs.operator.lynq.sh lynqforms.operator.lynq.sh lynqnodes.operator.lynq.sh),\n' +
  'and Secrets HUB-lynq-key, from which the passwords of objects that stay follow.\n';

interface Found {
  readonly hubs: readonly JsonObject[];
  readonly forms: readonly JsonObject[];
  readonly nodes: readonly JsonObject[];
}

const scopeOf = ({ options }: Context): { readonly namespace?: string } =>
  options.namespace === undefined ? {} : { namespace: options.namespace };

async function readAll(cluster: Cluster, namespace: string | undefined): Promise<Found> {
  const options = namespace === undefined ? {} : { namespace };
  const [hubs, forms, nodes] = await Promise.all([
    cluster.list(kinds.hub, options),
    cluster.list(kinds.form, options),
    cluster.list(kinds.node, options),
  ]);
  return { hubs, forms, nodes };
}

function totals({ hubs, forms, nodes }: Found): string {
  const parts = [counted(hubs.length, 'hub'), counted(forms.length, 'form'), counted(nodes.length, 'node')];
  return parts.filter((text) => text !== '').join(', ');
}

const titleOf = (object: JsonObject): string =>
  `${textAt(object, 'metadata', 'namespace') ?? ''}/${textAt(object, 'metadata', 'name') ?? ''}`;

/** What would go and what would stay, by the record of each node. */
function summary({ hubs, forms, nodes }: Found, keep: boolean): string {
  const entries = nodes.flatMap((node) => listAt(node, 'status', 'inventory'));
  const going = keep ? 0 : entries.filter((entry) => textAt(entry, 'policy') === 'Delete').length;
  const lines = [
    ...hubs.map((hub) => `- LynqHub ${titleOf(hub)}`),
    ...forms.map((form) => `- LynqForm ${titleOf(form)}`),
    `- ${counted(nodes.length, 'LynqNode') || 'no LynqNode'}`,
    `- ${counted(going, 'object') || 'no object'} made for rows`,
    `  ${staying(entries.length - going)}`,
  ];
  return lines.map((line) => `${line}\n`).join('');
}

const staying = (count: number): string =>
  count === 0 ? 'none stays' : `${counted(count, 'object')} ${count === 1 ? 'stays' : 'stay'}, with orphan markers`;

async function removeKind(
  { context, cluster, demandGoingOn }: Removal,
  kind: LynqKind,
  objects: readonly JsonObject[],
): Promise<void> {
  for (const object of objects) {
    demandGoingOn?.();
    const [namespace = '', name = ''] = [textAt(object, 'metadata', 'namespace'), textAt(object, 'metadata', 'name')];
    const result = await cluster.delete(refOf(kind, namespace, name), textAt(object, 'metadata', 'uid') ?? '');
    if (result.kind === 'refused') throw new CommandError(`${kind.kind} ${namespace}/${name}: ${result.message}`);
    if (result.kind === 'otherUid') {
      throw new CommandError(`${kind.kind} ${namespace}/${name} was made anew just now and was left alone`, {
        fix: 'look at it and run the command again',
      });
    }
    if (kind.noun !== 'node') context.out.write(`${kind.resource}/${name} deleted\n`);
  }
}

/** Hubs keep their finalizer until their nodes are gone, nodes until their objects are dealt with. */
async function untilGone(
  { context, cluster, limit, demandGoingOn }: Removal,
  told: { readonly fix?: string } = {},
): Promise<void> {
  const leaving = (object: JsonObject): boolean => textAt(object, 'metadata', 'deletionTimestamp') !== undefined;
  const look = async (): Promise<Look<true>> => {
    demandGoingOn?.();
    const { hubs, nodes } = await readAll(cluster, context.options.namespace);
    const [hub, node] = [hubs.filter(leaving).length, nodes.filter(leaving).length];
    if (hub + node === 0) return { kind: 'done', value: true };
    return {
      kind: 'notYet',
      text: `${counted(hub, 'hub') || 'no hub'} and ${counted(node, 'node') || 'no node'} still there`,
    };
  };
  await waitUntil(context, { what: 'hubs and nodes to be gone', look, ...limit, ...told });
}
