import type { LynqHubSpec } from '../../domain/api/hub.ts';
import type { LynqFailure } from '../../domain/failures.ts';
import type { KnownRead, Logger, ReadProof, RowRequest, RowSource, SourceRow } from '../../domain/ports.ts';
import type { ReadPlan } from './columns.ts';
import {
  type Access,
  isSameAccess,
  type OpenSession,
  openSessionPool,
  type SessionPool,
  type SqlSession,
} from './pool.ts';
import type { Limits } from './session-error.ts';

export interface SqlRowSourceOptions {
  readonly logger: Logger;
  /** Until the server has let us in. */
  readonly connectTimeoutMs: number;
  /** For each statement, on the server and, a little longer, here. */
  readonly statementTimeoutMs: number;
}

/** Where something happened, for messages. */
export interface Place {
  readonly hub: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  /** The table as the statement names it. */
  readonly table: string;
}

export interface DriverRead<Session, Plan> {
  readonly session: Session;
  readonly limits: Limits;
  readonly statementTimeoutMs: number;
  readonly plan: Plan;
  /** Rows that need not be handed on again. */
  readonly known?: KnownRead | undefined;
}

/** What differs between the servers. */
export interface SqlDriver<Session extends SqlSession, Plan extends ReadPlan> {
  /** Fails with HubInvalid without the block of the source, with SourceShapeWrong for a name that cannot exist. */
  readonly plan: (spec: LynqHubSpec) => Plan;
  readonly access: (request: RowRequest) => Access;
  readonly open: OpenSession<Session>;
  /** The read proof of decisions.md section 3, of one table. */
  readonly read: (
    read: DriverRead<Session, Plan>,
    onRow: (row: SourceRow) => void,
  ) => Promise<Omit<ReadProof, 'insecure'>>;
  /** Looks closer at an error of a read while the session is still there; gives the error or a better one. */
  readonly explain: (error: unknown, read: DriverRead<Session, Plan>) => Promise<unknown>;
  /** What an error means; a failure of ours passes through. */
  readonly failure: (error: unknown, place: Place, phase: 'connect' | 'read') => LynqFailure;
}

/** The server cuts a statement at its limit; only one that does not is cut here, this much later. */
function graceMs(statementTimeoutMs: number): number {
  return Math.min(2_000, statementTimeoutMs / 2);
}

/**
 * Rows from a SQL server. Without a `tls` block a connection is plain and its proof says `insecure`: as in the peer, who sits on the wire can read
 * the rows and, posing as the server, ask for the password under his own key. With one, nothing is sent before the server is verified.
 */
export function openSqlRowSource<Session extends SqlSession, Plan extends ReadPlan>(
  driver: SqlDriver<Session, Plan>,
  options: SqlRowSourceOptions,
): RowSource {
  const pools = new Map<string, SessionPool<Session>>();

  function poolOf(hub: string, access: Access): SessionPool<Session> {
    const known = pools.get(hub);
    if (known !== undefined && isSameAccess(known.access, access)) return known;
    known?.retire();
    const pool = openSessionPool(access, driver.open);
    pools.set(hub, pool);
    return pool;
  }

  return {
    async read(request, onRow) {
      const plan = driver.plan(request.spec);
      const pool = poolOf(request.hub, driver.access(request));
      const proof = await readThrough(pool, { driver, request, plan, options }, onRow);
      options.logger.info('rows read', { hub: request.hub, rows: proof.rows, warnings: proof.warnings.length });
      return { ...proof, insecure: pool.access.tls === undefined };
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

interface Read<Session extends SqlSession, Plan extends ReadPlan> {
  readonly driver: SqlDriver<Session, Plan>;
  readonly request: RowRequest;
  readonly plan: Plan;
  readonly options: SqlRowSourceOptions;
}

async function readThrough<Session extends SqlSession, Plan extends ReadPlan>(
  pool: SessionPool<Session>,
  { driver, request, plan, options }: Read<Session, Plan>,
  onRow: (row: SourceRow) => void,
): Promise<Omit<ReadProof, 'insecure'>> {
  const { signal } = request;
  const { connectTimeoutMs, statementTimeoutMs } = options;
  const limits: Limits = { signal, milliseconds: statementTimeoutMs + graceMs(statementTimeoutMs) };
  const caller = watchCaller(onRow);
  let phase: 'connect' | 'read' = 'connect';
  try {
    return await pool.use({ signal, milliseconds: connectTimeoutMs }, async (session) => {
      phase = 'read';
      const read = { session, limits, statementTimeoutMs, plan, known: request.known };
      try {
        return await driver.read(read, caller.onRow);
      } catch (error) {
        throw await driver.explain(error, read);
      }
    });
  } catch (error) {
    const { host, port, user, database } = pool.access;
    const place: Place = { hub: request.hub, host, port, user, database, table: plan.title };
    throw caller.thrown.length > 0 ? caller.thrown[0] : driver.failure(error, place, phase);
  }
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
