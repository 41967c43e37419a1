import { listAt, textAt, textMapAt } from '../../domain/api/json.ts';
import type { ServerTable } from '../../domain/ports.ts';
import type { Completion } from '../command.ts';
import type { Context } from '../context.ts';
import { kinds, type LynqKind, refOf } from '../kinds.ts';
import type { Candidate } from './protocol.ts';

/** Live names for a shell. The names of nodes are read without their content: a fleet has thousands. */

type Live = Exclude<Completion, 'files'>;

const namespaceKind = { apiVersion: 'v1', kind: 'Namespace' } as const;

const finders = {
  hubs: (context) => columns(context, [kinds.hub, 'Name']),
  forms: (context) => columns(context, [kinds.form, 'Name']),
  nodes: (context) => columns(context, [kinds.node, 'Name']),
  uids: (context) => columns(context, [kinds.node, 'UID']),
  targets: (context) => columns(context, [kinds.hub, 'Name'], [kinds.node, 'UID'], [kinds.node, 'Name']),
  pausable: (context) => columns(context, [kinds.hub, 'Name'], [kinds.form, 'Name'], [kinds.node, 'Name']),
  entries: (context, args) => entries(context, args.at(-1) ?? ''),
  revisions: (context, args) => revisions(context, args.at(-1) ?? ''),
  variables: (context, args) => variables(context, args.at(-1) ?? ''),
  columns: (context) => mappedNames(context),
  namespaces: async (context) => {
    const tables = await context.services.quickTables();
    return column(await tables.read(namespaceKind, {}), 'Name');
  },
  contexts: async (context) => (await context.services.contextNames()).map((value) => ({ value })),
} as const satisfies Record<Live, (context: Context, args: readonly string[]) => Promise<readonly Candidate[]>>;

export function findNames(context: Context, of: Live, args: readonly string[]): Promise<readonly Candidate[]> {
  return finders[of](context, args);
}

/** Columns of the tables of the namespace; a kind is read once. */
async function columns(
  context: Context,
  ...wanted: readonly (readonly [LynqKind, 'Name' | 'UID'])[]
): Promise<readonly Candidate[]> {
  const tables = await context.services.quickTables();
  const namespace = await context.namespace();
  const read = new Map<LynqKind, Promise<ServerTable>>();
  for (const [kind] of wanted) if (!read.has(kind)) read.set(kind, tables.read(kind, { namespace }));
  const found = await Promise.all(wanted.map(async ([kind, name]) => column((await read.get(kind)) ?? nothing, name)));
  return found.flat();
}

const nothing: ServerTable = { columns: [], rows: [] };

/** A column of a table, each text once; nothing where the table has no such column. */
function column(table: ServerTable, name: string): readonly Candidate[] {
  const place = table.columns.indexOf(name);
  const texts = table.rows.map(({ cells }) => cells[place]).filter((cell) => typeof cell === 'string');
  return [...new Set(texts)].map((value) => ({ value }));
}

async function entries(context: Context, node: string): Promise<readonly Candidate[]> {
  const cluster = await context.services.cluster();
  const object = await cluster.get(refOf(kinds.node, await context.namespace(), node));
  return listAt(object, 'status', 'resources').flatMap((entry) => {
    const [value, kind, name] = [textAt(entry, 'id'), textAt(entry, 'kind'), textAt(entry, 'name')];
    return value === undefined ? [] : [{ value, description: `${kind} ${name}` }];
  });
}

/** What undo takes: numbers first, since names differ only late. */
async function revisions(context: Context, form: string): Promise<readonly Candidate[]> {
  const { findRevisions } = await import('../rollout-form.ts');
  const found = await findRevisions(context, form);
  return [
    ...found.map(({ number, name }) => ({ value: String(number), description: name })),
    ...found.map(({ number, name }) => ({ value: name, description: `revision ${number}` })),
  ];
}

/** Variables of a form that may be overridden: those that its hub reads from columns. */
async function variables(context: Context, form: string): Promise<readonly Candidate[]> {
  const cluster = await context.services.cluster();
  const namespace = await context.namespace();
  const hub = textAt(await cluster.get(refOf(kinds.form, namespace, form)), 'spec', 'hubId');
  if (hub === undefined) return [];
  const object = await cluster.get(refOf(kinds.hub, namespace, hub));
  return Object.entries(textMapAt(object, 'spec', 'extraValueMappings')).map(([name, columnName]) => ({
    value: `${name}=`,
    description: `column ${columnName}`,
  }));
}

/** Columns that the hubs of the namespace read: which of them a file is of is not known yet. */
async function mappedNames(context: Context): Promise<readonly Candidate[]> {
  const cluster = await context.services.cluster();
  const hubs = await cluster.list(kinds.hub, { namespace: await context.namespace() });
  const mapped = hubs.flatMap((hub) =>
    ['valueMappings', 'extraValueMappings', 'secretValueMappings'].flatMap((mappings) =>
      Object.entries(textMapAt(hub, 'spec', mappings)),
    ),
  );
  const found = new Map(mapped.map(([variable, columnName]) => [columnName, variable]));
  return [...found].map(([columnName, variable]) => ({ value: `${columnName}=`, description: `variable ${variable}` }));
}
