/** Order between forms: `spec.dependsOn` (decisions.md section 6). */

export interface OrderedForm {
  readonly name: string;
  /** Names of forms. */
  readonly dependsOn: readonly string[];
}

/** The shortest way from a form back to itself, the form at both ends; undefined when there is none. */
function wayBack(start: string, edges: ReadonlyMap<string, readonly string[]>): readonly string[] | undefined {
  const cameFrom = new Map<string, string>();
  const queue = [start];
  for (const current of queue) {
    for (const next of edges.get(current) ?? []) {
      if (next === start) return [...pathTo(current, start, cameFrom), start];
      if (cameFrom.has(next)) continue;
      cameFrom.set(next, current);
      queue.push(next);
    }
  }
  return undefined;
}

function pathTo(end: string, start: string, cameFrom: ReadonlyMap<string, string>): readonly string[] {
  const path = [end];
  for (let at = end; at !== start; path.unshift(at)) at = cameFrom.get(at) ?? start;
  return path;
}

/** The chain of each form that waits for itself: `[a, b, a]`. Forms that only wait for such a form are not in it. */
export function formCycles(forms: readonly OrderedForm[]): ReadonlyMap<string, readonly string[]> {
  const edges = new Map(forms.map(({ name, dependsOn }) => [name, dependsOn] as const));
  return new Map(
    forms.flatMap(({ name }) => {
      const chain = wayBack(name, edges);
      return chain === undefined ? [] : [[name, chain] as const];
    }),
  );
}

export function describeCycle(chain: readonly string[]): string {
  return `dependsOn forms a cycle: ${chain.join(' -> ')}`;
}

/** A node of the same row, as far as the order of removals needs it. */
export interface LeavingNode {
  readonly name: string;
  readonly form: string;
  readonly deleting: boolean;
  readonly dependsOn: readonly string[];
}

/**
 * Names of the nodes that have to be gone before a deleted one may begin: those being deleted themselves that depend on it. Nodes that wait for each
 * other (their forms were changed at different times) do not wait at all, since otherwise none would ever go.
 */
export function removalBlockers(self: LeavingNode, others: readonly LeavingNode[]): readonly string[] {
  const leaving = [self, ...others.filter(({ deleting }) => deleting)];
  const edges = new Map(leaving.map(({ form, dependsOn }) => [form, dependsOn] as const));
  const waitsFor = (from: string, to: string): boolean => {
    const seen = new Set([from]);
    for (const current of seen) for (const next of edges.get(current) ?? []) seen.add(next);
    return seen.has(to);
  };
  return others
    .filter(({ form, deleting, dependsOn }) => deleting && dependsOn.includes(self.form) && !waitsFor(self.form, form))
    .map(({ name }) => name)
    .toSorted();
}
