/**
 * How a worker with many nodes under way spares the servers: what shows the progress of one node wave by wave is paid for by all of them (an activity
 * and a workflow task for each wave, a status for each stop), and nobody watches hundreds of nodes one by one. Reasons and figures: docs/benchmarks.md.
 */
export interface Pace {
  /** How long what was learnt of a node may stay unsaid while more is to come, in milliseconds. */
  readonly silenceMilliseconds: number;
  /** Age of an activity, in milliseconds, up to which it goes on with the next wave itself; 0: every wave is an activity of its own. */
  readonly wavesMilliseconds: number;
}

/** As many nodes as a person may be looking at. */
const few = 16;
const shortSilence = 2_000;
/** A worker that goes through two hundred nodes at once has each of them under way for about that long. */
const longestSilence = 30_000;
/** With the longest `timeoutSeconds` (one hour) on top, less than what an activity may take. */
const longestWaves = 60_000;

/** The pace while this many passes of nodes are being executed by a worker. */
export function paceOf(passes: number): Pace {
  if (passes <= few) return { silenceMilliseconds: shortSilence, wavesMilliseconds: 0 };
  const silenceMilliseconds = Math.min(longestSilence, shortSilence + 150 * (passes - few));
  return { silenceMilliseconds, wavesMilliseconds: longestWaves };
}
