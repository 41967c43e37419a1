import { readFileSync } from 'node:fs';
import { createConnection, type RowDataPacket } from 'mysql2/promise';

/** A database of a test's own, and an account that may only read it. */
export interface Database {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly reader: string;
  readonly password: string;
  /** Runs a statement in the database as its administrator. */
  sql(statement: string, values?: readonly (string | number | null)[]): Promise<RowDataPacket[]>;
  /** Also ends the connections that are open with the old one. */
  setPassword(password: string): Promise<void>;
  close(): Promise<void>;
}

export async function openDatabase(
  mysqlUrl: string,
  options: { readonly name: string; readonly reader: string; readonly password: string; readonly schema?: string },
): Promise<Database> {
  const url = new URL(mysqlUrl);
  const [host, port] = [url.hostname, Number(url.port)];
  const connect = async () => {
    const connection = await createConnection({
      host,
      port,
      user: decodeURIComponent(url.username),
      password: decodeURIComponent(url.password),
      multipleStatements: true,
    });
    // A test may end the server; what is asked of it then fails by itself, and what is asked later finds the one that has come back.
    connection.on('error', () => {
      isLost = true;
    });
    return connection;
  };
  let isLost = false;
  let admin = await connect();
  const { name, reader, password } = options;
  const reconnect = async () => {
    admin.destroy();
    admin = await connect();
    await admin.query(`USE \`${name}\``);
    isLost = false;
  };
  let coming: Promise<void> | undefined;
  const sql = async (statement: string, values: readonly (string | number | null)[] = []): Promise<RowDataPacket[]> => {
    if (isLost) {
      coming ??= reconnect().finally(() => {
        coming = undefined;
      });
      await coming;
    }
    const [rows] = await admin.query<RowDataPacket[]>(statement, [...values]);
    return rows;
  };
  const account = `${admin.escape(reader)}@'%'`;
  await sql(`DROP DATABASE IF EXISTS \`${name}\`; CREATE DATABASE \`${name}\` CHARACTER SET utf8mb4; USE \`${name}\``);
  await sql(
    options.schema ?? readFileSync(new URL('../../../examples/multi-tier/schema.sql', import.meta.url), 'utf8'),
  );
  await sql(`CREATE USER IF NOT EXISTS ${account}`);
  await sql(
    `ALTER USER ${account} IDENTIFIED BY ${admin.escape(password)}; GRANT SELECT ON \`${name}\`.* TO ${account}`,
  );
  return {
    name,
    host,
    port,
    reader,
    password,
    sql,
    setPassword: async (changed) => {
      await sql(`ALTER USER ${account} IDENTIFIED BY ${admin.escape(changed)}`);
      await sql(`KILL CONNECTION USER ${account}`);
    },
    close: async () => {
      await admin.end().catch(() => admin.destroy());
    },
  };
}
