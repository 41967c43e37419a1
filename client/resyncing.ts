import { at, type JsonObject } from '../domain/api/json.ts';
import { hubOf } from '../domain/node-edits.ts';
import type { Cluster } from '../domain/ports.ts';
import type { Context } from './context.ts';
import type { Engine } from './engine.ts';
import { CommandError, describeError } from './errors.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { hindered, type HubName, requestSync, standstillOf, syncsNow, waitForSync } from './hub-sync.ts';
import { kinds, refOf, releasedAt } from './kinds.ts';
import { inParallel, type Passes, passesNow, waitForPasses } from './node-wait.ts';
import { ownEngine } from './own-engine.ts';
import { findTarget, hasFailed, isLeaving, isReady, nameOf, nodesOfHub, type Target } from './targets.ts';

export interface ResyncFlags {
  readonly 'all-failed': boolean;
  readonly force: boolean;
  readonly wait: boolean;
  readonly 'wait-timeout': string;
}

interface Plan {
  readonly namespace: string;
  readonly names: readonly string[];
  /** The nodes of which everything is written once more. */
  readonly forced: ReadonlySet<string>;
  /** What there is to say of nodes that would do nothing; only where nodes were asked for. */
  readonly hindrances: readonly CommandError[];
}

/** @param text What is meant; undefined for the failed nodes of the namespace. */
export async function runResync(context: Context, text: string | undefined, flags: ResyncFlags): Promise<ExitCode> {
  const namespace = await context.namespace();
  const cluster = await context.services.cluster();
  const target = await findTarget(cluster, namespace, text);
  const nodes = flags['all-failed'] ? target.nodes.filter(hasFailed) : target.nodes;
  if (flags['all-failed'] && nodes.length === 0) {
    context.out.write('no node has failed\n');
    return exitCodes.ok;
  }
  const isHub = target.kind === 'hub' && !flags['all-failed'];
  const hindrance = isHub ? await unreadOf(cluster, { namespace, hub: target.name }, flags.wait) : undefined;
  const engine = await ownEngine(context);
  const plan = {
    namespace,
    names: nodes.map(nameOf),
    forced: forcedOf({ ...target, nodes }, flags.force),
    hindrances: hindrancesOf(namespace, nodes),
  };
  if (!isHub) return resyncNodes(context, engine, plan, flags);
  const hubPlan = { ...plan, hub: target.name };
  if (hindrance !== undefined) {
    context.err.write(describeError(hindrance, false).text);
    await tellNodes(context, engine, hubPlan);
    return exitCodes.failed;
  }
  return flags.wait ? resyncHubAndWait(context, engine, hubPlan, flags) : resyncHub(context, engine, hubPlan);
}

/**
 * Why no sync of a hub would read its table; undefined where one does, or has a removal to go on with. The nodes of a paused hub go on, those of a released
 * one do not.
 *
 * @throws CommandError where nothing would come of a resync.
 */
async function unreadOf(cluster: Cluster, name: HubName, isAwaited: boolean): Promise<CommandError | undefined> {
  const hub = await cluster.get(refOf(kinds.hub, name.namespace, name.hub));
  const standstill = isLeaving(hub) ? undefined : standstillOf(hub, name);
  if (standstill === undefined) return undefined;
  const hindrance = hindered(name, standstill);
  if (isAwaited || hub === undefined || releasedAt(hub) !== undefined) throw hindrance;
  return hindrance;
}

function forcedOf({ kind, nodes }: Target, force: boolean): ReadonlySet<string> {
  const forced = kind === 'hub' && !force ? nodes.filter((node) => !isReady(node)) : nodes;
  return new Set(forced.map(nameOf));
}

