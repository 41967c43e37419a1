import { type MySqlReadPlan as ReadPlan, planRead } from '../../adapters/mysql/statement.ts';
import { type MappedColumn, mappedTo } from '../../adapters/sql/columns.ts';
import { LynqFailure } from '../../domain/failures.ts';
import { sourceBlock } from '../../domain/hub-source.ts';
import type { ReadProof, RowRequest, RowSource, SourceRow } from '../../domain/ports.ts';

/**
 * A database server that exists only in this process, behind the port of the real one and held to the same contract
 * (`test/contract/row-source.contract.ts`).
 */

export interface MemoryTable {
  readonly columns: readonly string[];
  /** Cells in the order of `columns`; null is NULL. */
  readonly rows: readonly (readonly (string | null)[])[];
}

export interface MemoryRowServer {
  readonly source: RowSource;
  /** By `database.table`. */
  readonly tables: Map<string, MemoryTable>;
  /** What the server expects and answers; change it at will, also while a read is under way. */
  readonly state: MemoryServerState;
  /** How many reads have begun. */
  reads(): number;
}

export interface MemoryServerState {
  host: string;
  port: number;
  username: string;
  password: string;
  /** Changes when another server answers at the same place. */
  serverId: string;
  warnings: readonly string[];
  /** A read fails with this before its first row. */
  failure: LynqFailure | undefined;
  /** The connection breaks at the next row. */
  isCut: boolean;
}

/** Rows between two turns of the event loop, so that timers and signals of a test get a chance. */
const rowsPerTurn = 100;

export function openInMemoryRowServer(change: Partial<MemoryServerState> = {}): MemoryRowServer {
  const tables = new Map<string, MemoryTable>();
  const state: MemoryServerState = {
    host: 'db.test',
    port: 3306,
    username: 'lynq_reader',
    password: 'secret',
    serverId: 'memory',
    warnings: [],
    failure: undefined,
    isCut: false,
    ...change,
  };
  let reads = 0;
  const source: RowSource = {
    async read(request, onRow) {
      reads += 1;
      const plan = planRead(request.spec);
      admit(request, state);
      const table = tableOf(tables, plan);
      const proof = proofOf(table, plan, state);
      const { known } = request;
      const isKnown = known?.digest === proof.digest && known?.identity === proof.identity;
      await deliver({ table, plan, request, state }, isKnown ? () => undefined : onRow);
      return isKnown ? { ...proof, unchanged: true } : proof;
    },
    async recheck(request) {
      const proof = await source.read(request, () => undefined);
      return proof.unchanged === true ? { kind: 'same', proof } : { kind: 'other' };
    },
    async retain() {},
    async close() {},
  };
  return { source, tables, state, reads: () => reads };
}

function admit({ spec, password, signal }: RowRequest, state: MemoryServerState): void {
  const { host, port, username } = sourceBlock(spec, 'mysql');
  if (signal.aborted) throw cancelled();
  if (host !== state.host || port !== state.port) {
    throw new LynqFailure('SourceUnreachable', `${host}:${port} cannot be reached`);
  }
  if (username !== state.username || password !== state.password) {
    throw new LynqFailure('SourceDenied', `${host}:${port} refused account ${username}`);
  }
  if (state.failure !== undefined) throw state.failure;
}

function cancelled(): LynqFailure {
  return new LynqFailure('SourceIncomplete', 'the read was cancelled');
}

function tableOf(tables: ReadonlyMap<string, MemoryTable>, plan: ReadPlan): MemoryTable {
  const name = `${plan.database}.${plan.table}`;
  const table = tables.get(name);
  if (table === undefined) throw new LynqFailure('SourceShapeWrong', `there is no table or view ${name}`);
  const missing = plan.columns.filter(({ column }) => !table.columns.includes(column));
  if (missing.length > 0) throw missingColumns(name, missing);
  return table;
}

function missingColumns(table: string, missing: readonly MappedColumn[]): LynqFailure {
  const named = missing.map((column) => `${column.column} (mapped to ${mappedTo(column)})`).join(', ');
  return new LynqFailure('SourceShapeWrong', `table ${table} has no column ${named}`);
}

interface Delivery {
  readonly table: MemoryTable;
  readonly plan: ReadPlan;
  readonly request: RowRequest;
  readonly state: MemoryServerState;
}

async function deliver({ table, plan, request, state }: Delivery, onRow: (row: SourceRow) => void): Promise<void> {
  for (const [index, cells] of table.rows.entries()) {
    if (index % rowsPerTurn === 0) await new Promise((resolve) => setImmediate(resolve));
    if (request.signal.aborted) throw cancelled();
    if (state.isCut) throw new LynqFailure('SourceUnreachable', 'the connection broke');
    onRow(toRow(table, plan, cells));
  }
}

function toRow(table: MemoryTable, plan: ReadPlan, cells: readonly (string | null)[]): SourceRow {
  const fixed = { uid: '', activate: '', hostOrUrl: '' };
  const extra: Record<string, string> = Object.create(null);
  for (const { column, meaning, variable } of plan.columns) {
    const text = cells[table.columns.indexOf(column)] ?? '';
    if (meaning === 'extra') extra[variable] = text;
    else fixed[meaning] = text;
  }
  return { ...fixed, extra };
}

function proofOf(table: MemoryTable, plan: ReadPlan, state: MemoryServerState): ReadProof {
  return {
    rows: table.rows.length,
    identity: JSON.stringify([state.serverId, plan.database, plan.table, table.columns]),
    digest: JSON.stringify(table.rows),
    warnings: state.warnings,
    insecure: true,
  };
}
