import type { RolloutWave } from '../api/form.ts';

/** What decides to which wave a node belongs. */
export interface WaveMember {
  readonly name: string;
  /** uid of the row. */
  readonly uid: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface AssignedWave<T extends WaveMember> {
  readonly name: string;
  /** In the order in which they change: by uid. */
  readonly nodes: readonly T[];
  readonly soakSeconds: number;
  readonly maxFailures: number | undefined;
}

function matches(wave: RolloutWave, node: WaveMember): boolean {
  if (wave.uids !== undefined && !wave.uids.includes(node.uid)) return false;
  return Object.entries(wave.matchLabels ?? {}).every(([key, value]) => node.labels[key] === value);
}

function shareOf(wave: RolloutWave, matching: number): number {
  return wave.percentage === undefined ? matching : Math.ceil((matching * wave.percentage) / 100);
}

const byUid = (left: WaveMember, right: WaveMember): number => {
  if (left.uid !== right.uid) return left.uid < right.uid ? -1 : 1;
  return left.name < right.name ? -1 : 1;
};

/**
 * Divides nodes into waves: each takes, in the order of uids, its share of the nodes that match it and are not taken yet; what is left over is the
 * last wave. The same nodes and waves always give the same answer, so that a rollout goes on where it was after any restart.
 */
export function assignWaves<T extends WaveMember>(
  nodes: readonly T[],
  waves: readonly RolloutWave[],
): readonly AssignedWave<T>[] {
  let left = nodes.toSorted(byUid);
  const assigned = waves.map((wave, index) => {
    const matching = left.filter((node) => matches(wave, node));
    const taken = matching.slice(0, shareOf(wave, matching.length));
    const names = new Set(taken.map(({ name }) => name));
    left = left.filter(({ name }) => !names.has(name));
    return {
      name: wave.name ?? String(index + 1),
      nodes: taken,
      soakSeconds: wave.soakSeconds ?? 0,
      maxFailures: wave.maxFailures,
    };
  });
  return [
    ...assigned,
    { name: waves.length === 0 ? 'all' : 'rest', nodes: left, soakSeconds: 0, maxFailures: undefined },
  ];
}