async function resyncNodes(context: Context, engine: Engine, plan: Plan, flags: ResyncFlags): Promise<ExitCode> {
  const { namespace, names } = plan;
  const before: Passes = flags.wait ? await passesNow(engine, namespace, names) : new Map();
  if (!(await tellNodes(context, engine, plan))) return exitCodes.failed;
  for (const hindrance of plan.hindrances) context.err.write(describeError(hindrance, false).text);
  if (flags.wait) await waitForPasses(context, { engine, namespace, before, timeout: flags['wait-timeout'] });
  return plan.hindrances.length === 0 ? exitCodes.ok : exitCodes.failed;
}

/** Their runs take the message and leave everything as it is. */
function hindrancesOf(namespace: string, nodes: readonly JsonObject[]): readonly CommandError[] {
  const released = nodes.filter((node) => releasedAt(node) !== undefined);
  const paused = nodes.filter((node) => at(node, 'spec', 'paused') === true && !released.includes(node));
  const named = (some: readonly JsonObject[]): string =>
    some.map((node) => `LynqNode ${namespace}/${nameOf(node)}`).join(', ');
  const adopt = `take it up again: lynq adopt ${hubOf(released[0] ?? {})} -n ${namespace}`;
  const resume = `let it go on: lynq resume node/${nameOf(paused[0] ?? {})} -n ${namespace}`;
  return [
    ...(released.length === 0
      ? []
      : [
          new CommandError(`nothing is written, it is released to another operator: ${named(released)}`, {
            fix: adopt,
          }),
        ]),
    ...(paused.length === 0
      ? []
      : [new CommandError(`nothing is written, it is paused: ${named(paused)}`, { fix: resume })]),
  ];
}

interface HubPlan extends Plan {
  readonly hub: string;
}

async function resyncHub(context: Context, engine: Engine, plan: HubPlan): Promise<ExitCode> {
  const synced = await requestSync(context, engine, plan);
  const told = await tellNodes(context, engine, plan);
  return synced && told ? exitCodes.ok : exitCodes.failed;
}

/** The sync comes first: a node told before it may look, find nothing new and be at rest, and then be changed by the sync. */
async function resyncHubAndWait(
  context: Context,
  engine: Engine,
  plan: HubPlan,
  flags: ResyncFlags,
): Promise<ExitCode> {
  const { namespace, hub } = plan;
  const limit = { since: context.clock.now(), timeout: flags['wait-timeout'] };
  const syncs = await syncsNow(engine, plan);
  if (!(await requestSync(context, engine, plan))) return exitCodes.failed;
  await waitForSync(context, engine, { namespace, hub, before: syncs, ...limit });
  const nodes = await nodesOfHub(await context.services.cluster(), namespace, hub);
  const asked = new Set(plan.names);
  // A node that the sync has just made looks at everything by itself, and one that leaves has nothing to compare.
  const names = nodes.filter((node) => asked.has(nameOf(node)) && !isLeaving(node)).map(nameOf);
  const passes = await passesNow(engine, namespace, names);
  if (!(await tellNodes(context, engine, { ...plan, names }))) return exitCodes.failed;
  const before = new Map(nodes.map((node) => [nameOf(node), passes.get(nameOf(node)) ?? 0]));
  await waitForPasses(context, { engine, namespace, before, ...limit });
  return exitCodes.ok;
}

async function tellNodes(context: Context, engine: Engine, { namespace, names, forced }: Plan): Promise<boolean> {
  const absent: string[] = [];
  await inParallel(names, async (node) => {
    const write = forced.has(node);
    const result = await (write ? engine.resyncNode(namespace, node) : engine.wakeNode(namespace, node));
    if (result.kind === 'absent') absent.push(node);
    else context.out.write(`${kinds.node.resource}/${node} ${write ? 'resync' : 'comparison'} requested\n`);
  });
  if (absent.length === 0) return true;
  context.err.write(
    `Error: no running workflow for ${absent.map((node) => `LynqNode ${namespace}/${node}`).join(', ')}\n` +
      '  The next sync of the hub starts it; check that the worker is running.\n',
  );
  return false;
}
