import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { openMySqlRowSource } from '../../adapters/mysql/index.ts';
import type { Logger, RowSource } from '../../domain/ports.ts';
import type { RowSourceWorld } from './row-source.contract.ts';
import { openTcpProxy, type TcpProxy } from './row-source.proxy.ts';

/**
 * The server for tests with a real database: `LYNQ_MYSQL_URL_TEST`, an account that may create databases and accounts and set global
 * variables, e.g. `mysql://root:pw@127.0.0.1:3306`. Its databases and accounts named `lynq_*` are replaced.
 */
export const serverUrl = process.env['LYNQ_MYSQL_URL_TEST'];

export const silentLogger: Logger = { info() {}, warn() {}, error() {} };

export interface RealServer {
  readonly host: string;
  readonly port: number;
  readonly isMariaDb: boolean;
  /** Runs a statement as the administrator. */
  sql(statement: string, values?: readonly (string | null)[]): Promise<RowDataPacket[]>;
  /** A new, empty table in place of the one of that name. */
  recreate(table: string, definition: string): Promise<void>;
  /** Ids of the connections of an account. */
  connectionsOf(account: string): Promise<readonly number[]>;
  /** Ends all connections of an account. */
  endConnectionsOf(account: string): Promise<void>;
  /** Logins that were refused since the server started. */
  refusedLogins(): Promise<number>;
  close(): Promise<void>;
}

/** Source of rows `seq` from 1 to 100,000 in both dialects; a condition on `seq` takes fewer. */
export const sequence = `(SELECT 1 + ${[1, 10, 100, 1_000, 10_000].map((unit) => `${unit} * d${unit}.n`).join(' + ')} AS seq FROM ${[
  1, 10, 100, 1_000, 10_000,
]
  .map((unit) => `(${Array.from({ length: 10 }, (_, digit) => `SELECT ${digit} AS n`).join(' UNION ALL ')}) d${unit}`)
  .join(', ')}) numbers`;

export async function openRealServer(text: string): Promise<RealServer> {
  const url = new URL(text);
  const [host, port] = [url.hostname, Number(url.port || '3306')];
  const [user, password] = [decodeURIComponent(url.username), decodeURIComponent(url.password)];
  const admin = await createConnection({ host, port, user, password, charset: 'utf8mb4' });
  const sql: RealServer['sql'] = async (statement, values = []) => {
    const [rows] = await admin.query<RowDataPacket[]>(statement, [...values]);
    return rows;
  };
  const isMariaDb = /mariadb/i.test(String((await sql('SELECT VERSION() AS version'))[0]?.['version']));
  const connectionsOf: RealServer['connectionsOf'] = async (account) =>
    (await sql(`SELECT id AS id FROM information_schema.processlist WHERE user = '${account}'`)).map((row) =>
      Number(row['id']),
    );
  const refused = isMariaDb
    ? "SELECT variable_value AS count FROM information_schema.global_status WHERE variable_name = 'ACCESS_DENIED_ERRORS'"
    : "SELECT sum_error_raised AS count FROM performance_schema.events_errors_summary_global_by_error WHERE error_name = 'ER_ACCESS_DENIED_ERROR'";
  return {
    host,
    port,
    isMariaDb,
    sql,
    async recreate(table, definition) {
      await sql(`DROP TABLE IF EXISTS ${table}`);
      await sql(`CREATE TABLE ${table} ${definition}`);
    },
    connectionsOf,
    async endConnectionsOf(account) {
      for (const id of await connectionsOf(account)) await sql(`KILL CONNECTION ${id}`);
    },
    refusedLogins: async () => Number((await sql(refused))[0]?.['count']),
    close: () => admin.end(),
  };
}

const quote = (name: string): string => `\`${name.replaceAll('`', '``')}\``;

/** A world on a real server; the source reaches it through a proxy, as an account with nothing but SELECT. */
export async function openRealWorld(): Promise<
  RowSourceWorld & { readonly server: RealServer; readonly proxy: TcpProxy }
> {
  const server = await openRealServer(serverUrl ?? '');
  const proxy = await openTcpProxy(server.host, server.port);
  for (const database of ['lynq_contract', 'lynq_elsewhere']) {
    await server.sql(`DROP DATABASE IF EXISTS ${database}`);
    await server.sql(`CREATE DATABASE ${database} CHARACTER SET utf8mb4`);
  }
  const password = 'reader-pw';
  await server.sql("DROP USER IF EXISTS 'lynq_reader'@'%'");
  await server.sql(`CREATE USER 'lynq_reader'@'%' IDENTIFIED BY '${password}'`);
  for (const database of ['lynq_contract', 'lynq_elsewhere']) {
    await server.sql(`GRANT SELECT ON ${database}.* TO 'lynq_reader'@'%'`);
  }
  const source = openSource();
  return {
    source,
    server,
    proxy,
    place: { host: '127.0.0.1', port: proxy.port, username: 'lynq_reader', database: 'lynq_contract' },
    password,
    deadPort: 1,
    async putTable(database, table, columns, rows) {
      const name = `${database}.${quote(table)}`;
      await server.sql(`DROP TABLE IF EXISTS ${name}`);
      await server.sql(`CREATE TABLE ${name} (${columns.map((column) => `${quote(column)} TEXT`).join(', ')})`);
      for (let start = 0; start < rows.length; start += 1_000) {
        const some = rows.slice(start, start + 1_000);
        const marks = some.map((row) => `(${row.map(() => '?').join(', ')})`).join(', ');
        await server.sql(`INSERT INTO ${name} VALUES ${marks}`, some.flat());
      }
    },
    cut: () => proxy.cut(),
    async setPassword(changed) {
      await server.sql(`ALTER USER 'lynq_reader'@'%' IDENTIFIED BY '${changed}'`);
    },
    async close() {
      await source.close();
      await proxy.close();
      await server.close();
    },
  };
}

export function openSource(change: { connectTimeoutMs?: number; statementTimeoutMs?: number } = {}): RowSource {
  return openMySqlRowSource({ logger: silentLogger, connectTimeoutMs: 2_000, statementTimeoutMs: 20_000, ...change });
}
