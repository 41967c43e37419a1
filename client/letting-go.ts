import { at, type JsonObject, textAt } from '../domain/api/json.ts';
import { labelValue } from '../domain/identity.ts';
import { annotations, finalizers, labels } from '../domain/keys.ts';
import type { Cluster, WriteResult } from '../domain/ports.ts';
import type { Context } from './context.ts';
import { endedBy } from './endings.ts';
import type { Engine } from './engine.ts';
import { CommandError, describeError } from './errors.ts';
import { kinds, type LynqKind, refOf } from './kinds.ts';
import { counted } from './output/problems.ts';
import { type Look, type WaitLimit, waitUntil } from './wait.ts';

/** The manager of `lynq apply`. */
const manager = 'lynq-cli';

const parallelWrites = 16;

/**
 * A hub that was synced has a schedule. Without one this is the wrong Temporal, or nobody has made it yet.
 *
 * @throws CommandError then, before anything is changed.
 */
export async function requireSchedules(engine: Engine, hubs: readonly JsonObject[]): Promise<void> {
  for (const hub of hubs.filter(wasSynced)) {
    const { namespace, name } = placeOf(hub);
    if ((await engine.hubSchedule(namespace, name)) !== undefined) continue;
    throw new CommandError(
      `LynqHub ${namespace}/${name} has no schedule in Temporal at ${engine.address}: it cannot be told whether a sync of it makes nodes; nothing was changed`,
      { fix: 'check --address and --temporal-namespace, and that the worker is running' },
    );
  }
}

/** What was begun is taken back by then. */
const goOn = 'check that the worker is running and run the command again, with a longer --wait-timeout';

export interface LettingGoParts {
  readonly context: Context;
  readonly cluster: Cluster;
  readonly engine: Engine;
  readonly hubs: readonly JsonObject[];
  /** Somebody has pressed Ctrl-C, or wants the process to end. */
  readonly interrupted: AbortSignal;
}

/**
 * `uninstall --keep-objects`: no hub makes a node any more, and every node is told to let go of its objects before any is deleted. A node that is not
 * told deletes them, and one that stays told leaves them behind at any later removal: so none is missed, and what comes to nothing is taken back.
 */
export class LettingGo {
  private readonly parts: LettingGoParts;
  /** As they were before, by uid; kept before the write is sent, whose answer may be lost. */
  private readonly paused = new Map<string, JsonObject>();
  private readonly told = new Map<string, JsonObject>();

  constructor(parts: LettingGoParts) {
    this.parts = parts;
  }

  /** Resolves when no sync is under way and a complete list that was read after that shows no node that was not told. */
  async letGo(limit: WaitLimit): Promise<void> {
    const { context, hubs } = this.parts;
    for (const hub of hubs) await this.pause(hub);
    const look = async (): Promise<Look<true>> => {
      const syncing = await this.syncing();
      const open = (await this.nodes()).filter((node) => abandonOf(node) !== uidOf(node));
      await inParallel(open, (node) => this.tell(node));
      if (syncing.length > 0) return { kind: 'notYet', text: `a sync of ${syncing.join(', ')} is still under way` };
      if (open.length > 0) return { kind: 'notYet', text: `${counted(this.told.size, 'node')} told` };
      return { kind: 'done', value: true };
    };
    await waitUntil(context, { what: 'all nodes to be told to keep what they made', look, fix: goOn, ...limit });
    context.err.write(`${counted(this.told.size, 'node') || 'no node'} told to keep what it made\n`);
  }

  /** @throws CommandError after Ctrl-C, SIGTERM or SIGHUP. */
  demandGoingOn(): void {
    if (this.parts.interrupted.aborted) throw endedBy(this.parts.interrupted);
  }

  /**
   * After a failure pauses and marks of this run go again, but for those of hubs that are being deleted by now. Nodes come first: a hub that goes on may
   * remove some. What cannot be taken back is named, with the commands that do it.
   */
  async takeBack(): Promise<void> {
    const { context } = this.parts;
    if (this.paused.size + this.told.size === 0) return;
    try {
      const leaving = await this.leavingHubs();
      const nodes = (await this.nodes()).filter((node) => this.told.has(uidOf(node)) && !isLeaving(node));
      const staying = nodes.filter((node) => !leaving.has(hubKeyOf(node)));
      await inParallel(staying, (node) => this.untell(node));
      const hubs = [...this.paused.values()].filter((hub) => !leaving.has(keyOf(hub)));
      for (const hub of hubs) await this.unpause(hub);
      if (staying.length + hubs.length > 0) context.err.write('what this run had paused and marked was taken back\n');
    } catch (error) {
      const { text } = describeError(error, false);
      context.err.write(`${text}${howToTakeBack([...this.paused.values()], [...this.told.values()])}`);
    }
  }

  private async pause(hub: JsonObject): Promise<void> {
    this.demandGoingOn();
    if (at(hub, 'spec', 'paused') === true) return;
    this.paused.set(uidOf(hub), hub);
    const result = await this.write(kinds.hub, hub, { spec: { paused: true } });
    if (result.kind !== 'ok') this.paused.delete(uidOf(hub));
    if (result.kind !== 'missing') demandWritten(kinds.hub, hub, result);
  }

  private async unpause(hub: JsonObject): Promise<void> {
    const result = await this.write(kinds.hub, hub, { spec: { paused: at(hub, 'spec', 'paused') ?? null } });
    if (result.kind === 'refused') demandWritten(kinds.hub, hub, result);
    this.paused.delete(uidOf(hub));
  }

