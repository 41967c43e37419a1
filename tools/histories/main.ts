import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { loadClientConnectConfig } from '@temporalio/envconfig';

/**
 * Keeps the history of a run for the replay tests: `npm run histories -- WORKFLOW_ID NAME ...`, NAME being `<workflow type>/<version>-<scenario>`.
 * The last run of that id, or the one named by `WORKFLOW_ID#RUN_ID`.
 * Recorded histories are never edited: they are what a release did.
 */
const folder = fileURLToPath(new URL('../../test/replay/histories/', import.meta.url));

function pairs(args: readonly string[]): readonly (readonly [string, string])[] {
  if (args.length === 0 || args.length % 2 !== 0)
    throw new Error('usage: npm run histories -- WORKFLOW_ID NAME [WORKFLOW_ID NAME ...]');
  return args.flatMap((id, index) => (index % 2 === 0 ? [[id, args[index + 1] ?? ''] as const] : []));
}

/** The process that ran it says nothing about the workflow, and its host's name belongs to nobody else. */
function withoutHosts(text: string): string {
  return text
    .replaceAll(/"identity": "[^"]*"/g, '"identity": "worker"')
    .replaceAll(/"[0-9]+@[^"-]+(-[0-9a-f]+)?"/g, '"worker"');
}

const { connectionOptions, namespace = 'default' } = loadClientConnectConfig();
const connection = await Connection.connect(connectionOptions);
const client = new Client({ connection, namespace });
for (const [workflowId, name] of pairs(process.argv.slice(2))) {
  const [id = '', runId] = workflowId.split('#');
  const history = await client.workflow.getHandle(id, runId).fetchHistory();
  const file = join(folder, `${name}.json`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${withoutHosts(historyToJSON(history))}\n`);
  process.stdout.write(`${name}: ${history.events?.length ?? 0} events\n`);
}
await connection.close();
