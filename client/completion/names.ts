import { listAt, textAt, type JsonObject } from '../../domain/api/json.ts';
import type { Completion } from '../command.ts';
import type { Context } from '../context.ts';
import { kinds, refOf } from '../kinds.ts';
import type { Candidate } from './protocol.ts';

/** Live names for a shell. The names of nodes are read without their content: a fleet has thousands. */

type Live = Exclude<Completion, 'files'>;

const finders = {
  hubs: async (context) => named(await list(context, kinds.hub)),
  forms: async (context) => named(await list(context, kinds.form)),
  nodes: (context) => nodeColumn(context, 'Name'),
  uids: (context) => nodeColumn(context, 'UID'),
  targets: async (context) => {
    const [hubs, uids, nodes] = await Promise.all([
      list(context, kinds.hub),
      nodeColumn(context, 'UID'),
      nodeColumn(context, 'Name'),
    ]);
    return [...named(hubs), ...uids, ...nodes];
  },
  pausable: async (context) => {
    const [hubs, forms, nodes] = await Promise.all([
      list(context, kinds.hub),
      list(context, kinds.form),
      nodeColumn(context, 'Name'),
    ]);
    return [...named(hubs), ...named(forms), ...nodes];
  },
  entries: (context, args) => entries(context, args.at(-1) ?? ''),
  namespaces: async (context) => {
    const cluster = await context.services.cluster();
    return named(await cluster.list({ apiVersion: 'v1', kind: 'Namespace' }, {}));
  },
  contexts: async (context) => (await context.services.contextNames()).map((value) => ({ value })),
} as const satisfies Record<Live, (context: Context, args: readonly string[]) => Promise<readonly Candidate[]>>;

export function findNames(context: Context, of: Live, args: readonly string[]): Promise<readonly Candidate[]> {
  return finders[of](context, args);
}

async function list(context: Context, kind: (typeof kinds)[keyof typeof kinds]): Promise<readonly JsonObject[]> {
  const cluster = await context.services.cluster();
  return cluster.list(kind, { namespace: await context.namespace() });
}

function named(objects: readonly JsonObject[]): readonly Candidate[] {
  return objects.flatMap((object) => {
    const value = textAt(object, 'metadata', 'name');
    return value === undefined ? [] : [{ value }];
  });
}

/** A column of the table of nodes, each text once; nothing where the CRD has no such column. */
async function nodeColumn(context: Context, column: string): Promise<readonly Candidate[]> {
  const tables = await context.services.tables();
  const { columns, rows } = await tables.read(kinds.node, { namespace: await context.namespace() });
  const place = columns.indexOf(column);
  const texts = rows.map(({ cells }) => cells[place]).filter((cell) => typeof cell === 'string');
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
