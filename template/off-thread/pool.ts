import { Worker } from 'node:worker_threads';
import { offThreadLimits } from '../limits.ts';
import type { RenderResult } from '../form/render.ts';
import type { RenderAnswer, RenderRequest } from './messages.ts';

type Work = Omit<RenderRequest, 'id'>;

/** How a piece of work ended. */
export type PoolResult =
  | { readonly kind: 'rendered'; readonly result: RenderResult }
  | { readonly kind: 'too-slow' }
  | { readonly kind: 'crashed'; readonly reason: string };

interface Waiting {
  readonly work: Work;
  readonly done: (result: PoolResult) => void;
}

/** Of the sources a thread has to translate its modules itself; what is built can be started as it is. */
const entry = new URL(import.meta.url.endsWith('.ts') ? './entry.mjs' : './thread.js', import.meta.url);

/**
 * Threads that render, made when they are needed. A thread does one piece of work at a time; one that takes too long is ended and another
 * takes its place. Idle threads do not keep the process alive.
 */
export class RenderPool {
  readonly #queue: Waiting[] = [];
  readonly #idle: Worker[] = [];
  readonly #all = new Set<Worker>();
  readonly #timeMs: number;
  #ids = 0;

  constructor(timeMs: number = offThreadLimits.timeMs) {
    this.#timeMs = timeMs;
  }

  /** Never rejects. The time limit begins when a thread takes the work. */
  render(work: Work): Promise<PoolResult> {
    return new Promise((done) => {
      this.#queue.push({ work, done });
      this.#next();
    });
  }

  /** Ends all threads; work they have ends as crashed. A pool that is asked again makes new ones. */
  async close(): Promise<void> {
    await Promise.all(Array.from(this.#all, (thread) => thread.terminate()));
  }

  #next(): void {
    const thread = this.#queue.length === 0 ? undefined : (this.#idle.pop() ?? this.#start());
    const waiting = thread === undefined ? undefined : this.#queue.shift();
    if (thread !== undefined && waiting !== undefined) this.#give(thread, waiting);
  }

  #start(): Worker | undefined {
    if (this.#all.size >= offThreadLimits.threads) return undefined;
    const thread = new Worker(entry, { env: {}, stdin: false });
    this.#all.add(thread);
    thread.once('exit', () => this.#all.delete(thread));
    // An error ends the thread; whoever waits for it hears of it below.
    thread.on('error', () => undefined);
    return thread;
  }

  #give(thread: Worker, { work, done }: Waiting): void {
    this.#ids += 1;
    const id = this.#ids;
    const tooSlow = AbortSignal.timeout(this.#timeMs);
    let reason = 'the thread ended';
    const onAnswer = (answer: RenderAnswer): void => {
      if (answer.id !== id) return;
      const failed = 'error' in answer;
      finish(failed ? { kind: 'crashed', reason: answer.error } : { kind: 'rendered', result: answer.result }, true);
    };
    const onError = (error: unknown): void => {
      reason = error instanceof Error ? error.name : 'unknown';
    };
    const onExit = (): void => finish(tooSlow.aborted ? { kind: 'too-slow' } : { kind: 'crashed', reason }, false);
    const onSlow = (): void => void thread.terminate();
    const finish = (result: PoolResult, alive: boolean): void => {
      thread.off('message', onAnswer).off('error', onError).off('exit', onExit).unref();
      tooSlow.removeEventListener('abort', onSlow);
      if (alive) this.#idle.push(thread);
      else this.#all.delete(thread);
      done(result);
      this.#next();
    };
    thread.on('message', onAnswer).on('error', onError).on('exit', onExit).ref();
    tooSlow.addEventListener('abort', onSlow);
    thread.postMessage({ ...work, id } satisfies RenderRequest);
  }
}
