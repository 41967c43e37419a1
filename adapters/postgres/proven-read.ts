import { LynqFailure } from '../../domain/failures.ts';
import type { SourceRow } from '../../domain/ports.ts';
import { rowReader } from '../sql/columns.ts';
import { type Proof, type ProofSteps, prove, proveUnchanged, type RowsSeen } from '../sql/prove.ts';
import type { DriverRead } from '../sql/row-source.ts';
import { RowsDigest } from '../sql/rows-digest.ts';
import { type Ask, askSession } from './ask.ts';
import { readIdentity } from './identity.ts';
import type { Session } from './session.ts';
import type { PostgresReadPlan } from './statement.ts';
import { valueReader } from './value-text.ts';

/**
 * The read proof of decisions.md section 3. One connection, one read-only REPEATABLE READ snapshot, one streamed SELECT; then, in the same
 * snapshot, no warning and count(*) equal to the rows delivered. A proof is made only after the transaction has ended well: whatever goes wrong before
 * that is an error, and the caller throws away the rows it has seen. Only BEGIN, SELECT, SAVEPOINT and COMMIT are sent (ROLLBACK after an error).
 */
export type ProvenRead = DriverRead<Session, PostgresReadPlan>;

export function readProven(read: ProvenRead, onRow: (row: SourceRow) => void): Promise<Proof> {
  return inSnapshot(read, onRow, (steps) => prove(read.known, steps));
}

/** The same for rows of which only one thing is asked: whether they are those of a read before. */
export function recheckProven(read: ProvenRead): Promise<Proof | undefined> {
  return inSnapshot(read, ignoreRow, (steps) => proveUnchanged(read.known, steps));
}

const ignoreRow = (): void => undefined;

async function inSnapshot<P>(
  read: ProvenRead,
  onRow: (row: SourceRow) => void,
  work: (steps: ProofSteps) => Promise<P>,
): Promise<P> {
  const ask = askSession(read.session, read.limits);
  await ask('BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY');
  const server = await prepareTransaction(ask, read.statementTimeoutMs);
  const proof = await work({
    pass: () => passRows(read),
    stream: () => streamRows(read, onRow),
    confirm: (rows) => confirm(read, ask, rows),
    describe: async () => {
      const { hash, kind } = await readIdentity(ask, read.plan);
      return { identity: hash, warnings: [...server, ...kindWarning(read.plan, kind)] };
    },
  });
  await ask('COMMIT');
  return proof;
}

async function confirm({ plan, session }: ProvenRead, ask: Ask, rows: number): Promise<void> {
  const serverWarnings = session.takeWarnings();
  if (serverWarnings !== 0) throw incomplete(plan, `gave ${serverWarnings} warnings, see its log`);
  const [row] = await ask(plan.count);
  const counted = Number(row?.[0] ?? Number.NaN);
  if (counted !== rows) throw incomplete(plan, `delivered ${rows} rows and counts ${counted}`);
}

async function passRows({ session, plan, limits }: ProvenRead): Promise<RowsSeen> {
  const digest = new RowsDigest();
  let rows = 0;
  const onRow = (values: readonly (string | null)[]): void => {
    rows += 1;
    digest.addTexts(values);
  };
  session.takeWarnings();
  await session.run(plan.select, { columns: plan.columns.length, onRow }, limits);
  return { rows, digest: digest.finish(), warnings: [] };
}

function incomplete({ title }: PostgresReadPlan, what: string): LynqFailure {
  return new LynqFailure('SourceIncomplete', `the server ${what}, reading ${title}`, { table: title });
}

/**
 * Settings for this transaction alone, so that a pooler between us and the server changes nothing. Without `row_security` a policy makes
 * the read fail; with it, rows would be missing without a word.
 */
const settings = {
  client_encoding: 'UTF8',
  client_min_messages: 'warning',
  DateStyle: 'ISO, YMD',
  IntervalStyle: 'postgres',
  TimeZone: 'UTC',
  bytea_output: 'hex',
  extra_float_digits: '1',
  lc_monetary: 'C',
  row_security: 'off',
} as const;

async function prepareTransaction(ask: Ask, statementTimeoutMs: number): Promise<readonly string[]> {
  const all = { ...settings, statement_timeout: String(Math.ceil(statementTimeoutMs)) };
  const calls = Object.entries(all).map(([name, value]) => `pg_catalog.set_config('${name}', '${value}', true)`);
  await ask(`SELECT ${calls.join(', ')}`);
  const [[encoding] = []] = await ask("SELECT pg_catalog.current_setting('server_encoding')");
  return encoding === 'SQL_ASCII'
    ? ['the database has encoding SQL_ASCII: bytes that are not UTF-8 are replaced, and differ no more']
    : [];
}

const foreignTable = 'f';

function kindWarning({ title }: PostgresReadPlan, kind: string | undefined): readonly string[] {
  if (kind !== foreignTable) return [];
  return [`${title} is a foreign table: it may have no snapshots, then a row that comes during a read delays the sync`];
}

/** Streams the table; each row is handed on as it arrives, so that memory holds one row and one network packet. */
async function streamRows({ session, limits, plan }: ProvenRead, onRow: (row: SourceRow) => void): Promise<RowsSeen> {
  const digest = new RowsDigest();
  let toRow: ((values: readonly (string | null)[]) => SourceRow) | undefined;
  let rows = 0;
  session.takeWarnings();
  await session.run(
    plan.select,
    {
      columns: plan.columns.length,
      onColumns(fields) {
        if (fields.length !== plan.columns.length) return;
        const cells = plan.columns.map((column, index) => ({
          column,
          read: valueReader(fields[index]?.dataTypeID ?? 0),
        }));
        toRow = rowReader(cells);
      },
      onRow(values) {
        if (toRow === undefined || values.length !== plan.columns.length) throw incomplete(plan, 'sent other columns');
        rows += 1;
        digest.addTexts(values);
        onRow(toRow(values));
      },
    },
    limits,
  );
  if (toRow === undefined) throw incomplete(plan, 'sent no columns');
  return { rows, digest: digest.finish(), warnings: [] };
}
