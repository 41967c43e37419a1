/** One sign of life. `working` comes at least every few seconds while a step lasts. Times in milliseconds. */
export interface Progress {
  readonly kind: 'started' | 'working' | 'finished';
  readonly phase: 'install' | 'start';
  readonly step: number;
  readonly of: number;
  readonly what: string;
  readonly detail: string;
  readonly elapsedMs: number;
}

export type OnProgress = (progress: Progress) => void;

/** One step of a phase: its place in the row and the words for it. */
export interface Step {
  readonly phase: Progress['phase'];
  readonly step: number;
  readonly of: number;
  readonly what: string;
}

const heartbeatMs = 5_000;

/**
 * Runs one step and reports its start, a heartbeat every 5 s with what `detail` says at that moment, and its end.
 * A failure is not reported here: the exception tells it.
 */
export async function withProgress<T>(
  onProgress: OnProgress,
  step: Step,
  work: (say: (detail: string) => void) => Promise<T>,
): Promise<T> {
  const startedAt = performance.now();
  let detail = '';
  const report = (kind: Progress['kind']): void =>
    onProgress({ ...step, kind, detail, elapsedMs: Math.round(performance.now() - startedAt) });
  report('started');
  const timer = setInterval(() => report('working'), heartbeatMs);
  try {
    const result = await work((text) => {
      detail = text;
    });
    report('finished');
    return result;
  } finally {
    clearInterval(timer);
  }
}

const verbs = {
  install: { started: 'installing', working: 'installing', finished: 'installed' },
  start: { started: 'starting', working: 'starting', finished: 'ready:' },
} satisfies Record<Progress['phase'], Record<Progress['kind'], string>>;

/** One plain line for a person, for example `[2/5] installing etcd v3.6.5 (12 s): 40 packages compiled`. */
export function progressLine(progress: Progress): string {
  const head = `[${progress.step}/${progress.of}] ${verbs[progress.phase][progress.kind]} ${progress.what}`;
  const time = progress.kind === 'started' ? '' : ` (${duration(progress.elapsedMs)})`;
  const tail = progress.kind === 'finished' || progress.detail === '' ? '' : `: ${progress.detail}`;
  return `${head}${time}${tail}`;
}

/** `0.4 s`, `12 s`, `3 m 05 s`. */
export function duration(ms: number): string {
  if (ms < 9_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  return `${Math.floor(seconds / 60)} m ${String(seconds % 60).padStart(2, '0')} s`;
}
