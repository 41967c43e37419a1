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

/** `place` is where the entry stands that a problem is about, counted from 0: its id may be that of another one too. */
export type GraphProblem =
  | { readonly kind: 'empty'; readonly place: number; readonly message: string }
  | { readonly kind: 'duplicate'; readonly id: string; readonly place: number; readonly message: string }
  | {
      readonly kind: 'unknown';
      readonly id: string;
      readonly place: number;
      readonly dependId: string;
      readonly message: string;
    }
  | { readonly kind: 'cycle'; readonly chain: readonly string[]; readonly message: string }
  | { readonly kind: 'tooMany'; readonly message: string }
  /** `id` is an entry at the end of a chain that is too long. */
  | { readonly kind: 'tooLong'; readonly id: string; readonly message: string };

/**
 * What a form may have at most: a node's record and status have to fit into one object of Kubernetes and into the payloads of Temporal (128 KiB), and
 * each link of a chain is a wave that waits for the one before it.
 */
export const graphLimits = { entries: 500, levels: 200 } as const;

export type GraphResult =
  | { readonly ok: true; readonly graph: Graph }
  | { readonly ok: false; readonly problems: readonly GraphProblem[] };

function namingProblems(entries: readonly GraphEntry[]): readonly GraphProblem[] {
  const problems: GraphProblem[] = [];
  const seen = new Set<string>();
  for (const [place, { id }] of entries.entries()) {
    if (id === '') problems.push({ kind: 'empty', place, message: 'resource must have a non-empty ID' });
    else if (seen.has(id)) problems.push({ kind: 'duplicate', id, place, message: `duplicate resource ID: ${id}` });
    seen.add(id);
  }
  for (const [place, { id, dependIds }] of entries.entries()) {
    for (const dependId of dependIds.filter((dependency) => !seen.has(dependency))) {
      const message = `resource '${id}' depends on non-existent resource '${dependId}'`;
      problems.push({ kind: 'unknown', id, place, dependId, message });
    }
  }
  return problems;
}

/** More cycles than anybody mends at one sitting; a form of 500 entries can have a hundred thousand. */
const namedCycles = 20;

interface Step {
  readonly id: string;
  readonly next: Iterator<string>;
}

/** Walks dependencies in depth: each that leads back to where the walk has come from closes a cycle, and without those there is none. */
function cyclesAmong(
  open: ReadonlySet<string>,
  dependencies: ReadonlyMap<string, readonly string[]>,
): readonly (readonly string[])[] {
  const cycles: (readonly string[])[] = [];
  const done = new Set<string>();
  const path: Step[] = [];
  const places = new Map<string, number>();
  const enter = (id: string): void => {
    places.set(id, path.length);
    path.push({ id, next: (dependencies.get(id) ?? []).values() });
  };
  for (const start of open) {
    if (!done.has(start)) enter(start);
    for (let step = path.at(-1); step !== undefined && cycles.length < namedCycles; step = path.at(-1)) {
      const { value: dependency, done: last } = step.next.next();
      if (last === true) {
        path.pop();
        places.delete(step.id);
        done.add(step.id);
      } else if (places.has(dependency)) {
        cycles.push([...path.slice(places.get(dependency)).map(({ id }) => id), dependency]);
      } else if (open.has(dependency) && !done.has(dependency)) enter(dependency);
    }
  }
  return cycles;
}

function invert(dependencies: ReadonlyMap<string, readonly string[]>): ReadonlyMap<string, readonly string[]> {
  const dependents = new Map<string, string[]>([...dependencies.keys()].map((id) => [id, []]));
  for (const [id, dependIds] of dependencies) for (const dependency of dependIds) dependents.get(dependency)?.push(id);
  return dependents;
}

interface Rounds {
  /** Ids by round: each round holds what is free once all earlier ones are done, in the order the ids were given in. */
  readonly rounds: readonly (readonly string[])[];
  /** Ids on a cycle or behind one. */
  readonly open: ReadonlySet<string>;
}

