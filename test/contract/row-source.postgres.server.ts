import { mkdtempSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection, Query } from 'pg';
import { openPostgresRowSource } from '../../adapters/postgres/index.ts';
import type { RowSource } from '../../domain/ports.ts';
import { type PostgresOptions, type RunningPostgres, startPostgres } from '../../stack/index.ts';
import type { RowSourceWorld } from './row-source.contract.ts';
import { openTcpProxy, type TcpProxy } from './row-source.proxy.ts';
import { silentLogger } from './row-source.server.ts';

/** A PostgreSQL of a test file's own, and an administrator's connection to it. */
export interface PostgresServer {
  readonly running: RunningPostgres;
  /** Runs a statement, or several, as the administrator; gives the texts of the last one's rows. */
  sql(statement: string): Promise<readonly (readonly (string | null)[])[]>;
  close(): Promise<void>;
}

type Rows = readonly (readonly (string | null)[])[];

/** Not a session of ours, which takes one result and no more. */
async function asAdministrator({ host, port, user, password }: RunningPostgres, text: string): Promise<Rows> {
  const client = new Client({
    connection: new Connection({ stream: new Socket(), ssl: false }),
    host,
    port,
    user,
    database: 'postgres',
    ssl: false,
    application_name: 'administrator',
    password: async () => password,
  });
  await client.connect();
  try {
    return await new Promise<Rows>((resolve, reject) => {
      const rows: (readonly (string | null)[])[] = [];
      const types = { getTypeParser: () => (value: string) => value };
      const query = new Query({ text, rowMode: 'array', types })
        .on('row', (row) => rows.push(row))
        .on('error', reject)
        .on('end', () => resolve(rows));
      client.query(query);
    });
  } finally {
    await client.end();
  }
}

export async function openPostgresServer(
  options: Pick<PostgresOptions, 'settings' | 'tls'> = {},
): Promise<PostgresServer> {
  const dataDir = mkdtempSync(join(tmpdir(), 'lynqflow-postgres-'));
  const running = await startPostgres({ dataDir, ...options });
  return {
    running,
    sql: (text) => asAdministrator(running, text),
    async close() {
      await running.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const literal = (text: string | null): string => (text === null ? 'NULL' : `'${text.replaceAll("'", "''")}'`);

export type PostgresWorld = RowSourceWorld & { readonly server: PostgresServer; readonly proxy: TcpProxy };

/** A world on a real server; the source reaches it through a proxy, as a role with nothing but SELECT. */
export async function openPostgresWorld(server: PostgresServer): Promise<PostgresWorld> {
  const proxy = await openTcpProxy(server.running.host, server.running.port);
  const password = 'reader-pw';
  const schemas = ['lynq_contract', 'lynq_elsewhere'];
  for (const schema of schemas) await server.sql(`DROP SCHEMA IF EXISTS ${schema} CASCADE; CREATE SCHEMA ${schema}`);
  await server.sql(
    `DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'lynq_reader') THEN CREATE ROLE lynq_reader LOGIN; END IF; END $$; ALTER ROLE lynq_reader PASSWORD '${password}'`,
  );
  for (const schema of schemas) {
    await server.sql(
      `GRANT USAGE ON SCHEMA ${schema} TO lynq_reader; ALTER DEFAULT PRIVILEGES IN SCHEMA ${schema} GRANT SELECT ON TABLES TO lynq_reader`,
    );
  }
  const source = openPostgresSource();
  return {
    type: 'postgres',
    source,
    server,
    proxy,
    place: {
      host: '127.0.0.1',
      port: proxy.port,
      username: 'lynq_reader',
      database: 'postgres',
      schema: 'lynq_contract',
    },
    password,
    deadPort: 1,
    async putTable(database, table, columns, rows) {
      const name = `${database}.${quote(table)}`;
      await server.sql(
        `DROP TABLE IF EXISTS ${name}; CREATE TABLE ${name} (${columns.map((column) => `${quote(column)} TEXT`).join(', ')})`,
      );
      for (let start = 0; start < rows.length; start += 1_000) {
        const some = rows.slice(start, start + 1_000).map((row) => `(${row.map(literal).join(', ')})`);
        await server.sql(`INSERT INTO ${name} VALUES ${some.join(', ')}`);
      }
    },
    cut: () => proxy.cut(),
    async setPassword(changed) {
      await server.sql(`ALTER ROLE lynq_reader PASSWORD '${changed}'`);
    },
    async close() {
      await source.close();
      await proxy.close();
    },
  };
}

export function openPostgresSource(change: { connectTimeoutMs?: number; statementTimeoutMs?: number } = {}): RowSource {
  const waits = { connectTimeoutMs: 5_000, statementTimeoutMs: 20_000, ...change };
  return openPostgresRowSource({ logger: silentLogger, ...waits });
}
