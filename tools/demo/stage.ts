import { setTimeout as sleep } from 'node:timers/promises';
import { type JsonObject, listAt, numberAt, textAt } from '../../domain/api/json.ts';
import { apiVersion, labels } from '../../domain/keys.ts';
import type { Database } from './database.ts';
import { ToolError } from './failure.ts';
import type { Session } from './session.ts';
import { counted, seconds } from './text.ts';
import { stopped, workerLogTail, type WorkerProcess } from './worker-process.ts';

export const namespace = 'lynq-system';
export const hubName = 'multi-tier-nodes';
export const customer = 'acme-corp';
export const customerNamespace = `node-${customer}`;
export const forms = ['data-tier', 'api-tier', 'web-tier', 'worker-tier'] as const;

/** Everything the story plays with. */
export interface Stage extends Session {
  readonly database: Database;
  readonly worker: WorkerProcess;
}

/** One look at something that is waited for. */
export type Look<T> =
  | { readonly kind: 'there'; readonly value: T }
  | { readonly kind: 'notYet'; readonly detail: string };

export const deadlineMs = 120_000;
const pauseMs = 200;

/** Looks every 200 ms until it is there. Gives up when the worker ends or after two minutes, and then says how the nodes are. */
export async function waitFor<T>(stage: Stage, what: string, look: () => Promise<Look<T>>): Promise<T> {
  const startedAt = performance.now();
  for (;;) {
    stage.signal.throwIfAborted();
    const how = stage.worker.ended();
    if (how !== undefined) throw stopped(stage.worker, how);
    const seen = await look();
    if (seen.kind === 'there') return seen.value;
    const elapsed = performance.now() - startedAt;
    if (elapsed > deadlineMs) throw await tooLate(stage, what, seen.detail);
    stage.printer.waiting(`${what}: ${seen.detail} (${seconds(elapsed)})`);
    await sleep(pauseMs);
  }
}

async function tooLate(stage: Stage, what: string, detail: string): Promise<ToolError> {
  const nodes = await stage.opened.cluster.list(nodeKind, { namespace });
  return new ToolError(`${what}: not within ${deadlineMs / 1000} s, ${detail}`, {
    details: [...nodes.flatMap(nodeReport), ...workerLogTail(stage.worker.logFile)],
    fix: 'read the conditions and the log above; on a very busy machine start again',
  });
}

export const nodeKind = { apiVersion, kind: 'LynqNode' };

/** Conditions of a LynqNode and its resources that are not ready, one line each. */
export function nodeReport(node: JsonObject): readonly string[] {
  const name = `LynqNode ${textAt(node, 'metadata', 'name') ?? ''}`;
  const conditions = listAt(node, 'status', 'conditions').map(
    (item) =>
      `${name}: ${textAt(item, 'type') ?? ''}=${textAt(item, 'status') ?? ''} ${textAt(item, 'reason') ?? ''}: ${textAt(item, 'message') ?? ''}`,
  );
  const resources = listAt(node, 'status', 'resources')
    .filter((item) => textAt(item, 'state') !== 'Ready')
    .map((item) => {
      const why = [textAt(item, 'reason'), textAt(item, 'message')].filter((text) => text !== undefined);
      return `${name}: ${textAt(item, 'id') ?? ''} is ${textAt(item, 'state') ?? ''} ${why.join(': ')}`.trimEnd();
    });
  if (conditions.length === 0) return [`${name}: no status yet`];
  return [...conditions, ...resources];
}

/** A LynqNode as the story needs it. */
export interface NodeView {
  readonly form: string;
  readonly ready: boolean;
  readonly readyResources: number;
  readonly desiredResources: number;
}

