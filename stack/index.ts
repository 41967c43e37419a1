/** The embedded servers for the demo and the tests: a Kubernetes control plane with simulated machines, MariaDB, Temporal. */
export { environmentLines, type StackEndpoints } from './endpoints.ts';
export { describeProblem, StackError, type StackProblem } from './errors.ts';
export { ensureHelm, ensureTools } from './install/ensure-tools.ts';
export { type OnProgress, type Progress, progressLine } from './progress.ts';
export { type PostgresOptions, type RunningPostgres, startPostgres } from './postgres.ts';
export { temporalDynamicConfig, temporalNamespace, temporalSearchAttributes } from './servers/temporal.ts';
export {
  endpointsOf,
  type RunningStack,
  type ServerStatus,
  type StackOptions,
  stackStatus,
  startStack,
  stopStack,
} from './stack.ts';
export { type ServerName, serverNames, type TemporalStore, type Tools } from './state.ts';
export { type MysqlOptions, type RunningMysql, startMysql } from './mysql.ts';