/** Every edge is looked at once, so that a chain of a thousand costs no more than a thousand. */
function sortIntoRounds(
  dependencies: ReadonlyMap<string, readonly string[]>,
  dependents: ReadonlyMap<string, readonly string[]>,
): Rounds {
  const place = new Map([...dependencies.keys()].map((id, index) => [id, index] as const));
  const missing = new Map([...dependencies].map(([id, dependIds]) => [id, dependIds.length] as const));
  const open = new Set(dependencies.keys());
  const rounds: (readonly string[])[] = [];
  let free: readonly string[] = [...open].filter((id) => missing.get(id) === 0);
  while (free.length > 0) {
    rounds.push(free);
    for (const id of free) open.delete(id);
    const touched = free.flatMap((id) => dependents.get(id) ?? []);
    for (const id of touched) missing.set(id, (missing.get(id) ?? 0) - 1);
    const next = new Set(touched.filter((id) => missing.get(id) === 0));
    free = [...next].toSorted((left, right) => (place.get(left) ?? 0) - (place.get(right) ?? 0));
  }
  return { rounds, open };
}

/** Dependencies by id, as far as both ends are there; entries of one id count together. */
function edgesOf(entries: readonly GraphEntry[]): ReadonlyMap<string, readonly string[]> {
  const edges = new Map(entries.map(({ id }) => [id, new Set<string>()] as const));
  for (const { id, dependIds } of entries)
    for (const dependId of dependIds) if (edges.has(dependId)) edges.get(id)?.add(dependId);
  return new Map([...edges].map(([id, dependIds]) => [id, [...dependIds]] as const));
}

/** Checks and orders entries. Everything that is wrong is reported at once, cycles also beside names that are wrong. */
export function buildGraph(entries: readonly GraphEntry[]): GraphResult {
  const dependencies = edgesOf(entries);
  const dependents = invert(dependencies);
  const { rounds, open } = sortIntoRounds(dependencies, dependents);
  const cycles = cyclesAmong(open, dependencies).map((chain): GraphProblem => {
    return { kind: 'cycle', chain, message: `circular dependency detected: ${chain.join(' -> ')}` };
  });
  const problems = [...namingProblems(entries), ...cycles];
  if (problems.length > 0) return { ok: false, problems };
  return { ok: true, graph: { order: rounds.flat(), dependencies, dependents, levels: rounds.length } };
}

function sizeProblem({ length }: readonly GraphEntry[]): readonly GraphProblem[] {
  if (length <= graphLimits.entries) return [];
  const message = `TooManyResources: ${length} resources in one form, at most ${graphLimits.entries}`;
  return [{ kind: 'tooMany', message }];
}

/** The first entry, in order, that is further from the beginning of its chain than a chain may be long. */
function lengthProblem({ order, dependencies, levels }: Graph): readonly GraphProblem[] {
  if (levels <= graphLimits.levels) return [];
  const depths = new Map<string, number>();
  for (const id of order)
    depths.set(id, 1 + Math.max(0, ...(dependencies.get(id) ?? []).map((needed) => depths.get(needed) ?? 0)));
  const id = order.find((one) => (depths.get(one) ?? 0) > graphLimits.levels) ?? '';
  const message = `ChainTooLong: ${levels} resources that depend on one another in a row, at most ${graphLimits.levels}; '${id}' is one too many`;
  return [{ kind: 'tooLong', id, message }];
}

/** As `buildGraph`, for the entries of a form: what is larger than a node can be has no graph. */
export function formGraph(entries: readonly GraphEntry[]): GraphResult {
  const result = buildGraph(entries);
  const problems = [...sizeProblem(entries), ...(result.ok ? lengthProblem(result.graph) : result.problems)];
  return problems.length === 0 ? result : { ok: false, problems };
}
