import { readFileSync } from 'node:fs';
import { createConnection, type Connection } from 'mysql2/promise';
import { ToolError } from './failure.ts';

export const databaseName = 'nodes_db';
export const readerName = 'lynq_reader';
export const schemaFile = 'examples/multi-tier/schema.sql';

/** The account that may do everything, in which the story's statements are run. */
export interface Database {
  /** Runs one statement and returns the moment after its commit, milliseconds since 1970. */
  run(statement: string): Promise<number>;
  /** Runs a query and returns how many rows it gave. */
  rows(statement: string): Promise<number>;
  close(): Promise<void>;
}

export async function openDatabase(url: string): Promise<Database> {
  const connection = await connect(url);
  return {
    async run(statement) {
      await attempt(connection, statement);
      return Date.now();
    },
    async rows(statement) {
      const [rows] = await connection.query(statement);
      return Array.isArray(rows) ? rows.length : 0;
    },
    close: () => connection.end(),
  };
}

/** Host and port of a mysql:// address, as the hub needs them. */
export function hostAndPort(url: string): { readonly host: string; readonly port: number } {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port) };
}

/** Makes database, table (the seed's) and the account that may only read; running it again changes nothing but the password. */
export async function createDatabase(database: Database, schemaPath: string, password: string): Promise<void> {
  const schema = readFileSync(schemaPath, 'utf8').replace('CREATE TABLE nodes', 'CREATE TABLE IF NOT EXISTS nodes');
  await database.run(`CREATE DATABASE IF NOT EXISTS ${databaseName}`);
  await database.run(`USE ${databaseName}`);
  await database.run(schema);
  await database.run(`CREATE USER IF NOT EXISTS '${readerName}'@'%'`);
  await database.run(`ALTER USER '${readerName}'@'%' IDENTIFIED BY '${password}'`);
  await database.run(`GRANT SELECT ON ${databaseName}.nodes TO '${readerName}'@'%'`);
}

async function connect(url: string): Promise<Connection> {
  try {
    return await createConnection({ uri: url });
  } catch (error) {
    throw new ToolError(`MariaDB of the stack cannot be reached: ${messageOf(error)}`, {
      fix: 'look into logs/mariadb.log in the data folder and start again',
    });
  }
}

async function attempt(connection: Connection, statement: string): Promise<void> {
  try {
    await connection.query(statement);
  } catch (error) {
    throw new ToolError(`MariaDB refuses a statement: ${messageOf(error)}`, {
      details: [statement.split('\n', 1)[0]?.replace(/IDENTIFIED BY .*/, 'IDENTIFIED BY ...') ?? ''],
      fix: 'start again without --keep, from an empty data folder',
    });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
