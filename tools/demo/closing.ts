import { kubectlWord } from './commands.ts';
import { databaseName } from './database.ts';
import { hubName, namespace, type Stage } from './stage.ts';

/** Step 6: where everything is, with commands to try. */
export function printAddresses(stage: Stage): void {
  const { endpoints, printer, folder, worker } = stage;
  const mysql = new URL(endpoints.mysqlUrl);
  printer.heading('6. Have a look around');
  printer.block([
    `Temporal UI  ${endpoints.temporalUi}/namespaces/${endpoints.temporalNamespace}/workflows`,
    `Temporal     ${endpoints.temporalAddress}`,
    `kubeconfig   ${endpoints.kubeconfig}`,
    `MySQL        ${endpoints.mysqlUrl}/${databaseName}`,
    `worker       process ${worker.process.pid}, log ${folder.workerLog}`,
    '',
    'In another shell, in the checkout:',
    '',
    `export KUBECONFIG=${endpoints.kubeconfig} TEMPORAL_ADDRESS=${endpoints.temporalAddress} LYNQ_TEMPORAL_UI=${endpoints.temporalUi}`,
    `${kubectlWord(stage)} get lynqnodes -n ${namespace}`,
    `npx lynq get nodes -n ${namespace}`,
    `npx lynq resync hub/${hubName} -n ${namespace}`,
    `${endpoints.temporalCli} workflow list`,
    `mysql -h ${mysql.hostname} -P ${mysql.port} -u ${mysql.username} -p${mysql.password} ${databaseName}`,
    "  INSERT INTO nodes (node_id) VALUES ('beta-inc');",
  ]);
}
