/** What of node-postgres is used here; it brings no types of its own. */
declare module 'pg' {
  import type { EventEmitter } from 'node:events';
  import type { Duplex } from 'node:stream';
  import type { ConnectionOptions } from 'node:tls';

  export interface FieldDef {
    readonly name: string;
    readonly dataTypeID: number;
    readonly dataTypeModifier: number;
  }

  interface QueryResult {
    readonly fields: readonly FieldDef[];
  }

  export interface Notice {
    readonly severity?: string | undefined;
    readonly code?: string | undefined;
  }

  interface QueryConfig {
    readonly text: string;
    readonly rowMode: 'array';
    readonly types: { getTypeParser(): (text: string) => string };
  }

  /** A submitted statement: `row`, then `end` or `error`. With a listener of `row` no row is kept. */
  export class Query extends EventEmitter {
    constructor(config: QueryConfig);
    on(event: 'row', listener: (row: readonly (string | null)[], result: QueryResult) => void): this;
    on(event: 'end', listener: (result: QueryResult) => void): this;
    on(event: 'error', listener: (error: unknown) => void): this;
  }

  /** The wire; its `stream` is replaced by an encrypted one, which `sslconnect` announces. */
  export class Connection extends EventEmitter {
    constructor(config: { readonly stream: Duplex; readonly ssl: ConnectionOptions | false });
    readonly stream: Duplex;
  }

  export class Client extends EventEmitter {
    constructor(config: {
      readonly connection: Connection;
      readonly host: string;
      readonly port: number;
      readonly user: string;
      readonly database: string;
      readonly password: () => Promise<string>;
      readonly ssl: boolean;
      readonly application_name: string;
    });
    connect(): Promise<unknown>;
    query(query: Query): Query;
    end(): Promise<void>;
  }
}
