import { setTimeout as sleep } from 'node:timers/promises';
import type { JsonObject } from '../../domain/api/json.ts';
import type { KindRef, ListOptions } from '../../domain/ports.ts';
import { ToolError } from '../demo/failure.ts';
import type { Session } from '../demo/session.ts';
import { seconds } from '../demo/text.ts';
import { workerLogTail, type WorkerProcess } from '../demo/worker-process.ts';

const deadlineMs = 900_000;

/** How a thing is recognized: its key once it is as wanted, and when it goes where that is what is waited for. */
export interface Recognition {
  readonly whenThere?: (object: JsonObject) => string | undefined;
  readonly whenGone?: (object: JsonObject) => string | undefined;
}

/** Waits, by watching, until each of a set of things has been seen in the wanted state. */
export class Arrivals {
  private readonly stop = new AbortController();
  private readonly missing: Set<string>;
  private readonly total: number;
  private readonly session: Session;
  private readonly recognition: Recognition;
  private signalDone: () => void = () => undefined;
  private readonly done: Promise<void>;

  constructor(session: Session, wanted: ReadonlySet<string>, recognition: Recognition) {
    this.session = session;
    this.missing = new Set(wanted);
    this.total = wanted.size;
    this.recognition = recognition;
    this.done = new Promise((resolve) => {
      this.signalDone = resolve;
    });
  }

  /** Returns when the first lists are there, so that no watch begins inside a measurement. */
  async watch(kinds: readonly KindRef[], options: ListOptions): Promise<void> {
    const { reflector } = this.session.opened;
    await Promise.all(
      kinds.map(
        (kind) =>
          new Promise<void>((resolve) => {
            void reflector.run(
              kind,
              options,
              (event) => {
                if (event.kind === 'set') this.see(this.recognition.whenThere?.(event.object));
                if (event.kind === 'removed') this.see(this.recognition.whenGone?.(event.object));
                if (event.kind === 'synced') resolve();
              },
              AbortSignal.any([this.stop.signal, this.session.signal]),
            );
          }),
      ),
    );
  }

  /** Resolves at the moment the last one arrives. Fails when the worker ends or after a quarter of an hour. */
  async complete(what: string, worker?: WorkerProcess): Promise<void> {
    const startedAt = performance.now();
    if (this.total === 0) this.signalDone();
    try {
      while ((await Promise.race([this.done.then(() => 'done'), sleep(200)])) !== 'done') {
        this.session.signal.throwIfAborted();
        const elapsed = performance.now() - startedAt;
        const state = `${this.total - this.missing.size} of ${this.total}`;
        const how = worker?.ended();
        if (how !== undefined || elapsed > deadlineMs) throw this.failure(`${what}: ${state}`, how, worker);
        this.session.printer.waiting(`${what}: ${state} (${seconds(elapsed)})`);
      }
    } finally {
      this.stop.abort();
    }
  }

  private see(key: string | undefined): void {
    if (key !== undefined && this.missing.delete(key) && this.missing.size === 0) this.signalDone();
  }

  private failure(state: string, how: string | undefined, worker: WorkerProcess | undefined): ToolError {
    const why = how === undefined ? `not within ${seconds(deadlineMs)}` : `the worker stopped (${how})`;
    return new ToolError(`${state}, ${why}`, {
      details: [
        `not there: ${[...this.missing].slice(0, 5).join(', ')}`,
        ...(worker === undefined ? [] : workerLogTail(worker.logFile)),
      ],
      fix: 'look into the logs in the data folder and start again',
    });
  }
}
