import type { JsonObject } from '../domain/api/json.ts';
import { numberAt, textAt } from '../domain/api/json.ts';
import type { Context } from './context.ts';
import type { Engine, NodeRunState } from './engine.ts';
import { CommandError } from './errors.ts';
import { conditionOf, kinds, refOf } from './kinds.ts';
import { hasFailed, isLeaving, isPaused, isReady } from './targets.ts';
import { type Look, type WaitLimit, waitUntil } from './wait.ts';

/** Waits for node runs to act on a message and come to rest Ready. */

/** Looks under way at once. */
const parallelLooks = 20;

/** Passes a run had begun when the message was sent, by node. */
export type Passes = ReadonlyMap<string, number>;

/** To be asked before the message is sent: what a run did before does not count. */
export async function passesNow(engine: Engine, namespace: string, nodes: readonly string[]): Promise<Passes> {
  const passes = new Map<string, number>();
  await inParallel(nodes, async (node) => {
    const run = await engine.nodeRun(namespace, node);
    passes.set(node, run?.view?.passes ?? 0);
  });
  return passes;
}

export interface Awaited extends WaitLimit {
  readonly engine: Engine;
  readonly namespace: string;
  readonly before: Passes;
}

/**
 * Resolves when each node has made a pass since, has nothing under way, and is Ready; one that is being deleted has to be gone.
 *
 * @throws CommandError at once when a node has come to rest, or is paused, and is not Ready (code 1), or when the time is over (code 4).
 */
export async function waitForPasses(context: Context, { engine, namespace, before, ...limit }: Awaited): Promise<void> {
  const open = new Set(before.keys());
  const total = open.size;
  const look = async (): Promise<Look<undefined>> => {
    const cluster = await context.services.cluster();
    let last = '';
    await inParallel([...open], async (node) => {
      const run = await engine.nodeRun(namespace, node);
      const object = await cluster.get(refOf(kinds.node, namespace, node));
      const resting = isResting(run, before.get(node) ?? 0) && !isLeaving(object);
      if (object === undefined || (resting && isReady(object))) open.delete(node);
      else if (resting && isPaused(object)) throw paused(namespace, node);
      else if (resting && hasFailed(object)) throw failure(namespace, node, object);
      else last = `${node} ${countsOf(object)}`;
    });
    if (open.size === 0) return { kind: 'done', value: undefined };
    const text = total === 1 ? last : `${total - open.size}/${total} nodes done, waiting for ${last}`;
    return { kind: 'notYet', text };
  };
  await waitUntil(context, {
    what: total === 1 ? 'the node to be Ready' : `${total} nodes to be Ready`,
    look,
    ...limit,
  });
}

/** It has made a pass since, and nothing is under way. */
function isResting(run: NodeRunState | undefined, before: number): boolean {
  return (run?.view?.passes ?? 0) > before && run?.busy !== true;
}

export function countsOf(node: JsonObject): string {
  const count = (field: string): number => numberAt(node, 'status', field) ?? 0;
  return `${count('readyResources')}/${count('desiredResources')} resources ready`;
}

/** Its pass does nothing and says nothing: what its status says is of the time before. */
function paused(namespace: string, node: string): CommandError {
  return new CommandError(`LynqNode ${namespace}/${node} is paused and not Ready`, {
    fix: `let it go on: lynq resume node/${node} -n ${namespace}`,
  });
}

export function failure(namespace: string, node: string, object: JsonObject): CommandError {
  const ready = conditionOf(object, 'Ready');
  return new CommandError(`LynqNode ${namespace}/${node} is not Ready: ${textAt(ready, 'message') ?? ''}`, {
    fix: `see why: lynq explain ${node} -n ${namespace}`,
  });
}

/** Does the same with many names, some at a time. */
export async function inParallel(names: readonly string[], work: (name: string) => Promise<void>): Promise<void> {
  const queue = [...names];
  const worker = async (): Promise<void> => {
    for (let name = queue.shift(); name !== undefined; name = queue.shift()) await work(name);
  };
  await Promise.all(Array.from({ length: Math.min(parallelLooks, names.length) }, worker));
}
