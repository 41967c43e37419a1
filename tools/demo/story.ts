import { readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { type AuditWrite, countByKind, isBookkeeping, isWorkerWrite } from './audit.ts';
import { kubectl, lynq } from './commands.ts';
import { createDatabase, databaseName, hostAndPort, readerName, schemaFile } from './database.ts';
import { ToolError } from './failure.ts';
import { adaptHub, changedLines } from './hub-text.ts';
import { makeReaderPassword } from './session.ts';
import {
  customer,
  customerNamespace,
  forms,
  hubName,
  namespace,
  sql,
  type Stage,
  untilAllGone,
  untilAllReady,
  untilQuiet,
  untilReplicas,
  untilSynced,
} from './stage.ts';
import { columns, seconds } from './text.ts';
import { checkout } from './worker-process.ts';

const examples = 'examples/multi-tier';
const intervalMs = 5_000;

/** Step 1: everything the hub needs, and the seed's files. */
export async function prepare(stage: Stage): Promise<void> {
  const { printer, folder } = stage;
  printer.heading('1. Namespace, database, hub and the four forms');
  await createNamespace(stage);
  await createTable(stage);
  const file = join(checkout, examples, 'hub.yaml');
  const before = readFileSync(file, 'utf8');
  const after = adaptHub(before, { ...hostAndPort(stage.endpoints.mysqlUrl), syncInterval: `${intervalMs / 1000}s` });
  writeFileSync(folder.hub, after);
  const hub = shownPath(folder.hub);
  printer.line(`the seed's hub, pointed at the stack (${examples}/hub.yaml -> ${hub}):`);
  printer.block(changedLines(before, after));
  printer.line("the four forms are the seed's own files, not changed by a byte:");
  const files = [hub, ...forms.map((form) => `${examples}/${form}.yaml`)];
  await lynq(stage, ['apply', ...files.flatMap((path) => ['-f', path])]);
  await untilSynced(stage);
  printer.line(`the hub syncs every ${intervalMs / 1000} s; the table is empty`);
  await clearKept(stage);
}

async function createNamespace(stage: Stage): Promise<void> {
  const { cluster } = stage.opened;
  const present = await cluster.get({ apiVersion: 'v1', kind: 'Namespace', name: namespace });
  if (present === undefined) await kubectl(stage, ['create', 'namespace', namespace]);
  const secret = { apiVersion: 'v1', kind: 'Secret', namespace, name: 'mysql-credentials' };
  if ((await cluster.get(secret)) !== undefined)
    await kubectl(stage, ['delete', 'secret', secret.name, '-n', namespace]);
}

async function createTable(stage: Stage): Promise<void> {
  const { printer, folder } = stage;
  const password = makeReaderPassword(folder);
  await createDatabase(stage.database, join(checkout, schemaFile), password);
  printer.line(`mysql> CREATE DATABASE ${databaseName}; USE ${databaseName}; SOURCE ${schemaFile};`);
  printer.line(`mysql> CREATE USER '${readerName}'@'%' IDENTIFIED BY '(made up)';`);
  printer.line(`mysql> GRANT SELECT ON ${databaseName}.nodes TO '${readerName}'@'%';`);
  const file = shownPath(folder.readerPassword);
  await kubectl(stage, [
    'create',
    'secret',
    'generic',
    'mysql-credentials',
    '-n',
    namespace,
    `--from-file=password=${file}`,
  ]);
}

/** With --keep the row of the last demo may still be there: it goes first, so that the story begins the same. */
async function clearKept(stage: Stage): Promise<void> {
  if (!stage.kept) return;
  await sql(stage, `DELETE FROM nodes WHERE node_id = '${customer}'`);
  await untilSynced(stage);
  await untilAllGone(stage);
}

/** Step 2: one row. */
export async function insertRow(stage: Stage): Promise<void> {
  stage.printer.heading(`2. One row becomes a four-tier environment`);
  const mark = stage.audit.mark();
  const committed = await sql(stage, `INSERT INTO nodes (node_id) VALUES ('${customer}')`);
  await untilAllReady(stage, committed);
  const first = stage.audit.since(mark).find(({ verb, resource }) => verb === 'create' && resource === 'lynqnodes');
  if (first !== undefined) {
    stage.printer.line(
      `the sync that saw the row wrote its first LynqNode ${seconds(first.at - committed)} after the commit`,
    );
  }
  await lynq(stage, ['get', 'nodes', '-n', namespace]);
  await kubectl(stage, ['get', 'lynqnodes', '-n', namespace]);
  await kubectl(stage, ['get', 'all,ingress', '-n', customerNamespace]);
}

/** Step 3: a column changes. */
export async function updateColumn(stage: Stage): Promise<void> {
  const { printer } = stage;
  printer.heading('3. A column changes, and with it one Deployment');
  await untilQuiet(stage, 0);
  const mark = stage.audit.mark();
  const committed = await sql(stage, `UPDATE nodes SET api_replicas = 5 WHERE node_id = '${customer}'`);
  await untilReplicas(stage, 'api', 5);
  printer.line(`Deployment ${customer}-api has 5 replicas, ${seconds(Date.now() - committed)} after the commit`);
  await untilQuiet(stage, mark);
  const writes = stage.audit.since(mark).filter(isWorkerWrite);
  const made = writes.filter((write) => !isBookkeeping(write));
  printer.line("what the worker wrote since then (the API server's audit log):");
  printer.block(
    columns(
      made.map((write) => [write.verb, `${write.resource}/${write.name}`, `after ${seconds(write.at - committed)}`]),
    ),
  );
  printer.block([
    'and its own records:',
    ...countByKind(writes.filter(isBookkeeping)).map(([kind, count]) => `${count} x ${kind}`),
  ]);
  if (made.length !== 1 || made[0]?.name !== `${customer}-api`) {
    throw new ToolError(`expected one write, to Deployment ${customer}-api, but there were ${made.length}`, {
      details: made.map(({ verb, resource, name }) => `${verb} ${resource} ${name}`),
      fix: 'this is a fault of the worker; its log and the audit log are in the data folder',
    });
  }
}

/** Step 4: at once, without waiting for a sync. */
export async function actAtOnce(stage: Stage): Promise<void> {
  stage.printer.heading('4. At once: scale and resync');
  await withoutSync(stage, 'api', 4, async () => {
    await lynq(stage, ['scale', customer, 'api-tier', '--set', 'apiReplicas=4', '-n', namespace]);
  });
  await withoutSync(stage, 'web', 3, async () => {
    await sql(stage, `UPDATE nodes SET web_replicas = 3 WHERE node_id = '${customer}'`);
    await lynq(stage, ['resync', `hub/${hubName}`, '-n', namespace]);
  });
  await kubectl(stage, ['get', 'deployments', '-n', customerNamespace]);
}

/** Right after a sync there are 5 s until the next: what happens before that was not done by it. */
async function withoutSync(stage: Stage, tier: string, replicas: number, act: () => Promise<void>): Promise<void> {
  const mark = stage.audit.mark();
  const synced = await untilSynced(stage);
  const startedAt = Date.now();
  await act();
  await untilReplicas(stage, tier, replicas);
  const now = Date.now();
  const write = stage.audit.since(mark).find((item) => isWrittenDeployment(item, `${customer}-${tier}`, startedAt));
  if (write === undefined) throw lostWrite(tier);
  const left = synced + intervalMs - write.at;
  const order = left > 0 ? `${seconds(left)} before the next sync was due` : 'a sync came first: this machine is busy';
  stage.printer.line(
    `Deployment ${customer}-${tier} written ${seconds(write.at - startedAt)} after the command began, ${order}; ` +
      `${replicas} replicas available after ${seconds(now - startedAt)}`,
  );
}

function isWrittenDeployment(write: AuditWrite, name: string, since: number): boolean {
  return write.resource === 'deployments' && write.name === name && write.at >= since && isWorkerWrite(write);
}

function lostWrite(tier: string): ToolError {
  return new ToolError(`the write of Deployment ${customer}-${tier} is not in the audit log`, {
    fix: 'look into audit.log in the data folder',
  });
}

function shownPath(path: string): string {
  const inside = relative(checkout, path);
  return inside.startsWith('..') ? path : inside;
}
