import { LynqFailure } from '../../domain/failures.ts';
import type { SourceRow } from '../../domain/ports.ts';
import { type CellReader, type MappedColumn, mappedTo, rowReader } from '../sql/columns.ts';
import { type Proof, type ProofSteps, prove, proveUnchanged, type RowsSeen } from '../sql/prove.ts';
import type { DriverRead } from '../sql/row-source.ts';
import { type Ask, askSession } from './ask.ts';
import { FramesDigest } from './frames-digest.ts';
import { readIdentity } from './identity.ts';
import { prepareSession } from './prepare.ts';
import type { Session } from './session.ts';
import type { MySqlReadPlan } from './statement.ts';
import { type ColumnShape, columnReader } from './value-text.ts';

/**
 * The read proof of decisions.md section 3. One connection, one read-only snapshot, one streamed SELECT; then, in the same snapshot,
 * no warning and COUNT(*) equal to the rows delivered. A proof is made only after the transaction has ended well: whatever goes wrong
 * before that is an error, and the caller throws away the rows it has seen. Only SELECT, SET, START TRANSACTION and COMMIT are sent.
 */
export type ProvenRead = DriverRead<Session, MySqlReadPlan>;

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
  const { plan } = read;
  const ask = askSession(read.session, read.limits);
  const server = await prepareSession(read.session, ask, read.statementTimeoutMs);
  await ask('START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY');
  const proof = await work({
    pass: () => passRows(read),
    stream: () => streamRows(read, onRow),
    confirm: (rows) => confirm(ask, plan, rows),
    describe: async () => {
      const { hash, engine } = await readIdentity(ask, plan, server.isMariaDb);
      return { identity: hash, warnings: [...server.warnings, ...engineWarning(plan, engine)] };
    },
  });
  await ask('COMMIT');
  return proof;
}

async function confirm(ask: Ask, plan: MySqlReadPlan, rows: number): Promise<void> {
  const serverWarnings = await askNumber(ask, 'SELECT @@warning_count');
  if (serverWarnings !== 0)
    throw incomplete(plan, `gave ${serverWarnings} warnings, see SHOW WARNINGS after the SELECT`);
  const counted = await askNumber(ask, plan.count);
  if (counted !== rows) throw incomplete(plan, `delivered ${rows} rows and counts ${counted}`);
}

async function passRows({ session, limits, plan }: ProvenRead): Promise<RowsSeen> {
  const digest = new FramesDigest();
  let rows = 0;
  let shown = true;
  await session.run(
    plan.select,
    {
      columns: plan.columns.length,
      onPacket(bytes, start, end) {
        rows += 1;
        digest.add(bytes, start, end);
        return false;
      },
      onRow: () => void (shown = false),
    },
    limits,
  );
  return { rows, digest: shown ? digest.finish() : undefined, warnings: [] };
}

function incomplete({ title }: MySqlReadPlan, what: string): LynqFailure {
  return new LynqFailure('SourceIncomplete', `the server ${what}, reading ${title}`, {
    table: title,
  });
}

async function askNumber(ask: Ask, sql: string): Promise<number> {
  const [row] = await ask(sql);
  return Number(row?.[0] ?? Number.NaN);
}

function engineWarning({ title }: MySqlReadPlan, engine: string | undefined): readonly string[] {
  if (engine === undefined || engine === 'InnoDB') return [];
  return [
    `table ${title} has engine ${engine}: it may have no snapshots, then a row that comes during a read delays the sync`,
  ];
}

/** Streams the table; each row is handed on as it arrives, so that memory holds one row and one network packet. */
async function streamRows({ session, limits, plan }: ProvenRead, onRow: (row: SourceRow) => void): Promise<RowsSeen> {
  const zeroDates = new Map<MappedColumn, number>();
  let toRow: ((values: readonly (Buffer | null)[]) => SourceRow) | undefined;
  const digest = new FramesDigest();
  let [rows, shown] = [0, 0];
  await session.run(
    plan.select,
    {
      columns: plan.columns.length,
      onPacket(bytes, start, end) {
        shown += 1;
        digest.add(bytes, start, end);
        return true;
      },
      onColumns(shapes) {
        if (shapes.length === plan.columns.length) toRow = rowReader(cellsOf(plan.columns, shapes, zeroDates));
      },
      onRow(values) {
        if (toRow === undefined || values.length !== plan.columns.length) throw incomplete(plan, 'sent other columns');
        rows += 1;
        onRow(toRow(values));
      },
    },
    limits,
  );
  if (toRow === undefined) throw incomplete(plan, 'sent no columns');
  return {
    rows,
    digest: shown === rows ? digest.finish() : undefined,
    warnings: [...zeroDates].map(([column, count]) => zeroDateWarning(column, count)),
  };
}

function zeroDateWarning(column: MappedColumn, count: number): string {
  return `column ${column.column} (mapped to ${mappedTo(column)}) has ${count} zero dates, read as empty text`;
}

function cellsOf(
  columns: readonly MappedColumn[],
  shapes: readonly ColumnShape[],
  zeroDates: Map<MappedColumn, number>,
): readonly CellReader<Buffer>[] {
  return columns.map((column, index) => {
    const onZeroDate = (): void => void zeroDates.set(column, (zeroDates.get(column) ?? 0) + 1);
    return { column, read: columnReader(shapes[index] ?? {}, onZeroDate) };
  });
}
