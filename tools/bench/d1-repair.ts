import { setTimeout as sleep } from 'node:timers/promises';
import { at, type JsonObject, listAt, textAt } from '../../domain/api/json.ts';
import { labels } from '../../domain/keys.ts';
import type { ObjectRef, WatchEvent } from '../../domain/ports.ts';
import { ToolError } from '../demo/failure.ts';
import { namespace } from '../demo/stage.ts';
import { seconds } from '../demo/text.ts';
import { workerLogTail, type WorkerProcess } from '../demo/worker-process.ts';
import { type DriftKind, driftKinds } from './d1-kinds.ts';
import { median } from './report.ts';
import type { Bench } from './setup.ts';

const deadlineMs = 60_000;
const pauseMs = 300;
const person = { manager: 'kubectl-edit' };

/** What is done to an object, and whether what was done shows on it. A deleted one is right again when another is there. */
interface Trouble {
  readonly name: string;
  readonly act: (bench: Bench, ref: ObjectRef, kind: DriftKind, before: JsonObject) => Promise<unknown>;
  readonly shows: (object: JsonObject, before: JsonObject, kind: DriftKind) => boolean;
}

const patch = (bench: Bench, ref: ObjectRef, body: JsonObject): Promise<unknown> =>
  bench.session.opened.cluster.patch(ref, 'merge', body, person);

const fieldText = (object: JsonObject, path: readonly string[]): string => JSON.stringify(at(object, ...path) ?? null);

const troubles: readonly Trouble[] = [
  {
    name: 'a field of ours edited',
    act: (bench, ref, { edit }) => patch(bench, ref, edit),
    shows: (object, before, { edited }) => fieldText(object, edited) !== fieldText(before, edited),
  },
  {
    name: 'deleted',
    act: ({ session }, ref, _kind, before) =>
      session.opened.cluster.delete(ref, textAt(before, 'metadata', 'uid') ?? ''),
    shows: (object, before) => textAt(object, 'metadata', 'uid') === textAt(before, 'metadata', 'uid'),
  },
  {
    name: 'tracking label changed',
    act: (bench, ref) => patch(bench, ref, { metadata: { labels: { [labels.node]: 'another' } } }),
    shows: (object) => textAt(object, 'metadata', 'labels', labels.node) === 'another',
  },
  {
    name: 'ownerReference removed',
    act: (bench, ref) => patch(bench, ref, { metadata: { ownerReferences: null } }),
    shows: (object) => listAt(object, 'metadata', 'ownerReferences').length === 0,
  },
];

/** One trouble that was put right. */
export interface Repair {
  readonly trouble: string;
  readonly kind: string;
  readonly ms: number;
}

/** Each trouble on an object of each kind, one after the other; every row has one of them, for who changes one object again and again is in a fight. */
export async function repairAll(bench: Bench, worker: WorkerProcess, customers: readonly string[]): Promise<Repair[]> {
  const { session } = bench;
  const repairs: Repair[] = [];
  for (const [index, uid] of customers.entries()) {
    const trouble = troubles[index % troubles.length];
    if (trouble === undefined) continue;
    for (const kind of driftKinds) {
      const ms = await repairOf(bench, worker, { trouble, kind, uid });
      repairs.push({ trouble: trouble.name, kind: kind.body.kind, ms });
      await sleep(pauseMs, undefined, { signal: session.signal });
    }
    const times = repairs.slice(-driftKinds.length).map(({ ms }) => ms);
    session.printer.line(`${trouble.name}, ${times.length} kinds: median ${seconds(median(times))}`);
  }
  return repairs;
}

interface Case {
  readonly trouble: Trouble;
  readonly kind: DriftKind;
  readonly uid: string;
}

/** From the watch event that shows the trouble to the one that shows it gone, both as a client beside us sees them. Milliseconds. */
async function repairOf(bench: Bench, worker: WorkerProcess, { trouble, kind, uid }: Case): Promise<number> {
  const { opened, signal } = bench.session;
  const ref = { apiVersion: kind.body.apiVersion, kind: kind.body.kind, namespace, name: `${uid}-${kind.id}` };
  const before = await opened.cluster.get(ref);
  if (before === undefined) throw new ToolError(`${ref.kind} ${ref.name} is not there`, { fix: 'start again' });
  const stop = new AbortController();
  const seen = watchTrouble((object) => trouble.shows(object, before, kind), before);
  const options = { namespace, fieldSelector: `metadata.name=${ref.name}` };
  void opened.reflector.run(ref, options, seen.look, AbortSignal.any([stop.signal, signal]));
  try {
    await seen.listed;
    await trouble.act(bench, ref, kind, before);
    const ms = await Promise.race([seen.repaired, sleep(deadlineMs, undefined, { signal, ref: false })]);
    if (ms !== undefined) return ms;
    throw new ToolError(`${ref.kind} ${ref.name}, ${trouble.name}: not right again within ${seconds(deadlineMs)}`, {
      details: workerLogTail(worker.logFile),
      fix: 'look into the logs in the data folder and start again',
    });
  } finally {
    stop.abort();
  }
}

export interface TroubleWatch {
  readonly look: (event: WatchEvent) => void;
  readonly listed: Promise<void>;
  /** Milliseconds between the event that showed the trouble first and the first after it that does not. */
  readonly repaired: Promise<number>;
}

export function watchTrouble(shows: (object: JsonObject) => boolean, before: JsonObject): TroubleWatch {
  const old = versionOf(before);
  const [listed, repaired] = [promiseOf<void>(), promiseOf<number>()];
  let shownAt: number | undefined;
  const look = (event: WatchEvent): void => {
    if (event.kind === 'synced') listed.resolve();
    if (event.kind !== 'set' && event.kind !== 'removed') return;
    // What was listed is not an event; an object that waits for its end counts from its deletionTimestamp.
    const isOld = event.kind === 'set' && versionOf(event.object) === old;
    if (isOld) return;
    if (event.kind === 'removed' || shows(event.object)) shownAt ??= performance.now();
    else if (shownAt !== undefined) repaired.resolve(performance.now() - shownAt);
  };
  return { look, listed: listed.promise, repaired: repaired.promise };
}

const versionOf = (object: JsonObject): string | undefined => textAt(object, 'metadata', 'resourceVersion');

function promiseOf<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let settle: (value: T) => void = () => undefined;
  const promise = new Promise<T>((resolve) => {
    settle = resolve;
  });
  return { promise, resolve: (value) => settle(value) };
}
