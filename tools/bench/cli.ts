import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type JsonObject, textAt } from '../../domain/api/json.ts';
import { apiVersion, labels } from '../../domain/keys.ts';
import type { Cluster } from '../../domain/ports.ts';
import { readCrds } from '../../deploy/crds.ts';
import { installCrds } from '../../worker/crds.ts';
import { makePrinter, wantsColour } from '../demo/printer.ts';
import { type Session, withSession } from '../demo/session.ts';
import { onStopRequest } from '../demo/stop-request.ts';
import { checkout } from '../demo/worker-process.ts';
import { describeMachine } from './machine.ts';
import { machineText, median } from './report.ts';

/**
 * `npm run bench:cli [-- C1]`: how long a person waits for `lynq`. C1: help and completion, of live names too, beside a Node that does nothing. C2: 10,000 LynqNodes of the size a
 * real one has, listed from a real API server, beside kubectl. Prints times; a time above its limit is said and is no failure: machines differ.
 */

const rounds = 9;
const limits = { start: 150, list: 2_000 } as const;
const stated = 10_000;
const namespace = 'lynq-bench-cli';

interface Line {
  readonly label: string;
  readonly ms: readonly number[];
  readonly limit?: number;
}

function print({ label, ms, limit }: Line): void {
  const middle = median(ms);
  const said =
    limit === undefined ? '' : `, limit ${limit} ms: ${middle <= limit ? 'within the limit' : 'ABOVE THE LIMIT'}`;
  const spread = `${Math.round(Math.min(...ms))} to ${Math.round(Math.max(...ms))}`;
  process.stdout.write(`${label.padEnd(52)} ${String(Math.round(middle)).padStart(6)} ms (${spread}${said})\n`);
}

