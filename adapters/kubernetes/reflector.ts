import { isLynqFailure, LynqFailure } from '../../domain/failures.ts';
import type { KindRef, Logger, Reflector, WatchEvent, WatchOptions, WatchState } from '../../domain/ports.ts';
import type { Discovery } from './discovery.ts';
import { describe } from './errors.ts';
import { listPages } from './list.ts';
import { locateList } from './locate.ts';
import type { Send } from './send.ts';
import { pauseAfter, type Backoff, type Timing } from './timing.ts';
import type { Transport } from './transport.ts';
import { readWatch, type WatchEnd } from './watch.ts';

export interface ReflectorLimits {
  readonly backoff: Backoff;
  /** Bounds of the length the server is asked to end a watch after, seconds; spread so that watches do not end together. */
  readonly seconds: readonly [number, number];
  /** Milliseconds without a byte after which a watch counts as dead. */
  readonly idle: number;
  /** Milliseconds after which everything is listed again, so that an event that was lost is made good. */
  readonly relist: number;
}

export const reflectorLimits: ReflectorLimits = {
  backoff: { first: 200, most: 5_000 },
  seconds: [240, 300],
  idle: 90_000,
  relist: 600_000,
};

export interface ReflectorParts {
  readonly send: Send;
  readonly transport: Transport;
  readonly discovery: Discovery;
  readonly timing: Timing;
  readonly logger: Logger;
  readonly limits?: ReflectorLimits;
  /** Told after each step how many in a row have given nothing; 0 also as soon as a watch is well again, and when the run ends. */
  readonly onFailures?: OnFailures;
}

/** `run` tells the runs of one kind apart. */
export type OnFailures = (kind: KindRef, failures: number, run: object) => void;

/**
 * LIST and WATCH on the API server. A list is delivered page by page, as `restarted`, its objects, `synced`; one that cannot be read to its end has no
 * `synced` and is followed by another `restarted`.
 */
export function createReflector(parts: ReflectorParts): Reflector {
  return {
    async run(kind, options, onEvent, signal) {
      const limits = parts.limits ?? reflectorLimits;
      const deliver = guarded(parts.logger, kind, onEvent);
      const run: Run = { ...parts, limits, kind, options: { ...options, signal }, deliver, signal };
      let state: RunState = { version: undefined, relistAt: 0, failures: 0 };
      while (!signal.aborted) {
        const outcome = await step(run, state);
        state = outcome.state;
        parts.onFailures?.(kind, state.failures, run);
        if (outcome.wait !== undefined && !signal.aborted) await pause(run, state.failures, outcome.wait);
      }
      parts.onFailures?.(kind, 0, run);
    },
  };
}

interface Run extends ReflectorParts {
  readonly limits: ReflectorLimits;
  readonly kind: KindRef;
  readonly options: WatchOptions;
  readonly deliver: (event: WatchEvent) => void;
  readonly signal: AbortSignal;
}

interface RunState {
  /** resourceVersion the next watch goes on from; without one the next step lists. */
  readonly version: string | undefined;
  /** When the next list is due, by the clock of the run. */
  readonly relistAt: number;
  /** Steps in a row that gave nothing. */
  readonly failures: number;
}

interface Wait {
  readonly why: string;
  /** The documents of the API server do not have the kind; a path that is not known may be a proxy's word. */
  readonly isMissing?: true;
  readonly atLeastSeconds?: number | undefined;
}

interface StepOutcome {
  readonly state: RunState;
  readonly wait?: Wait;
}

/** One list or one watch. Never fails: what went wrong becomes a wait. */
async function step(run: Run, state: RunState): Promise<StepOutcome> {
  try {
    const path = await locateList(run.discovery, run.kind, run.options);
    if (path === undefined) return unlisted(run, state, { why: 'unknown kind', isMissing: true });
    const due = state.version === undefined || run.timing.now() >= state.relistAt;
    return due ? await list(run, state, path) : await watch(run, state, path, state.version ?? '');
  } catch (error) {
    if (!run.signal.aborted) tell(run, stateAfter(error));
    if (!isLynqFailure(error)) return unlisted(run, state, { why: error instanceof Error ? error.name : 'unknown' });
    return unlisted(run, state, { why: error.type, atLeastSeconds: error.retryAfterSeconds });
  }
}

function tell({ options }: Run, state: WatchState): void {
  options.onState?.(state);
}

function stateAfter(error: unknown): WatchState {
  const isRefused = isLynqFailure(error) && error.type === 'ClusterForbidden';
  return isRefused ? { kind: 'refused', failure: error } : { kind: 'lost' };
}

/** A watch never throws, so what fails before or in a list means that there is none. */
function unlisted(run: Run, state: RunState, wait: Wait): StepOutcome {
  run.deliver({ kind: 'unlisted', ...(wait.isMissing === undefined ? {} : { missing: wait.isMissing }) });
  return failed(state, wait);
}

