import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { at, isJsonObject, type JsonObject, numberAt, textAt } from '../../domain/api/json.ts';
import { workflowIds } from '../../domain/identity.ts';
import { annotations, apiVersion } from '../../domain/keys.ts';
import { nodeDigest } from '../../domain/node-digest.ts';
import { createDatabase, type Database, hostAndPort, openDatabase, schemaFile } from '../demo/database.ts';
import { ToolError } from '../demo/failure.ts';
import { makeReaderPassword, type Session } from '../demo/session.ts';
import { nodeKind } from '../demo/stage.ts';
import { counted, seconds } from '../demo/text.ts';
import { checkout, type WorkerProcess } from '../demo/worker-process.ts';
import { type RequestCounts, requestCounts, requestsBetween } from './api-requests.ts';
import { Arrivals } from './arrivals.ts';
import { cpuCosts, snapshot, type Snapshot } from './cost.ts';
import type { BenchResult, CostLine } from './report.ts';

/** Issue 8: an edit over a fleet, a few nodes at a time, against the same edit without a limit; what the limit costs; how soon a command takes effect. */
export const r1 = {
  name: 'R1',
  title: 'an edit of a form over all nodes with maxSkew 50, divided by the same edit without a limit',
  limit: 3,
  rows: 2_000,
};

const namespace = 'lynq-system';
const form = 'fleet';
const maxSkew = 50;
const deadlineMs = 1_800_000;
const longestHistory = 1_500;
const formRef = { apiVersion, kind: 'LynqForm', namespace, name: form };

interface Bench {
  readonly session: Session;
  readonly client: Client;
  readonly worker: WorkerProcess;
  readonly rows: number;
}

/** One edit until all nodes are Ready with it. */
interface Measured {
  readonly ms: number;
  readonly requests: RequestCounts;
  readonly before: Snapshot;
  readonly after: Snapshot;
}

export async function runR1(session: Session, rows: number): Promise<BenchResult> {
  const { temporalAddress: address, temporalNamespace } = session.endpoints;
  const connection = await Connection.connect({ address });
  const database = await openDatabase(session.endpoints.mysqlUrl);
  try {
    const worker = await session.startWorker();
    const client = new Client({ connection, namespace: temporalNamespace });
    const bench = { session, client, worker, rows };
    await provision(bench, database);
    return await measure(bench);
  } finally {
    await database.close();
    await connection.close();
  }
}

async function provision({ session, worker, rows }: Bench, database: Database): Promise<void> {
  const { cluster } = session.opened;
  const own = { manager: 'lynq-bench', force: true };
  const password = makeReaderPassword(session.folder);
  await createDatabase(database, join(checkout, schemaFile), password);
  const secret = { apiVersion: 'v1', kind: 'Secret', namespace, name: 'mysql-credentials' };
  const data = { password: Buffer.from(password).toString('base64') };
  const place = { apiVersion: 'v1', kind: 'Namespace', name: namespace };
  await cluster.apply(place, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }, own);
  await cluster.apply(
    secret,
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: secret.name, namespace }, data },
    own,
  );
  const uids = Array.from({ length: rows }, (_, index) => `t${String(index).padStart(5, '0')}`);
  for (let from = 0; from < rows; from += 500)
    await database.run(
      `INSERT INTO nodes (node_id) VALUES ${uids
        .slice(from, from + 500)
        .map((uid) => `('${uid}')`)
        .join(', ')}`,
    );
  const arrivals = new Arrivals(session, new Set(uids.map((uid) => `${uid}-${form}`)), {
    whenThere: readyWith(undefined),
  });
  await arrivals.watch([nodeKind], { namespace });
  await cluster.create(formRef, formObject({ version: 'v1', rollout: undefined }), { manager: 'lynq-bench' });
  const hub = { apiVersion, kind: 'LynqHub', namespace, name: 'fleet' };
  await cluster.create(hub, hubObject(session), { manager: 'lynq-bench' });
  await arrivals.complete(`${counted(rows, 'LynqNode')} become Ready`, worker);
}

function hubObject(session: Session): JsonObject {
  const { host, port } = hostAndPort(session.endpoints.mysqlUrl);
  const mysql = {
    host,
    port,
    database: 'nodes_db',
    table: 'nodes',
    username: 'lynq_reader',
    passwordRef: { name: 'mysql-credentials', key: 'password' },
  };
  return {
    apiVersion,
    kind: 'LynqHub',
    metadata: { name: 'fleet', namespace },
    spec: {
      source: { type: 'mysql', syncInterval: '10s', mysql },
      valueMappings: { uid: 'node_id', activate: 'is_active' },
    },
  };
}

