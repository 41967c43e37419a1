import type { RolloutWave, RolloutWaveStatus } from '../api/form.ts';
import type { JsonObject } from '../api/json.ts';
import { canonicalJson } from '../canonical.ts';
import { hashText } from '../identity.ts';

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
  /** Of a wave with a percentage: where its share ends, to be handed in again at the next look. */
  readonly share?: WaveShare;
}

type WaveShare = NonNullable<RolloutWaveStatus['share']>;

function matches(wave: RolloutWave, node: WaveMember): boolean {
  if (wave.uids !== undefined && !wave.uids.includes(node.uid)) return false;
  return Object.entries(wave.matchLabels ?? {}).every(([key, value]) => node.labels[key] === value);
}

const hashOf = (wave: RolloutWave): string => hashText(canonicalJson(wave as unknown as JsonObject), 10);

/** Where the share of a wave ends among nodes in the order of their uids. One that was fixed for the same wave before stays. */
function shareOf(
  wave: RolloutWave,
  matching: readonly WaveMember[],
  fixed: WaveShare | undefined,
): WaveShare | undefined {
  if (wave.percentage === undefined) return undefined;
  const of = hashOf(wave);
  if (fixed?.of === of) return fixed;
  const size = Math.ceil((matching.length * wave.percentage) / 100);
  return { of, last: matching[size - 1]?.uid ?? '' };
}

const byUid = (left: WaveMember, right: WaveMember): number => {
  if (left.uid !== right.uid) return left.uid < right.uid ? -1 : 1;
  return left.name < right.name ? -1 : 1;
};

/**
 * Divides nodes into waves: each takes, in the order of uids, its share of the nodes that match it and are not taken yet; what is left over is the
 * last wave. The same nodes and waves always give the same answer, so that a rollout goes on where it was after any restart. `fixed` are the shares of
 * an earlier look, by position: with them nodes that come or go meanwhile push no other node from one wave into another.
 */
export function assignWaves<T extends WaveMember>(
  nodes: readonly T[],
  waves: readonly RolloutWave[],
  fixed: readonly (WaveShare | undefined)[] = [],
): readonly AssignedWave<T>[] {
  let left = nodes.toSorted(byUid);
  const assigned = waves.map((wave, index) => {
    const matching = left.filter((node) => matches(wave, node));
    const share = shareOf(wave, matching, fixed[index]);
    const taken = share === undefined ? matching : matching.filter(({ uid }) => uid <= share.last);
    const names = new Set(taken.map(({ name }) => name));
    left = left.filter(({ name }) => !names.has(name));
    return {
      name: wave.name ?? String(index + 1),
      nodes: taken,
      soakSeconds: wave.soakSeconds ?? 0,
      maxFailures: wave.maxFailures,
      ...(share === undefined ? {} : { share }),
    };
  });
  return [
    ...assigned,
    { name: waves.length === 0 ? 'all' : 'rest', nodes: left, soakSeconds: 0, maxFailures: undefined },
  ];
}
