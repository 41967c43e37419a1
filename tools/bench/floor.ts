import { type JsonObject, numberAt, textAt } from '../../domain/api/json.ts';
import type { Cluster, KindRef, WriteResult } from '../../domain/ports.ts';
import { ToolError } from '../demo/failure.ts';
import type { Session } from '../demo/session.ts';
import { refOf, type RowModel } from './model.ts';
import { Arrivals } from './arrivals.ts';

const inFlight = 16;
const manager = 'lynq-bench';
const workloads: readonly KindRef[] = [
  { apiVersion: 'apps/v1', kind: 'Deployment' },
  { apiVersion: 'apps/v1', kind: 'StatefulSet' },
];

/**
 * The floor: what any system has to do at least. The same bodies in a tight loop, 16 requests at a time, namespaces first, with one create and
 * one status write for each LynqNode; done when all workloads are available. Milliseconds.
 */
export async function measureFloor(session: Session, rows: readonly RowModel[]): Promise<number> {
  const { cluster } = session.opened;
  const wanted = rows
    .flatMap(({ objects }) => objects)
    .filter((body) => isWorkload(body))
    .map(keyOf);
  const arrivals = new Arrivals(session, new Set(wanted), {
    whenThere: (object) => (isAvailable(object) ? keyOf(object) : undefined),
  });
  await arrivals.watch(workloads, {});
  const startedAt = performance.now();
  await writeAll(session, [
    ...rows.flatMap(({ namespaces }) => namespaces.map((body) => () => apply(cluster, body))),
    ...rows.flatMap(({ nodes }) =>
      nodes.map(
        ({ object }) =>
          () =>
            create(cluster, object),
      ),
    ),
  ]);
  await writeAll(
    session,
    rows.flatMap(({ objects }) => objects.map((body) => () => apply(cluster, body))),
  );
  await writeAll(
    session,
    rows.flatMap(({ nodes }) =>
      nodes.map(
        ({ object, status }) =>
          () =>
            writeStatus(cluster, object, status),
      ),
    ),
  );
  await arrivals.complete('the workloads of the floor become available');
  return performance.now() - startedAt;
}

/** The copies of the LynqNodes go before a worker starts, which would take care of them. */
export async function removeNodes(session: Session, rows: readonly RowModel[]): Promise<void> {
  const { cluster } = session.opened;
  const nodes = rows.flatMap((row) => row.nodes.map(({ object }) => object));
  await writeAll(
    session,
    nodes.map((object) => async () => {
      const uid = textAt(await cluster.get(refOf(object)), 'metadata', 'uid');
      if (uid !== undefined) await cluster.delete(refOf(object), uid);
    }),
  );
}

export async function writeAll(session: Session, tasks: readonly (() => Promise<void>)[]): Promise<void> {
  const queue = tasks.values();
  const work = async (): Promise<void> => {
    for (const task of queue) {
      session.signal.throwIfAborted();
      await task();
    }
  };
  await Promise.all(Array.from({ length: inFlight }, work));
}

async function apply(cluster: Cluster, body: JsonObject): Promise<void> {
  check(body, await cluster.apply(refOf(body), body, { manager, force: true }));
}

async function create(cluster: Cluster, body: JsonObject): Promise<void> {
  check(body, await cluster.create(refOf(body), body, { manager }));
}

async function writeStatus(cluster: Cluster, body: JsonObject, status: JsonObject): Promise<void> {
  check(body, await cluster.patch(refOf(body), 'merge', { status }, { manager, subresource: 'status' }));
}

function check(body: JsonObject, result: WriteResult): void {
  if (result.kind === 'ok') return;
  const why = result.kind === 'refused' ? `${result.reason}: ${result.message}` : result.kind;
  throw new ToolError(`the floor cannot write ${keyOf(body)}: ${why}`, {
    fix: 'start again on an empty --data folder',
  });
}

export function keyOf(body: JsonObject): string {
  const { kind, namespace = '', name } = refOf(body);
  return `${kind} ${namespace}/${name}`;
}

function isWorkload(body: JsonObject): boolean {
  return workloads.some(({ kind }) => kind === textAt(body, 'kind'));
}

function isAvailable(object: JsonObject): boolean {
  const wanted = numberAt(object, 'spec', 'replicas') ?? 1;
  const observed = numberAt(object, 'status', 'observedGeneration') === numberAt(object, 'metadata', 'generation');
  return observed && (numberAt(object, 'status', 'availableReplicas') ?? 0) >= wanted;
}