function formObject({
  version,
  rollout,
}: {
  readonly version: string;
  readonly rollout: JsonObject | undefined;
}): JsonObject {
  const spec = { apiVersion: 'v1', kind: 'ConfigMap', data: { version } };
  return {
    apiVersion,
    kind: 'LynqForm',
    metadata: { name: form, namespace },
    spec: {
      hubId: 'fleet',
      ...(rollout === undefined ? {} : { rollout }),
      configMaps: [{ id: 'settings', nameTemplate: '{{ .uid }}-settings', spec }],
    },
  };
}

/** Name of a node that is Ready with another revision than this one. */
function readyWith(otherThan: string | undefined) {
  return (node: JsonObject): string | undefined => {
    const { ready, inputHash, observedInput, revision, name } = nodeDigest(node);
    return ready && inputHash === observedInput && revision !== otherThan ? name : undefined;
  };
}

async function readForm({ session }: Bench): Promise<JsonObject> {
  const found = await session.opened.cluster.get(formRef);
  if (found === undefined) throw new ToolError('the form is gone', { fix: 'start again' });
  return found;
}

async function putForm(bench: Bench, version: string, rollout?: JsonObject): Promise<void> {
  for (;;) {
    const found = await readForm(bench);
    const { spec } = formObject({ version, rollout });
    const body = { ...found, ...(spec === undefined ? {} : { spec }) };
    const result = await bench.session.opened.cluster.replace(formRef, body, { manager: 'lynq-bench' });
    if (result.kind === 'ok') return;
  }
}

async function edit(bench: Bench, version: string, rollout?: JsonObject): Promise<Measured> {
  const { session, worker, rows } = bench;
  const nodes = await session.opened.cluster.list(nodeKind, { namespace });
  const present = textAt(nodes[0], 'spec', 'formRevision');
  const names = nodes.flatMap((node) => textAt(node, 'metadata', 'name') ?? []);
  const arrivals = new Arrivals(session, new Set(names), { whenThere: readyWith(present) });
  await arrivals.watch([nodeKind], { namespace });
  const before = await snapshot(session, worker.process.pid);
  const requests = await requestCounts(session);
  await putForm(bench, version, rollout);
  const startedAt = performance.now();
  await arrivals.complete(`edit ${version} of ${counted(rows, 'LynqNode')}`, worker);
  const ms = performance.now() - startedAt;
  return {
    ms,
    before,
    requests: requestsBetween(requests, await requestCounts(session)),
    after: await snapshot(session, worker.process.pid),
  };
}

async function measure(bench: Bench): Promise<BenchResult> {
  const { rows, session } = bench;
  const all = await edit(bench, 'v2');
  session.printer.line(`without a limit: ${seconds(all.ms)}`);
  const limited = await edit(bench, 'v3', { maxSkew });
  session.printer.line(`maxSkew ${maxSkew}: ${seconds(limited.ms)}`);
  await untilStatus(bench, 'the rollout is complete', (status) => textAt(status, 'phase') === 'Complete');
  const history = await rolloutCost(bench);
  const latencies = await latenciesOf(bench);
  return {
    name: r1.name,
    title: r1.title,
    limit: r1.limit,
    statedRows: r1.rows,
    rows,
    nodes: rows,
    floor: [all.ms],
    ours: [limited.ms],
    syncWait: [0],
    costs: [...requestLines(all, limited, rows), ...history, ...latencies, ...cpuLines(all, limited)],
  };
}

const line = (label: string, floor: string, ours: string): CostLine => ({ label, floor: [floor], ours: [ours] });

function cpuLines(all: Measured, limited: Measured): readonly CostLine[] {
  const [floor, ours] = [cpuCosts(all.before, all.after), cpuCosts(limited.before, limited.after)];
  return Object.keys(ours).map((label) => line(label, floor[label] ?? '', ours[label] ?? ''));
}

