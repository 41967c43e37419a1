import { labels } from '../../domain/keys.ts';
import type { Reflector, WatchEvent, WatchState } from '../../domain/ports.ts';
import type { Digest, DigestStore } from './digest-store.ts';

/** One run of the reflector, in one version of the kind. */
interface Run {
  readonly apiVersion: string;
  readonly stop: AbortController;
  /** Resolves when the kind has been listed, here or by the run that took over, or could not be. */
  readonly tried: Promise<void>;
  readonly markTried: () => void;
}

export interface KindWatchParts<D extends Digest> {
  readonly kind: string;
  readonly store: DigestStore<D>;
  readonly reflector: Reflector;
  readonly signal: AbortSignal;
  readonly onListed: () => void;
  /** No version that was asked for is served; told again after each look. */
  readonly onMissing: () => void;
  /** The account may not list or watch it; told again after each try. */
  readonly onRefused: () => void;
}

/**
 * The watch of one kind, whatever its version: every version shows the same objects. One run at a time feeds the store. When the API server ceases to
 * serve its version, all versions that were asked for are tried until one of them can be listed, so that nobody has to ask again.
 */
export class KindWatch<D extends Digest> {
  readonly store: DigestStore<D>;
  private readonly parts: KindWatchParts<D>;
  private readonly asked = new Set<string>();
  private readonly runs = new Map<string, Run>();
  private readonly missing = new Set<Run>();
  private feeding: Run | undefined;

  constructor(parts: KindWatchParts<D>) {
    this.parts = parts;
    this.store = parts.store;
  }

  /** The version the store is fed in. */
  get version(): string | undefined {
    return this.feeding?.apiVersion;
  }

  /** Resolves when the kind has been listed, or could not be. */
  async ask(apiVersion: string): Promise<void> {
    this.asked.add(apiVersion);
    await (this.feeding ?? this.runIn(apiVersion)).tried;
  }

  stop(): void {
    for (const run of this.runs.values()) {
      this.end(run);
      run.markTried();
    }
  }

  private runIn(apiVersion: string): Run {
    const known = this.runs.get(apiVersion);
    if (known !== undefined) return known;
    let markTried: () => void = () => undefined;
    const tried = new Promise<void>((resolve) => {
      markTried = resolve;
    });
    const run: Run = { apiVersion, stop: new AbortController(), tried, markTried };
    this.runs.set(apiVersion, run);
    const { kind, reflector, signal } = this.parts;
    const either = AbortSignal.any([signal, run.stop.signal]);
    const onEvent = (event: WatchEvent): void => this.onEvent(run, event);
    const onState = (state: WatchState): void => this.onState(run, state);
    void reflector.run({ apiVersion, kind }, { labelSelector: labels.node, onState }, onEvent, either);
    return run;
  }

  private onEvent(run: Run, event: WatchEvent): void {
    if (run.stop.signal.aborted) return;
    if (event.kind !== 'unlisted' && this.feeding !== run) this.feedFrom(run);
    this.store.onEvent(event);
    if (event.kind === 'synced') this.parts.onListed();
    if (event.kind === 'synced' || event.kind === 'unlisted') run.markTried();
    if (event.kind === 'unlisted' && event.missing === true) this.lose(run);
  }

  /** Not a 401: that says nothing about the kind. */
  private onState(run: Run, state: WatchState): void {
    if (run.stop.signal.aborted || state.kind !== 'refused' || Number(state.failure.detail['code']) !== 403) return;
    if (this.feeding === undefined || this.feeding === run) this.parts.onRefused();
  }

  /** Events of two lists must not mix: what one of them has not shown would count as gone. */
  private feedFrom(run: Run): void {
    this.feeding = run;
    this.missing.delete(run);
    for (const other of this.runs.values()) {
      if (other === run) continue;
      this.end(other);
      void run.tried.then(other.markTried);
    }
  }

  private end(run: Run): void {
    run.stop.abort();
    this.runs.delete(run.apiVersion);
    this.missing.delete(run);
  }

  private lose(run: Run): void {
    this.missing.add(run);
    if (this.feeding !== undefined && this.feeding !== run) return;
    this.feeding = undefined;
    this.store.cease();
    for (const apiVersion of this.asked) this.runIn(apiVersion);
    if (this.missing.size === this.runs.size) this.parts.onMissing();
  }
}
