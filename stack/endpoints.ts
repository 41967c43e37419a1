import type { DataPaths } from './paths.ts';
import type { Ports } from './ports.ts';
import type { StackSecrets } from './secrets.ts';
import { loopback } from './servers/definition.ts';
import { temporalNamespace } from './servers/temporal.ts';
import type { Tools } from './state.ts';

/** Where the parts of a stack are reached. Addresses are of 127.0.0.1, paths absolute. */
export interface StackEndpoints {
  /** host:port of the gRPC frontend. */
  readonly temporalAddress: string;
  readonly temporalNamespace: string;
  /** http:// address of Temporal's web page. */
  readonly temporalUi: string;
  /** A kubeconfig file whose user may do everything. */
  readonly kubeconfig: string;
  /** mysql:// with the password of an account that may do everything; names no database. */
  readonly mysqlUrl: string;
  /** The API server's audit log, one JSON object a line. */
  readonly auditLog: string;
  readonly kubectl: string;
  readonly temporalCli: string;
}

export function stackEndpoints(paths: DataPaths, ports: Ports, secrets: StackSecrets, tools: Tools): StackEndpoints {
  return {
    temporalAddress: `${loopback}:${ports.temporal}`,
    temporalNamespace,
    temporalUi: `http://${loopback}:${ports.temporalUi}`,
    kubeconfig: paths.kubeconfig,
    mysqlUrl: `mysql://root:${secrets.mysqlPassword}@${loopback}:${ports.mariadb}`,
    auditLog: paths.auditLog,
    kubectl: tools.kubectl,
    temporalCli: tools.temporal,
  };
}

/** Lines for `eval "$(npm run --silent stack -- env)"`; values with characters a shell reads are quoted. */
export function environmentLines(endpoints: StackEndpoints): readonly string[] {
  const variables: readonly (readonly [string, string])[] = [
    ['TEMPORAL_ADDRESS', endpoints.temporalAddress],
    ['TEMPORAL_NAMESPACE', endpoints.temporalNamespace],
    ['KUBECONFIG', endpoints.kubeconfig],
    ['LYNQ_MYSQL_URL', endpoints.mysqlUrl],
    ['LYNQ_TEMPORAL_UI', endpoints.temporalUi],
    ['LYNQ_AUDIT_LOG', endpoints.auditLog],
    ['LYNQ_KUBECTL', endpoints.kubectl],
  ];
  return variables.map(([name, value]) => `export ${name}=${shellWord(value)}`);
}

function shellWord(value: string): string {
  return /^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;
}
