import { Client, Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { keepEach, keepHistory } from './record.ts';

/**
 * Keeps histories for the replay tests:
 *
 *     npm run histories -- WORKFLOW_ID NAME ...     the last run of that id, or the one named by `WORKFLOW_ID#RUN_ID`; NAME is
 *                                                   `<workflow type>/<version>-<scenario>`
 *     npm run histories -- --each QUERY VERSION     one history of each shape of the runs that a visibility query finds
 */
const usage =
  'usage: npm run histories -- WORKFLOW_ID NAME [WORKFLOW_ID NAME ...], or npm run histories -- --each QUERY VERSION';

function pairs(args: readonly string[]): readonly (readonly [string, string])[] {
  if (args.length === 0 || args.length % 2 !== 0) throw new Error(usage);
  return args.flatMap((id, index) => (index % 2 === 0 ? [[id, args[index + 1] ?? ''] as const] : []));
}

const { connectionOptions, namespace = 'default' } = loadClientConnectConfig();
const connection = await Connection.connect(connectionOptions);
const client = new Client({ connection, namespace });
const args = process.argv.slice(2);
if (args[0] === '--each') {
  const [, query = '', version] = args;
  if (version === undefined) throw new Error(usage);
  process.stdout.write(`${await keepEach(client, query, { version })} histories\n`);
} else {
  for (const [workflowId, name] of pairs(args)) {
    const [id = '', runId] = workflowId.split('#');
    const history = await client.workflow.getHandle(id, runId).fetchHistory();
    keepHistory(name, history);
    process.stdout.write(`${name}: ${history.events?.length ?? 0} events\n`);
  }
}
await connection.close();
