import { LynqFailure } from '../../domain/failures.ts';
import type { Logger, ReadProof, RowRequest, RowSource, SourceRow } from '../../domain/ports.ts';
import { type Ask, askSession } from './ask.ts';
import { errnoOf, missingColumnErrno, type Place, readFailure, unreadableColumnErrno } from './errors.ts';
import { readColumnNames } from './identity.ts';
import { openSessionPool, type SessionPool } from './pool.ts';
import { readProven } from './proven-read.ts';
import type { Access, Limits, Session } from './session.ts';
import { type MappedColumn, mappedTo, mysqlBlock, planRead, type ReadPlan } from './statement.ts';

export interface MySqlRowSourceOptions {
  readonly logger: Logger;
  /** Until the server has let us in. */
  readonly connectTimeoutMs: number;
  /** For each statement, on the server and, a little longer, here. */
  readonly statementTimeoutMs: number;
}

/** The server cuts a statement at its limit; only one that does not is cut here, this much later. */
function graceMs(statementTimeoutMs: number): number {
  return Math.min(2_000, statementTimeoutMs / 2);
}

/**
 * Rows from MySQL or MariaDB. There is no TLS block in the API yet, so every connection is plain and every proof says `insecure`:
 * as in the peer, who sits on the wire can read the rows and, posing as a MySQL server, ask for the password under his own key.
 */
export function openMySqlRowSource(options: MySqlRowSourceOptions): RowSource {
  const pools = new Map<string, SessionPool>();

  function poolOf(hub: string, access: Access): SessionPool {
    const known = pools.get(hub);
    if (known !== undefined && isSameAccess(known.access, access)) return known;
    known?.retire();
    const pool = openSessionPool(access);
    pools.set(hub, pool);
    return pool;
  }

  return {
    async read(request, onRow) {
      const plan = planRead(request.spec);
      const pool = poolOf(request.hub, accessOf(request));
      const proof = await readThrough(pool, { request, plan, options }, onRow);
      options.logger.info('rows read', { hub: request.hub, rows: proof.rows, warnings: proof.warnings.length });
      return proof;
    },
    async retain(hubs) {
      for (const [hub, pool] of pools) {
        if (hubs.has(hub)) continue;
        pools.delete(hub);
        pool.retire();
      }
    },
    async close() {
      for (const pool of pools.values()) pool.retire();
      pools.clear();
    },
  };
}

function accessOf({ spec, password }: RowRequest): Access {
  const { host, port, username, database } = mysqlBlock(spec);
  return { host, port, user: username, password, database };
}

function isSameAccess(left: Access, right: Access): boolean {
  const names = ['host', 'port', 'user', 'password', 'database'] as const;
  return names.every((name) => left[name] === right[name]);
}

interface Read {
  readonly request: RowRequest;
  readonly plan: ReadPlan;
  readonly options: MySqlRowSourceOptions;
}

async function readThrough(pool: SessionPool, read: Read, onRow: (row: SourceRow) => void): Promise<ReadProof> {
  const { signal } = read.request;
  const { connectTimeoutMs, statementTimeoutMs } = read.options;
  const limits: Limits = { signal, milliseconds: statementTimeoutMs + graceMs(statementTimeoutMs) };
  const place = placeOf(read);
  const caller = watchCaller(onRow);
  let phase: 'connect' | 'read' = 'connect';
  try {
    return await pool.use({ signal, milliseconds: connectTimeoutMs }, async (session) => {
      phase = 'read';
      try {
        return await readProven({ session, limits, statementTimeoutMs, plan: read.plan }, caller.onRow);
      } catch (error) {
        throw await explain(error, { session, limits, plan: read.plan });
      }
    });
  } catch (error) {
    throw caller.thrown.length > 0 ? caller.thrown[0] : readFailure(error, place, phase);
  }
}

function placeOf({ request, plan }: Read): Place {
  const { host, port, username, database } = mysqlBlock(request.spec);
  return { hub: request.hub, host, port, user: username, database, table: `${plan.database}.${plan.table}` };
}

/** What the caller's handler throws is the caller's, and must not look like a failure of the source. */
function watchCaller(onRow: (row: SourceRow) => void): { onRow: (row: SourceRow) => void; thrown: readonly unknown[] } {
  const thrown: unknown[] = [];
  return {
    thrown,
    onRow(row) {
      try {
        onRow(row);
      } catch (error) {
        thrown.push(error);
        throw error;
      }
    },
  };
}

/** A missing or forbidden column is named, by asking which ones are there; any other error stays what it is. */
async function explain(error: unknown, read: { session: Session; limits: Limits; plan: ReadPlan }): Promise<unknown> {
  const errno = errnoOf(error);
  if (errno !== missingColumnErrno && errno !== unreadableColumnErrno) return error;
  const ask = askSession(read.session, read.limits);
  const invisible = await invisibleColumns(ask, read.plan).catch(() => []);
  return invisible.length === 0 ? error : missingColumns(read.plan, invisible, errno);
}

async function invisibleColumns(ask: Ask, plan: ReadPlan): Promise<readonly MappedColumn[]> {
  const names = new Set((await readColumnNames(ask, plan)).map((name) => name.toLowerCase()));
  return names.size === 0 ? [] : plan.columns.filter(({ column }) => !names.has(column.toLowerCase()));
}

function missingColumns({ database, table }: ReadPlan, columns: readonly MappedColumn[], errno: number): LynqFailure {
  const named = columns.map((column) => `${column.column} (mapped to ${mappedTo(column)})`).join(', ');
  const noun = columns.length === 1 ? 'column' : 'columns';
  const text =
    errno === missingColumnErrno
      ? `table ${database}.${table} has no ${noun} ${named}`
      : `the account may not read ${noun} ${named} of table ${database}.${table}, or there is none: grant SELECT on it`;
  return new LynqFailure('SourceShapeWrong', text, {
    table: `${database}.${table}`,
    column: columns.map(({ column }) => column).join(', '),
    error: errno,
  });
}
