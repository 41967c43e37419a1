/**
 * Ids and their dependencies -> an order, or what is wrong with them (parity 3.9, 5.4; the whole chain of a cycle is named).
 * Deterministic: entries without an edge between them keep the order they were given in.
 */

export interface GraphEntry {
  readonly id: string;
  readonly dependIds: readonly string[];
}

export interface Graph {
  /** Every id after all ids it depends on. */
  readonly order: readonly string[];
  readonly dependencies: ReadonlyMap<string, readonly string[]>;
  readonly dependents: ReadonlyMap<string, readonly string[]>;
  /** Length of the longest chain: what an undisturbed run needs at least in steps. */
  readonly levels: number;
}

export type GraphProblem =
  | { readonly kind: 'empty'; readonly message: string }
  | { readonly kind: 'duplicate'; readonly id: string; readonly message: string }
  | { readonly kind: 'unknown'; readonly id: string; readonly dependId: string; readonly message: string }
  | { readonly kind: 'cycle'; readonly chain: readonly string[]; readonly message: string };

export type GraphResult =
  | { readonly ok: true; readonly graph: Graph }
  | { readonly ok: false; readonly problems: readonly GraphProblem[] };

function namingProblems(entries: readonly GraphEntry[]): readonly GraphProblem[] {
  const problems: GraphProblem[] = [];
  const seen = new Set<string>();
  for (const { id } of entries) {
    if (id === '') problems.push({ kind: 'empty', message: 'resource must have a non-empty ID' });
    else if (seen.has(id)) problems.push({ kind: 'duplicate', id, message: `duplicate resource ID: ${id}` });
    seen.add(id);
  }
  for (const { id, dependIds } of entries) {
    for (const dependId of dependIds.filter((dependency) => !seen.has(dependency))) {
      const message = `resource '${id}' depends on non-existent resource '${dependId}'`;
      problems.push({ kind: 'unknown', id, dependId, message });
    }
  }
  return problems;
}

/** Walks dependencies from an id that is on or before a cycle until an id repeats; the repeated part is the cycle. */
function cycleFrom(
  start: string,
  dependencies: ReadonlyMap<string, readonly string[]>,
  open: ReadonlySet<string>,
): readonly string[] {
  const path: string[] = [];
  let current: string | undefined = start;
  while (current !== undefined && !path.includes(current)) {
    path.push(current);
    current = dependencies.get(current)?.find((id) => open.has(id));
  }
  return current === undefined ? path : [...path.slice(path.indexOf(current)), current];
}

function invert(entries: readonly GraphEntry[]): ReadonlyMap<string, readonly string[]> {
  const dependents = new Map<string, string[]>(entries.map(({ id }) => [id, []]));
  for (const { id, dependIds } of entries)
    for (const dependency of new Set(dependIds)) dependents.get(dependency)?.push(id);
  return dependents;
}

/** Checks and orders the entries of a form or of a node's record. All naming problems are reported at once, a cycle only when names are right. */
export function buildGraph(entries: readonly GraphEntry[]): GraphResult {
  const problems = namingProblems(entries);
  if (problems.length > 0) return { ok: false, problems };

  const dependencies = new Map(entries.map(({ id, dependIds }) => [id, [...new Set(dependIds)]] as const));
  const level = new Map<string, number>();
  const open = new Set(dependencies.keys());
  const order: string[] = [];
  for (let progress = true; progress; ) {
    const free = [...open].filter((id) => dependencies.get(id)?.every((dependency) => !open.has(dependency)));
    for (const id of free)
      level.set(id, 1 + Math.max(0, ...(dependencies.get(id) ?? []).map((dep) => level.get(dep) ?? 0)));
    for (const id of free) open.delete(id);
    order.push(...free);
    progress = free.length > 0;
  }

  const [stuck] = open;
  if (stuck !== undefined) {
    const chain = cycleFrom(stuck, dependencies, open);
    return {
      ok: false,
      problems: [{ kind: 'cycle', chain, message: `circular dependency detected: ${chain.join(' -> ')}` }],
    };
  }
  return {
    ok: true,
    graph: { order, dependencies, dependents: invert(entries), levels: Math.max(0, ...level.values()) },
  };
}