/** Requests of all clients a node, and of them those that a rollout alone sends: about the form, its hub, and to let nodes go. */
function requestLines(all: Measured, limited: Measured, rows: number): readonly CostLine[] {
  const perNode = (count: number): string => (count / rows).toFixed(2);
  const total = ({ requests }: Measured): number => [...requests.values()].reduce((sum, count) => sum + count, 0);
  const about = ['lynqforms', 'lynqforms/status', 'lynqhubs', 'lynqnodes', 'lynqnodes/status', 'configmaps', 'events'];
  const verbs = ['GET', 'LIST', 'POST', 'PATCH', 'PUT', 'APPLY', 'DELETE'];
  const keys = about.flatMap((resource) => verbs.map((verb) => `${verb} ${resource}`));
  const shown = keys.filter((key) => (limited.requests.get(key) ?? 0) >= rows / 100);
  return [
    line('API requests a node', perNode(total(all)), perNode(total(limited))),
    ...shown.map((key) =>
      line(`  ${key}`, perNode(all.requests.get(key) ?? 0), perNode(limited.requests.get(key) ?? 0)),
    ),
  ];
}

/** Events of all runs of the rollout, and the longest of its histories. */
async function rolloutCost({ client, rows }: Bench): Promise<readonly CostLine[]> {
  const workflowId = workflowIds.rollout(namespace, form);
  const lengths: number[] = [];
  for await (const run of client.workflow.list({ query: `WorkflowId = '${workflowId}'` })) {
    const history = await client.workflow.getHandle(workflowId, run.runId).fetchHistory();
    lengths.push(history.events?.length ?? 0);
  }
  const sum = lengths.reduce((total, length) => total + length, 0);
  const longest = Math.max(0, ...lengths);
  if (longest > longestHistory)
    throw new ToolError(`a history of the rollout has ${longest} events, more than ${longestHistory}`, {
      fix: 'see workflows/rollout.ts',
    });
  return [
    line('Temporal events of the rollout a node', '', (sum / rows).toFixed(3)),
    line('  all runs, longest history', '', `${sum}, ${longest}`),
  ];
}

type Seen = (status: JsonObject) => boolean;

async function untilStatus(bench: Bench, what: string, seen: Seen): Promise<number> {
  const startedAt = performance.now();
  for (;;) {
    bench.session.signal.throwIfAborted();
    const object = await readForm(bench);
    const status = at(object, 'status', 'rollout');
    const isCurrent =
      numberAt(object, 'status', 'rollout', 'targetGeneration') === numberAt(object, 'metadata', 'generation');
    const elapsed = performance.now() - startedAt;
    if (isCurrent && isJsonObject(status) && seen(status)) return elapsed;
    if (elapsed > deadlineMs)
      throw new ToolError(`${what}: not within ${seconds(deadlineMs)}`, { fix: 'see the log of the worker' });
    await sleep(20);
  }
}

/** From the answer to the command until the form's status says that it holds. */
async function latenciesOf(bench: Bench): Promise<readonly CostLine[]> {
  const { cluster } = bench.session.opened;
  const begins =
    (text: string): Seen =>
    (status) =>
      (textAt(status, 'message') ?? '').startsWith(text);
  const moves: Seen = (status) =>
    textAt(status, 'phase') === 'InProgress' && (numberAt(status, 'updatedNodes') ?? 0) > 0;
  const tell = async (label: string, body: JsonObject, seen: Seen): Promise<CostLine> => {
    await cluster.patch(formRef, 'merge', body, { manager: 'lynq-bench' });
    return line(`effective: ${label}`, '', seconds(await untilStatus(bench, label, seen)));
  };
  const paused = (value: boolean | null): JsonObject => ({ spec: { rollout: { paused: value } } });
  const say = (verb: string): JsonObject => ({ metadata: { annotations: { [annotations.rollout]: verb } } });
  await putForm(bench, 'v4', { maxSkew: 2 });
  await untilStatus(bench, 'the next rollout moves', moves);
  const pause = await tell('pause', paused(true), begins('Paused'));
  const resume = await tell('resume', paused(null), (status) => !begins('Paused')(status));
  await putForm(bench, 'v5', { maxSkew: 2 });
  const supersede = line('effective: a newer edit', '', seconds(await untilStatus(bench, 'a newer edit', () => true)));
  await untilStatus(bench, 'the newer rollout moves', moves);
  const abort = await tell('abort', say('abort'), (status) => textAt(status, 'phase') === 'Failed');
  const resumed = await tell(
    'resume after an abort',
    say('resume'),
    (status) => textAt(status, 'phase') === 'InProgress',
  );
  return [pause, resume, supersede, abort, resumed];
}
