/**
 * Is it still the same source that answers? Another server, table or view definition may be a failover to a replica that lags, or a hub pointed
 * elsewhere; what such a source lacks is no proof that rows are gone. The change is believed after two further complete reads that are equal
 * (decisions.md section 3): that lack the same rows. Rows that come, and values that change, are no reason to doubt it; a table that is busy would never be
 * believed. A restart of the server changes nothing of the identity.
 */

/** Kept in the hub's status. Empty texts where there is nothing, so that a merge patch replaces every field. */
export interface SourceState {
  /** Hash of the source that is believed. */
  readonly identity: string;
  /** Hash of another source that has answered since; empty when none has. */
  readonly candidate: string;
  /** Hash of the rows with nodes that the candidate did not show last. */
  readonly candidateRows: string;
  /** Reads of the candidate that were equal to the one before. */
  readonly equalReads: number;
}

export interface SourceRead {
  readonly identity: string;
  /** Hash of the uids that have nodes and that the read showed neither active nor frozen. */
  readonly lacks: string;
}

export interface SourceVerdict {
  readonly kind: 'known' | 'changed';
  readonly state: SourceState;
}

/** Equal reads, after the first one, that make a new source the known one. */
export const confirmingReads = 2;

const settled = (identity: string): SourceVerdict => ({
  kind: 'known',
  state: { identity, candidate: '', candidateRows: '', equalReads: 0 },
});

/** Takes note of one complete read. The first source that a hub ever shows is believed: nothing is known that it could contradict. */
export function judgeSource(known: SourceState | undefined, read: SourceRead): SourceVerdict {
  if (known === undefined || known.identity === '' || known.identity === read.identity) return settled(read.identity);
  const isEqual = known.candidate === read.identity && known.candidateRows === read.lacks;
  const equalReads = isEqual ? known.equalReads + 1 : 0;
  if (equalReads >= confirmingReads) return settled(read.identity);
  return {
    kind: 'changed',
    state: { identity: known.identity, candidate: read.identity, candidateRows: read.lacks, equalReads },
  };
}
