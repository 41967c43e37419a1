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
import type { Proof } from './prove.ts';
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
  readonly read: (read: DriverRead<Session, Plan>, onRow: (row: SourceRow) => void) => Promise<Proof>;
  /** The same proof, given only when the rows are the known ones. */
  readonly recheck: (read: DriverRead<Session, Plan>) => Promise<Proof | undefined>;
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
  const pools = openPools(driver);

  function told({ hub }: RowRequest, { access }: SessionPool<Session>, proof: Proof): ReadProof {
    options.logger.info('rows read', { hub, rows: proof.rows, warnings: proof.warnings.length });
    return { ...proof, insecure: access.tls === undefined };
  }

  return {
    async read(request, onRow) {
      const plan = driver.plan(request.spec);
      const pool = pools.of(request);
      const caller = watchCaller(onRow);
      const lend: Lend<Session, Proof, Proof> = (limits, task) => pool.use(limits, task);
      const work: Work<Session, Plan, Proof> = (read) => driver.read(read, caller.onRow);
      try {
        return told(request, pool, await readThrough(lend, { driver, request, plan, pool, options }, work));
      } catch (error) {
        throw caller.thrown.length > 0 ? caller.thrown[0] : error;
      }
    },
    async recheck(request) {
      const plan = driver.plan(request.spec);
      const pool = pools.known(request);
      if (pool === undefined) return { kind: 'unconnected' };
      const lend: Lend<Session, Lent, Lent | undefined> = (limits, task) => pool.useKept(limits, task);
      const work: Work<Session, Plan, Lent> = async (read) => ({ proof: await driver.recheck(read) });
      const lent = await readThrough(lend, { driver, request, plan, pool, options }, work);
      if (lent === undefined) return { kind: 'unconnected' };
      return lent.proof === undefined ? { kind: 'other' } : { kind: 'same', proof: told(request, pool, lent.proof) };
    },
    retain: (hubs) => pools.retain(hubs),
    close: () => pools.retain(new Set()),
  };
}

interface Read<Session extends SqlSession, Plan extends ReadPlan> {
  readonly driver: SqlDriver<Session, Plan>;
  readonly request: RowRequest;
  readonly plan: Plan;
  readonly pool: SessionPool<Session>;
  readonly options: SqlRowSourceOptions;
}

/** Connections by hub; a hub that goes elsewhere now gets others. */
function openPools<Session extends SqlSession, Plan extends ReadPlan>({ access, open }: SqlDriver<Session, Plan>) {
  const pools = new Map<string, SessionPool<Session>>();
  return {
    /** Those there are to where the hub goes now. */
    known(request: RowRequest): SessionPool<Session> | undefined {
      const known = pools.get(request.hub);
      return known !== undefined && isSameAccess(known.access, access(request)) ? known : undefined;
    },
    of(request: RowRequest): SessionPool<Session> {
      const wanted = access(request);
      const known = pools.get(request.hub);
      if (known !== undefined && isSameAccess(known.access, wanted)) return known;
      known?.retire();
      const pool = openSessionPool(wanted, open);
      pools.set(request.hub, pool);
      return pool;
    },
    /** Closes those of hubs that are not named. */
    async retain(hubs: ReadonlySet<string>): Promise<void> {
      for (const [hub, pool] of pools) {
        if (hubs.has(hub)) continue;
        pools.delete(hub);
        pool.retire();
      }
    },
  };
}

/** What came of a session that was there. */
interface Lent {
  readonly proof: Proof | undefined;
}

/** Gives a session to do something with. */
type Lend<Session, P, Given> = (limits: Limits, task: (session: Session) => Promise<P>) => Promise<Given>;

type Work<Session, Plan, P> = (read: DriverRead<Session, Plan>) => Promise<P>;

async function readThrough<Session extends SqlSession, Plan extends ReadPlan, P, Given>(
  lend: Lend<Session, P, Given>,
  { driver, request, plan, pool, options }: Read<Session, Plan>,
  work: Work<Session, Plan, P>,
): Promise<Given> {
  const { signal } = request;
  const { connectTimeoutMs, statementTimeoutMs } = options;
  const limits: Limits = { signal, milliseconds: statementTimeoutMs + graceMs(statementTimeoutMs) };
  let phase: 'connect' | 'read' = 'connect';
  try {
    return await lend({ signal, milliseconds: connectTimeoutMs }, async (session) => {
      phase = 'read';
      const read = { session, limits, statementTimeoutMs, plan, known: request.known };
      try {
        return await work(read);
      } catch (error) {
        throw await driver.explain(error, read);
      }
    });
  } catch (error) {
    const { host, port, user, database } = pool.access;
    const place: Place = { hub: request.hub, host, port, user, database, table: plan.title };
    throw driver.failure(error, place, phase);
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