/** Milliseconds from the start of a program to its end. */
async function timed(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  file = process.execPath,
): Promise<number> {
  const began = performance.now();
  const child = spawn(file, args, { cwd: checkout, env: { ...env }, stdio: ['ignore', 'ignore', 'inherit'] });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}`);
  return performance.now() - began;
}

async function repeat(count: number, run: () => Promise<number>): Promise<readonly number[]> {
  const times: number[] = [];
  for (let round = 0; round < count; round += 1) times.push(await run());
  return times;
}

const lynq = (...args: readonly string[]): readonly string[] => ['bin/lynq.mjs', ...args];

const completedNodes = 100;

/** An API server that knows a hundred LynqNodes by name, and a kubeconfig for it: what completion costs beside the cluster's own time. */
async function withNames(use: (kubeconfig: string) => Promise<void>): Promise<void> {
  const rows = Array.from({ length: completedNodes }, (_, index) => ({ cells: [`row-${index}-data-tier`] }));
  const table = JSON.stringify({ kind: 'Table', columnDefinitions: [{ name: 'Name' }], rows });
  const server = createServer((_request, response) => response.end(table));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const folder = mkdtempSync(join(tmpdir(), 'lynq-bench-'));
  const place = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const config = {
    'current-context': 'bench',
    contexts: [{ name: 'bench', context: { cluster: 'bench', user: 'bench' } }],
    clusters: [{ name: 'bench', cluster: { server: place, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'bench', user: { token: 'bench' } }],
  };
  writeFileSync(join(folder, 'config'), JSON.stringify(config));
  try {
    await use(join(folder, 'config'));
  } finally {
    server.close();
    rmSync(folder, { recursive: true });
  }
}

async function c1(): Promise<void> {
  const env = { PATH: process.env['PATH'] ?? '' };
  // The first start after an edit makes the bundle.
  await timed(lynq('--version'), env);
  const starts: readonly (readonly [string, readonly string[]])[] = [
    ['C1 floor: node, nothing else', ['-e', '0']],
    ['C1 lynq --help', lynq('--help')],
    ['C1 lynq get nodes --help', lynq('get', 'nodes', '--help')],
    ['C1 completion of a command', lynq('__complete', '--', 'get', '')],
    ['C1 completion of a flag', lynq('__complete', '--', 'get', 'nodes', '--')],
  ];
  for (const [label, args] of starts) {
    const floor = label.includes('floor') ? {} : { limit: limits.start };
    print({ label, ms: await repeat(rounds, () => timed(args, env)), ...floor });
  }
  await withNames(async (kubeconfig) => {
    const args = lynq('__complete', '--', '--kubeconfig', kubeconfig, 'get', 'nodes', '');
    const ms = await repeat(rounds, () => timed(args, env));
    print({ label: `C1 completion of live names, ${completedNodes}`, ms, limit: limits.start });
  });
}

/** A LynqNode with six entries on record, as the data tier of the multi-tier example has. */
function aNode(index: number): JsonObject {
  const uid = `row-${String(index).padStart(5, '0')}`;
  const ids = ['ns', 'credentials', 'postgres', 'postgres-service', 'redis', 'redis-service'];
  const since = '2026-11-22T12:00:00Z';
  const condition = (type: string, status: string, reason: string) => ({
    type,
    status,
    reason,
    message: 'Successfully reconciled all resources',
    lastTransitionTime: since,
    observedGeneration: 1,
  });
  return {
    apiVersion,
    kind: 'LynqNode',
    metadata: { name: `${uid}-data-tier`, namespace, labels: { [labels.hub]: 'bench', [labels.uid]: uid } },
    spec: { uid, templateRef: 'data-tier', formRevision: 'data-tier-0123456789abcdef' },
    status: {
      observedGeneration: 1,
      readyResources: ids.length,
      desiredResources: ids.length,
      failedResources: 0,
      skippedResources: 0,
      conditions: [condition('Ready', 'True', 'Reconciled'), condition('Conflicted', 'False', 'NoConflict')],
      resources: ids.map((id) => ({ id, kind: 'ConfigMap', name: `${uid}-${id}`, state: 'Ready', since })),
      inventory: ids.map((id) => ({
        id,
        apiVersion: 'v1',
        kind: 'ConfigMap',
        namespace: `node-${uid}`,
        name: `${uid}-${id}`,
        uid: '01234567-89ab-cdef-0123-456789abcdef',
        policy: 'Delete',
        baseline: '0123456789abcdef0123456789abcdef',
        applied: 'fedcba9876543210fedcba9876543210',
      })),
    },
  };
}

const parallelWrites = 24;

async function makeNodes(cluster: Cluster, count: number, session: Session): Promise<void> {
  const place = { apiVersion: 'v1', kind: 'Namespace', name: namespace };
  await cluster.create(
    place,
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    { manager: 'bench' },
  );
  let next = 0;
  const work = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) {
      session.signal.throwIfAborted();
      const { status, ...object } = aNode(index);
      const ref = { apiVersion, kind: 'LynqNode', namespace, name: textAt(object, 'metadata', 'name') ?? '' };
      await cluster.create(ref, object, { manager: 'bench' });
      await cluster.patch(ref, 'merge', { status }, { manager: 'bench', subresource: 'status' });
      if (index % 1_000 === 0) session.printer.waiting(`${index} of ${count} LynqNodes are there`);
    }
  };
  await Promise.all(Array.from({ length: parallelWrites }, work));
}

async function c2(session: Session, count: number): Promise<void> {
  const { cluster } = session.opened;
  await installCrds(cluster, readCrds());
  await makeNodes(cluster, count, session);
  const env = session.environment;
  const kubectl = [session.endpoints.kubectl, ['-n', namespace, 'get', 'lynqnodes']] as const;
  print({
    label: `C2 beside it: kubectl get lynqnodes, ${count}`,
    ms: await repeat(5, () => timed(kubectl[1], env, kubectl[0])),
  });
  const commands = [
    ['get', 'nodes'],
    ['get', 'nodes', '-A'],
    ['get', 'nodes', '-o', 'wide'],
  ];
  for (const command of commands) {
    const ms = await repeat(5, () => timed(lynq('-n', namespace, ...command), env));
    print({
      label: `C2 lynq ${command.join(' ')}, ${count}`,
      ms,
      ...(command.length === 2 ? { limit: limits.list } : {}),
    });
  }
}

async function main(): Promise<void> {
  const count = Number(process.env['LYNQ_BENCH_NODES'] ?? stated);
  process.stdout.write(`${machineText(describeMachine(new Date()))}\n`);
  const wanted = process.argv.slice(2);
  const isWanted = (name: string): boolean => wanted.length === 0 || wanted.includes(name);
  if (isWanted('C1')) await c1();
  if (isWanted('C2')) await onStack(count);
}

async function onStack(count: number): Promise<void> {
  const printer = makePrinter({
    screen: process.stdout,
    colour: wantsColour(process.stdout, process.env),
    now: () => performance.now(),
  });
  const { signal } = onStopRequest(printer);
  const dataDir = fileURLToPath(new URL('../../.stack/bench-cli', import.meta.url));
  const options = { dataDir, keep: false, environment: process.env, printer, signal };
  await withSession(
    options,
    (session) => c2(session, count),
    () => 'nothing',
  );
}

await main();
process.exit(0);