/** Ready counts only for the generation the status is about. */
export function nodeView(node: JsonObject): NodeView {
  const condition = listAt(node, 'status', 'conditions').find((item) => textAt(item, 'type') === 'Ready');
  const current = numberAt(node, 'status', 'observedGeneration') === numberAt(node, 'metadata', 'generation');
  return {
    form: textAt(node, 'spec', 'templateRef') ?? '',
    ready: current && textAt(condition, 'status') === 'True',
    readyResources: numberAt(node, 'status', 'readyResources') ?? 0,
    desiredResources: numberAt(node, 'status', 'desiredResources') ?? 0,
  };
}

export async function customerNodes(stage: Stage): Promise<readonly NodeView[]> {
  const labelSelector = `${labels.uid}=${customer}`;
  return (await stage.opened.cluster.list(nodeKind, { namespace, labelSelector })).map(nodeView);
}

/** Waits until the customer's four LynqNodes are Ready, and prints each as it gets there. */
export async function untilAllReady(stage: Stage, since: number): Promise<void> {
  const told = new Set<string>();
  await waitFor(stage, `the ${forms.length} LynqNodes of ${customer} become Ready`, async () => {
    const nodes = await customerNodes(stage);
    for (const { form, readyResources, desiredResources } of nodes.filter(({ ready }) => ready)) {
      if (told.has(form)) continue;
      told.add(form);
      const after = seconds(Date.now() - since);
      stage.printer.line(
        `${customer}-${form} is Ready, ${readyResources}/${desiredResources}, ${after} after the commit`,
      );
    }
    if (nodes.length === forms.length && nodes.every(({ ready }) => ready)) return { kind: 'there', value: undefined };
    const parts = nodes.map((node) => `${node.form} ${node.readyResources}/${node.desiredResources}`);
    return { kind: 'notYet', detail: parts.length === 0 ? 'waiting for the next sync' : parts.join(', ') };
  });
}

export async function untilAllGone(stage: Stage): Promise<void> {
  await waitFor(stage, `the LynqNodes of ${customer} are removed`, async () => {
    const { length } = await customerNodes(stage);
    return length === 0
      ? { kind: 'there', value: undefined }
      : { kind: 'notYet', detail: counted(length, 'LynqNode') + ' left' };
  });
}

/** Waits until a Deployment of the customer wants and has so many replicas. */
export async function untilReplicas(stage: Stage, tier: string, replicas: number): Promise<void> {
  const name = `${customer}-${tier}`;
  const ref = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: customerNamespace, name };
  await waitFor(stage, `Deployment ${name} has ${replicas} replicas`, async () => {
    const deployment = await stage.opened.cluster.get(ref);
    const wanted = numberAt(deployment, 'spec', 'replicas') ?? 0;
    const available = numberAt(deployment, 'status', 'availableReplicas') ?? 0;
    if (wanted === replicas && available === replicas) return { kind: 'there', value: undefined };
    return { kind: 'notYet', detail: `wants ${wanted}, available ${available}` };
  });
}

/** Waits for the end of the next sync, seen as the hub's status write, and returns its moment. */
export async function untilSynced(stage: Stage): Promise<number> {
  const mark = stage.audit.mark();
  return waitFor(stage, 'the next sync ends', async () => {
    const write = stage.audit.since(mark).findLast(({ resource }) => resource === 'lynqhubs/status');
    return write === undefined ? { kind: 'notYet', detail: 'it runs every 5 s' } : { kind: 'there', value: write.at };
  });
}

/** Waits until the worker has written nothing but the hub's status for a second. */
export async function untilQuiet(stage: Stage, mark: number): Promise<void> {
  await waitFor(stage, 'the last writes come to an end', async () => {
    const writes = stage.audit.since(mark).filter(({ resource }) => resource !== 'lynqhubs/status');
    const last = writes.at(-1)?.at ?? 0;
    return Date.now() - last > 1_000
      ? { kind: 'there', value: undefined }
      : { kind: 'notYet', detail: counted(writes.length, 'write') + ' so far' };
  });
}

/** Runs a statement and shows it as a person types it. */
export async function sql(stage: Stage, statement: string): Promise<number> {
  const at = await stage.database.run(statement);
  stage.printer.line(`mysql> ${statement};`);
  return at;
}
