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
  /** Its Namespaces that wait for what others have in them, where nothing else of it can go before. */
  readonly heldUp?: readonly string[] | undefined;
  /** What it has on record. */
  readonly children?: ReadonlyMap<string, { readonly namespace?: string | undefined }>;
}

/**
 * Names of the nodes that have to be gone before a deleted one may begin: those being deleted themselves that depend on it. Nodes that wait for each
 * other do not wait at all, since otherwise none would ever go: their forms were changed at different times, or of the other one only a Namespace is left
 * that goes after what this one has in it.
 */
export function removalBlockers(self: LeavingNode, others: readonly LeavingNode[]): readonly string[] {
  const leaving = [self, ...others.filter(({ deleting }) => deleting)];
  return goingBefore(self, leaving)
    .filter((other) => !isHeldUpBy(other, self, leaving))
    .map(({ name }) => name)
    .toSorted();
}

/** Those of the nodes that the order of the forms has go first. */
function goingBefore(self: LeavingNode, leaving: readonly LeavingNode[]): readonly LeavingNode[] {
  const edges = new Map(leaving.map(({ form, dependsOn }) => [form, dependsOn] as const));
  const waitsFor = (from: string, to: string): boolean => {
    const seen = new Set([from]);
    for (const current of seen) for (const next of edges.get(current) ?? []) seen.add(next);
    return seen.has(to);
  };
  return leaving.filter(
    (other) => other !== self && other.dependsOn.includes(self.form) && !waitsFor(self.form, other.form),
  );
}

/** Whether a Namespace of a node waits for what another one has in it, or for one that waits for that other one. */
function isHeldUpBy(node: LeavingNode, other: LeavingNode, leaving: readonly LeavingNode[]): boolean {
  const awaited = new Set(usersOf(node, leaving));
  for (const current of awaited)
    for (const next of [...usersOf(current, leaving), ...goingBefore(current, leaving)]) awaited.add(next);
  return awaited.has(other);
}

function usersOf(node: LeavingNode, leaving: readonly LeavingNode[]): readonly LeavingNode[] {
  const { heldUp = [] } = node;
  if (heldUp.length === 0) return [];
  const isUser = ({ children }: LeavingNode): boolean =>
    [...(children?.values() ?? [])].some(({ namespace }) => namespace !== undefined && heldUp.includes(namespace));
  return leaving.filter((other) => other !== node && isUser(other));
}