  /** One that has gone meanwhile is not in the next list. */
  private async tell(node: JsonObject): Promise<void> {
    this.demandGoingOn();
    this.told.set(uidOf(node), node);
    const result = await this.write(kinds.node, node, abandoning(uidOf(node)));
    if (result.kind !== 'ok') this.told.delete(uidOf(node));
    if (result.kind !== 'missing' && result.kind !== 'stale') demandWritten(kinds.node, node, result);
  }

  private async untell(node: JsonObject): Promise<void> {
    const before = this.told.get(uidOf(node));
    const result = await this.write(kinds.node, node, abandoning(abandonOf(before) ?? null));
    if (result.kind === 'refused') demandWritten(kinds.node, node, result);
    this.told.delete(uidOf(node));
  }

  private write(kind: LynqKind, object: JsonObject, change: JsonObject): Promise<WriteResult> {
    const { namespace, name } = placeOf(object);
    const metadata = { ...(change['metadata'] as JsonObject | undefined), uid: uidOf(object) };
    return this.parts.cluster.patch(refOf(kind, namespace, name), 'merge', { ...change, metadata }, { manager });
  }

  /** Names of the hubs of which Temporal knows a sync under way, or does not know whether there is one. */
  private async syncing(): Promise<readonly string[]> {
    const names: string[] = [];
    await inParallel(this.parts.hubs, async (hub) => {
      const { namespace, name } = placeOf(hub);
      const schedule = await this.parts.engine.hubSchedule(namespace, name);
      if (schedule === undefined ? wasSynced(hub) : schedule.running) names.push(`${namespace}/${name}`);
    });
    return names.toSorted();
  }

  private nodes(): Promise<readonly JsonObject[]> {
    return this.parts.cluster.list(kinds.node, this.scope());
  }

  private async leavingHubs(): Promise<ReadonlySet<string>> {
    const found = await this.parts.cluster.list(kinds.hub, this.scope());
    const staying = new Set(found.filter((hub) => !isLeaving(hub)).map(uidOf));
    return new Set(this.parts.hubs.filter((hub) => !staying.has(uidOf(hub))).map(keyOf));
  }

  private scope(): { readonly namespace?: string } {
    const { namespace } = this.parts.context.options;
    return namespace === undefined ? {} : { namespace };
  }
}

/** The finalizer comes before the first read of the table. */
const wasSynced = (hub: JsonObject): boolean =>
  ((at(hub, 'metadata', 'finalizers') ?? []) as readonly unknown[]).includes(finalizers.hub);

const placeOf = (object: JsonObject): { readonly namespace: string; readonly name: string } => ({
  namespace: textAt(object, 'metadata', 'namespace') ?? '',
  name: textAt(object, 'metadata', 'name') ?? '',
});

const uidOf = (object: JsonObject): string => textAt(object, 'metadata', 'uid') ?? '';

const isLeaving = (object: JsonObject): boolean => textAt(object, 'metadata', 'deletionTimestamp') !== undefined;

/** A hub as the label of its nodes names it. */
function keyOf(hub: JsonObject): string {
  const { namespace, name } = placeOf(hub);
  return `${namespace}/${labelValue(name)}`;
}

const hubLabelOf = (node: JsonObject): string => textAt(node, 'metadata', 'labels', labels.hub) ?? '';

const hubKeyOf = (node: JsonObject): string => `${placeOf(node).namespace}/${hubLabelOf(node)}`;

const abandonOf = (node: JsonObject | undefined): string | undefined =>
  textAt(node, 'metadata', 'annotations', annotations.abandon);

const abandoning = (uid: string | null): JsonObject => ({ metadata: { annotations: { [annotations.abandon]: uid } } });

/** @throws CommandError when an object could not be written. */
function demandWritten(kind: LynqKind, object: JsonObject, result: WriteResult): void {
  if (result.kind === 'ok') return;
  const { namespace, name } = placeOf(object);
  const why = result.kind === 'refused' ? result.message : 'it changed just now';
  throw new CommandError(`${kind.kind} ${namespace}/${name} could not be written: ${why}`, {
    fix: 'run the command again',
  });
}

function howToTakeBack(hubs: readonly JsonObject[], nodes: readonly JsonObject[]): string {
  const places = nodes.map((node) => `${placeOf(node).namespace} -l ${labels.hub}=${hubLabelOf(node)}`);
  const commands = [
    ...[...new Set(places)].map((place) => `kubectl annotate lynqnodes -n ${place} ${annotations.abandon}-`),
    ...hubs.map(placeOf).map(({ namespace, name }) => `lynq resume hub/${name} -n ${namespace}`),
  ];
  return (
    'Not everything that this run has paused and marked could be taken back, and a node that is marked leaves its objects behind whenever it is removed.\n' +
    `Run the command again to go on, or take back what is left:\n${commands.map((command) => `  ${command}\n`).join('')}`
  );
}

/** The first failure rejects when all that is under way has ended. */
async function inParallel(objects: readonly JsonObject[], work: (object: JsonObject) => Promise<void>): Promise<void> {
  const queue = [...objects];
  const runner = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      await work(next).catch((error: unknown) => {
        queue.length = 0;
        throw error;
      });
    }
  };
  const runs = await Promise.allSettled(Array.from({ length: Math.min(parallelWrites, objects.length) }, runner));
  const failed = runs.find((run) => run.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
