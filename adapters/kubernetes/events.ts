import { LRUCache } from 'lru-cache';
import { isLynqFailure } from '../../domain/failures.ts';
import { hashText } from '../../domain/identity.ts';
import { managers } from '../../domain/keys.ts';
import { type JsonObject, numberAt } from '../../domain/api/json.ts';
import type { Clock, Cluster, EventNote, Events, Logger, ObjectRef } from '../../domain/ports.ts';
import { isoSeconds } from '../../domain/status.ts';

/**
 * Kubernetes Events of core/v1, which `kubectl describe` and the consumers of the Go operator read. The name of an Event follows from what it
 * says, so that the same note again, also after a restart, raises a count instead of making another object.
 */
export interface EventWriter extends Events {
  /** Notes that were not kept or not written so far. */
  dropped(): number;
  /** Writes what waits, for at most this time. */
  close(milliseconds: number): Promise<void>;
}

export interface EventLimits {
  /** Notes that may wait to be written. */
  readonly waiting: number;
  /** The same note within this time only counts. */
  readonly repeatMilliseconds: number;
  readonly requestMilliseconds: number;
}

export const eventLimits: EventLimits = {
  waiting: 5_000,
  repeatMilliseconds: 30_000,
  requestMilliseconds: 10_000,
};

export interface EventParts {
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits?: EventLimits;
}

const longestPauseMilliseconds = 1_000;
const longestMessage = 1_024;
const longestName = 253;
const rememberedNotes = 5_000;

interface Waiting {
  readonly note: EventNote;
  readonly at: Date;
  times: number;
}

export function createEvents(parts: EventParts): EventWriter {
  return new QueuedEvents(parts);
}

class QueuedEvents implements EventWriter {
  private readonly parts: EventParts;
  private readonly limits: EventLimits;
  private readonly queue = new Map<string, Waiting>();
  /** When a note was last written, and how often it was told since. */
  private readonly written = new LRUCache<string, { readonly at: number; since: number }>({ max: rememberedNotes });
  private writing: Promise<void> | undefined;
  private closing = false;
  private endPause: () => void = () => undefined;
  private lost = 0;
  private saidForbidden = false;
  private saidFull = false;

  constructor(parts: EventParts) {
    this.parts = parts;
    this.limits = parts.limits ?? eventLimits;
  }

  record(note: EventNote): void {
    const name = eventName(note);
    const at = this.parts.clock.now();
    const waiting = this.queue.get(name);
    const recent = this.written.get(name);
    if (waiting !== undefined) waiting.times += 1;
    else if (recent !== undefined && at.getTime() - recent.at < this.limits.repeatMilliseconds) recent.since += 1;
    else if (this.queue.size >= this.limits.waiting) this.drop();
    else this.queue.set(name, { note, at, times: 1 + (recent?.since ?? 0) });
    this.drain();
  }

  dropped(): number {
    return this.lost;
  }

  async close(milliseconds: number): Promise<void> {
    this.closing = true;
    this.endPause();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, milliseconds);
    });
    await Promise.race([late, this.flushed()]);
    clearTimeout(timer);
    this.lost += this.queue.size;
    this.queue.clear();
  }

  private async flushed(): Promise<void> {
    while (this.writing !== undefined) await this.writing;
  }

  private drop(): void {
    this.lost += 1;
    if (this.saidFull) return;
    this.saidFull = true;
    this.parts.logger.warn('events are dropped, more happens than can be written', { waiting: this.queue.size });
  }

  private drain(): void {
    this.writing ??= this.writeWaiting().finally(() => {
      this.writing = undefined;
      if (this.queue.size > 0) this.drain();
    });
  }

  /**
   * One after the other, as client-go's recorder does, each followed by a pause as long as it took: what is told of many nodes takes little from what is
   * done for them.
   */
  private async writeWaiting(): Promise<void> {
    for (const [name, waiting] of this.queue) {
      this.queue.delete(name);
      this.written.set(name, { at: this.parts.clock.now().getTime(), since: 0 });
      const began = performance.now();
      await this.send(name, waiting);
      if (!this.closing) await this.pause(performance.now() - began);
    }
  }

  private pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.min(milliseconds, longestPauseMilliseconds));
      this.endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Never fails: an Event that cannot be written is worth a count, nothing else. */
  private async send(name: string, waiting: Waiting): Promise<void> {
    try {
      const reason = await this.write(name, waiting);
      if (reason === undefined) return;
      this.lost += 1;
      if (reason === 'Forbidden') this.sayForbidden();
    } catch (error) {
      this.lost += 1;
      const failure = isLynqFailure(error) ? error.type : 'Internal';
      if (failure === 'ClusterForbidden') this.sayForbidden();
      else {
        const { reason, subject } = waiting.note;
        const { kind, namespace, name: of } = subject;
        this.parts.logger.info('an event could not be written', { kind, namespace, name: of, reason, failure });
      }
    }
  }

  private sayForbidden(): void {
    if (this.saidForbidden) return;
    this.saidForbidden = true;
    this.parts.logger.warn('events cannot be written, the account may not create, get and patch them');
  }

  /** Undefined when it is written, otherwise why not. */
  private async write(name: string, waiting: Waiting): Promise<string | undefined> {
    const ref = eventRef(waiting.note, name);
    const signal = AbortSignal.timeout(this.limits.requestMilliseconds);
    const options = { manager: managers.apply, signal };
    const made = await this.parts.cluster.create(ref, eventBody(ref, waiting), options);
    if (made.kind !== 'exists') return problemOf(made);
    const known = await this.parts.cluster.get(ref, signal);
    const count = (numberAt(known, 'count') ?? 1) + waiting.times;
    const body = { count, lastTimestamp: isoSeconds(waiting.at) };
    return problemOf(await this.parts.cluster.patch(ref, 'merge', body, options));
  }
}

function problemOf(result: Awaited<ReturnType<Cluster['create']>>): string | undefined {
  if (result.kind === 'ok') return undefined;
  return result.kind === 'refused' ? result.reason : result.kind;
}

function eventName({ subject, reporter, reason, message }: EventNote): string {
  const hash = hashText(JSON.stringify([subject.uid, reporter, reason, message]), 16);
  return `${subject.name.slice(0, longestName - hash.length - 1)}.${hash}`;
}

/** Events of cluster-scoped objects are kept in namespace `default`, as Kubernetes does. */
function eventRef({ subject }: EventNote, name: string): ObjectRef {
  return { apiVersion: 'v1', kind: 'Event', namespace: subject.namespace ?? 'default', name };
}

function eventBody(ref: ObjectRef, { note, at, times }: Waiting): JsonObject {
  const { apiVersion, kind, namespace, name, uid } = note.subject;
  const { message } = note;
  return {
    apiVersion: ref.apiVersion,
    kind: ref.kind,
    metadata: { name: ref.name, namespace: ref.namespace ?? '' },
    involvedObject: { apiVersion, kind, ...(namespace === undefined ? {} : { namespace }), name, uid },
    type: note.type,
    reason: note.reason,
    message: message.length <= longestMessage ? message : `${message.slice(0, longestMessage - 1)}…`,
    source: { component: note.reporter },
    reportingComponent: note.reporter,
    reportingInstance: '',
    firstTimestamp: isoSeconds(at),
    lastTimestamp: isoSeconds(at),
    count: times,
  };
}
