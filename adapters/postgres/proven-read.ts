import { LynqFailure } from '../../domain/failures.ts';
import type { ReadProof, SourceRow } from '../../domain/ports.ts';
import { rowReader } from '../sql/columns.ts';
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
 * that is an error, and the caller throws away the rows it has seen. Only BEGIN, SELECT and COMMIT are sent (ROLLBACK after an error).
 */
export type ProvenRead = DriverRead<Session, PostgresReadPlan>;

export async function readProven(
  read: ProvenRead,
  onRow: (row: SourceRow) => void,
): Promise<Omit<ReadProof, 'insecure'>> {
  const ask = askSession(read.session, read.limits);
  await ask('BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY');
  const warnings = await prepareTransaction(ask, read.statementTimeoutMs);
  const proof = (await proveUnchanged(read, ask, warnings)) ?? (await proveRows(read, ask, { warnings, onRow }));
  await ask('COMMIT');
  return proof;
}

type Proof = Omit<ReadProof, 'insecure'>;

async function proveRows(
  read: ProvenRead,
  ask: Ask,
  { warnings, onRow }: { readonly warnings: readonly string[]; readonly onRow: (row: SourceRow) => void },
): Promise<Proof> {
  const { rows, digest } = await complete(read, ask, () => streamRows(read, onRow));
  const identity = await readIdentity(ask, read.plan);
  return { rows, digest, identity: identity.hash, warnings: [...warnings, ...kindWarning(read.plan, identity.kind)] };
}

/** Undefined when the rows are others than those that are known: they are read again, in the same snapshot. */
async function proveUnchanged(read: ProvenRead, ask: Ask, before: readonly string[]): Promise<Proof | undefined> {
  const { known } = read;
  if (known?.digest === undefined) return undefined;
  const { rows, digest } = await complete(read, ask, () => digestRows(read));
  if (digest !== known.digest) return undefined;
  const identity = await readIdentity(ask, read.plan);
  const warnings = [...before, ...kindWarning(read.plan, identity.kind)];
  const isSame = identity.hash === known.identity && String(warnings) === String(known.warnings);
  return isSame ? { ...known, rows, unchanged: true } : undefined;
}

interface Streamed {
  readonly rows: number;
  readonly digest: string;
}

/** Rows that the server counts as well, and gave without a warning. */
async function complete({ plan, session }: ProvenRead, ask: Ask, stream: () => Promise<Streamed>): Promise<Streamed> {
  session.takeWarnings();
  const streamed = await stream();
  const serverWarnings = session.takeWarnings();
  if (serverWarnings !== 0) throw incomplete(plan, `gave ${serverWarnings} warnings, see its log`);
  const [row] = await ask(plan.count);
  const counted = Number(row?.[0] ?? Number.NaN);
  if (counted !== streamed.rows) throw incomplete(plan, `delivered ${streamed.rows} rows and counts ${counted}`);
  return streamed;
}

async function digestRows({ session, plan, limits }: ProvenRead): Promise<Streamed> {
  const digest = new RowsDigest();
  let rows = 0;
  const onRow = (values: readonly (string | null)[]): void => {
    rows += 1;
    digest.addTexts(values);
  };
  await session.run(plan.select, { onRow }, limits);
  return { rows, digest: digest.finish() };
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
async function streamRows({ session, limits, plan }: ProvenRead, onRow: (row: SourceRow) => void): Promise<Streamed> {
  const digest = new RowsDigest();
  let toRow: ((values: readonly (string | null)[]) => SourceRow) | undefined;
  let rows = 0;
  await session.run(
    plan.select,
    {
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
  return { rows, digest: digest.finish() };
}