function failed(state: RunState, wait: Wait): StepOutcome {
  return { state: { ...state, failures: state.failures + 1 }, wait };
}

async function list(run: Run, state: RunState, path: string): Promise<StepOutcome> {
  const { send, kind, options } = run;
  const outcome = await listPages(
    { send, path, kind, options },
    {
      onStart: () => run.deliver({ kind: 'restarted' }),
      onPage: (items) => {
        for (const object of items) run.deliver({ kind: 'set', object });
      },
    },
  );
  if (outcome.kind === 'unknownPath') {
    run.discovery.forget(run.kind);
    return unlisted(run, { ...state, version: undefined }, { why: 'unknown kind' });
  }
  run.deliver({ kind: 'synced', version: outcome.resourceVersion });
  tell(run, { kind: 'well' });
  const relistAt = run.timing.now() + run.limits.relist * (0.9 + run.timing.random() / 5);
  return { state: { ...state, version: outcome.resourceVersion, relistAt } };
}

async function watch(run: Run, state: RunState, path: string, from: string): Promise<StepOutcome> {
  const [shortest, longest] = run.limits.seconds;
  const untilList = Math.ceil((state.relistAt - run.timing.now()) / 1_000);
  const seconds = Math.max(1, Math.min(untilList, Math.round(shortest + run.timing.random() * (longest - shortest))));
  const { kind, options, signal } = run;
  const started = run.timing.now();
  let reached = state;
  const request = { kind, path, options, version: from, seconds, idle: run.limits.idle, signal };
  const ended = new AbortController();
  const onLine: Parameters<typeof readWatch>[2] = (line) => {
    reached = { ...state, version: line.version, failures: 0 };
    if (line.kind === 'set' || line.kind === 'removed') run.deliver({ kind: line.kind, object: line.object });
  };
  const onOpen = (): void => {
    tell(run, { kind: 'well' });
    if (state.failures > 0) void tellSteady(run, ended.signal);
  };
  const end = await readWatch(run.transport, request, onLine, onOpen).finally(() => ended.abort());
  // A watch that ends at once, over and over, would otherwise be a loop without a pause.
  const lasted = run.timing.now() - started;
  const healthy = end.kind === 'closed' && lasted >= Math.min(run.limits.backoff.most, seconds * 900);
  return healthy ? { state: { ...reached, failures: 0 } } : brokenWatch(run, reached, end);
}

/** A watch in which nothing happens has no line for a minute and no end for five: one that stays open as long as the longest pause is well again. */
async function tellSteady(run: Run, ended: AbortSignal): Promise<void> {
  const open = await run.timing.sleep(run.limits.backoff.most, ended).then(
    () => !ended.aborted,
    () => false,
  );
  if (open) run.onFailures?.(run.kind, 0, run);
}

function brokenWatch(run: Run, reached: RunState, end: WatchEnd): StepOutcome {
  switch (end.kind) {
    case 'closed':
      return failed(reached, { why: 'closed at once' });
    case 'failed':
      tellFailed(run, reached, end.code);
      return failed(reached, { why: end.code, atLeastSeconds: end.retryAfterSeconds });
    case 'unknownPath':
      run.discovery.forget(run.kind);
      return failed({ ...reached, version: undefined }, { why: 'unknown kind' });
    case 'expired':
    case 'malformed':
      return failed({ ...reached, version: undefined }, { why: end.kind });
  }
}

/** Credentials that are not taken are asked for anew once; only then they are refused. */
function tellFailed(run: Run, { failures }: RunState, code: string): void {
  if (code === '401' && failures === 0) return;
  if (code !== '401' && code !== '403') return tell(run, { kind: 'lost' });
  const why = code === '401' ? 'The API server does not accept the credentials.' : 'The account may not watch this.';
  tell(run, {
    kind: 'refused',
    failure: new LynqFailure('ClusterForbidden', `${describe(run.kind)}: ${why}`, { code }),
  });
}

async function pause(run: Run, failures: number, wait: Wait): Promise<void> {
  const backoff = pauseAfter(failures, run.limits.backoff, () => run.timing.random());
  const milliseconds = Math.max((wait.atLeastSeconds ?? 0) * 1_000, backoff);
  run.logger.warn('watch waits', { ...run.kind, why: wait.why, failures, milliseconds: Math.round(milliseconds) });
  await run.timing.sleep(milliseconds, run.signal).catch(() => undefined);
}

/** A handler that throws is reported by the class of its error; its message may hold values. */
function guarded(logger: Logger, kind: KindRef, onEvent: (event: WatchEvent) => void): (event: WatchEvent) => void {
  return (event) => {
    try {
      onEvent(event);
    } catch (error) {
      const failure = isLynqFailure(error) ? error.type : error instanceof Error ? error.name : 'unknown';
      logger.error('watch handler failed', { ...kind, event: event.kind, failure });
    }
  };
}
