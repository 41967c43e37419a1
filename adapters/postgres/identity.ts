import { createHash } from 'node:crypto';
import { codeOf } from '../sql/failure-rules.ts';
import type { Ask } from './ask.ts';
import { type PostgresReadPlan, textLiteral } from './statement.ts';

/**
 * Identity of a source: which server, which table, what it looks like; asked inside the transaction of the read.
 *
 * Server: the system identifier, which a restart keeps and a physical replica shares; so a replica counts with its address as well, and a primary with its
 * timeline, which every promotion and restore changes. A server that does not tell its timeline (Aurora without logical replication, a role that may not
 * ask) counts with its address too. Table: its kind, its columns, and the definition of a view. SELECT on the table is enough for all of it.
 */
export interface SourceIdentity {
  readonly hash: string;
  /** pg_class.relkind; undefined when the relation cannot be seen. */
  readonly kind: string | undefined;
}

const server = {
  isReadable: `SELECT pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE')`,
  systemId: 'SELECT system_identifier FROM pg_catalog.pg_control_system()',
  isReplica: 'SELECT pg_catalog.pg_is_in_recovery()',
  address: 'SELECT pg_catalog.inet_server_addr(), pg_catalog.inet_server_port()',
  timeline: 'SELECT pg_catalog.left(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 8)',
} as const;

export async function readIdentity(ask: Ask, plan: PostgresReadPlan): Promise<SourceIdentity> {
  const [[isReadable] = []] = await ask(server.isReadable);
  const systemId = isReadable === 't' ? await ask(server.systemId) : [];
  const [[isReplica] = []] = await ask(server.isReplica);
  const timeline = isReplica === 't' ? undefined : await askIfTold(ask, server.timeline);
  const place = timeline ?? (await ask(server.address));
  const [relation] = await ask(
    `SELECT c.oid, c.relkind, CASE WHEN c.relkind IN ('v', 'm') THEN pg_catalog.pg_get_viewdef(c.oid) END FROM ${relationOf(plan)}`,
  );
  const [oid, kind, definition] = relation ?? [];
  const columns = oid == null ? [] : await ask(columnsOf(oid));
  const text = JSON.stringify([systemId, isReplica, place, plan.schema, plan.table, kind, definition, columns]);
  return { hash: createHash('sha256').update(text).digest('hex'), kind: kind ?? undefined };
}

/** insufficient_privilege, undefined_function, object_not_in_prerequisite_state, feature_not_supported */
const untoldStates: ReadonlySet<string | undefined> = new Set(['42501', '42883', '55000', '0A000']);

/** The answer, or undefined from a server that does not tell. An error would end the transaction, and with it the snapshot, but for the savepoint. */
async function askIfTold(ask: Ask, sql: string): Promise<Awaited<ReturnType<Ask>> | undefined> {
  await ask('SAVEPOINT untold');
  try {
    const answer = await ask(sql);
    await ask('RELEASE SAVEPOINT untold');
    return answer;
  } catch (error) {
    if (!untoldStates.has(codeOf(error))) throw error;
    await ask('ROLLBACK TO SAVEPOINT untold');
    return undefined;
  }
}

function relationOf({ schema, table }: PostgresReadPlan): string {
  return (
    'pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace ' +
    `WHERE n.nspname = ${textLiteral(schema)} AND c.relname = ${textLiteral(table)}`
  );
}

function columnsOf(oid: string): string {
  return (
    'SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull FROM pg_catalog.pg_attribute a ' +
    `WHERE a.attrelid = ${Number(oid)} AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`
  );
}

/** Names of the columns that the role may read. */
export async function readColumnNames(ask: Ask, plan: PostgresReadPlan): Promise<readonly string[]> {
  const rows = await ask(
    'SELECT a.attname FROM pg_catalog.pg_attribute a WHERE a.attnum > 0 AND NOT a.attisdropped ' +
      "AND pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'SELECT') " +
      `AND a.attrelid IN (SELECT c.oid FROM ${relationOf(plan)})`,
  );
  return rows.map(([column]) => column ?? '');
}
