import { randomUUID } from 'node:crypto';
import { readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { type JsonObject, numberAt, textAt } from '../domain/api/json.ts';
import { managers } from '../domain/keys.ts';
import type { Cluster, Logger, ObjectRef, WriteResult } from '../domain/ports.ts';

/**
 * Watches that wake runs and follow hubs act on one worker at a time; activities run on all. The Lease only saves double work: a signal sent twice
 * or a schedule made twice changes nothing, so a short time with two holders is harmless.
 */

const durationSeconds = 15;
const renewMilliseconds = 4_000;
/** How long a worker that stops tries to let the Lease go, which runs out by itself otherwise. */
const farewellMilliseconds = 3_000;

export interface Leadership {
  /** Called when this worker begins and ceases to lead. */
  readonly onChange: (leading: boolean) => void;
}

/**
 * What the containers of one pod share and pods that share the network of their machine, and with it the name of the host, do not: only within it a
 * process id tells anything of a neighbour. `0` where the system has no such thing.
 */
function sandbox(): string {
  try {
    return /\d+/.exec(readlinkSync('/proc/self/ns/ipc'))?.[0] ?? '0';
  } catch {
    return '0';
  }
}

/** Who holds a Lease: the process of a host or pod, so that a restarted worker need not wait for its own dead predecessor. */
export function holderIdentity(): string {
  return `${hostname()}_${process.pid}_${sandbox()}_${randomUUID().slice(0, 8)}`;
}

function isDeadNeighbour(holder: string, own: string): boolean {
  const [host, pid, where] = holder.split('_');
  if (holder === own || host !== hostname() || where !== sandbox()) return false;
  if (Number(pid) === process.pid) return true;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ESRCH';
  }
}

/**
 * Whether the Lease may be taken: free, ours, held by a process of this host that no longer exists, or seen unchanged for longer than it lasts. The times in
 * it are by the clock of its holder, which nobody else may go by.
 */
export function isFree(lease: JsonObject | undefined, own: string, unchangedMilliseconds: number): boolean {
  const holder = textAt(lease, 'spec', 'holderIdentity') ?? '';
  if (holder === '' || holder === own || isDeadNeighbour(holder, own)) return true;
  const seconds = numberAt(lease, 'spec', 'leaseDurationSeconds') ?? durationSeconds;
  return unchangedMilliseconds > seconds * 1000;
}

function leaseBody(ref: ObjectRef, own: string, lease: JsonObject | undefined): JsonObject {
  const now = `${new Date().toISOString().slice(0, -1)}000Z`;
  const acquired = textAt(lease, 'spec', 'holderIdentity') === own ? textAt(lease, 'spec', 'acquireTime') : undefined;
  const version = textAt(lease, 'metadata', 'resourceVersion');
  return {
    apiVersion: ref.apiVersion,
    kind: ref.kind,
    metadata: {
      name: ref.name,
      namespace: ref.namespace,
      ...(version === undefined ? {} : { resourceVersion: version }),
    },
    spec: { holderIdentity: own, leaseDurationSeconds: durationSeconds, renewTime: now, acquireTime: acquired ?? now },
  };
}

/** What was last seen of the Lease, and since when, by a clock that nobody sets. */
interface Sight {
  readonly version: string | undefined;
  readonly since: number;
}

export interface LeaderParts {
  readonly cluster: Cluster;
  readonly namespace: string;
  /** Lease of this installation. */
  readonly lease: string;
  readonly identity: string;
  readonly logger: Logger;
}

/** Competes for the Lease until stopped, then lets it go. */
export class Leader {
  /** What it competes for; not there before the first worker of an installation leads. */
  readonly lease: ObjectRef;
  private readonly parts: LeaderParts;
  private readonly leadership: Leadership;
  private timer: NodeJS.Timeout | undefined;
  private leading = false;
  private sight: Sight | undefined;
  /** A write that would make the Lease ours has been sent, whatever became of it. */
  private mayHold = false;
  private competing: Promise<void> = Promise.resolve();
  private readonly stopping = new AbortController();

  constructor(parts: LeaderParts, leadership: Leadership) {
    this.parts = parts;
    this.leadership = leadership;
    this.lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', namespace: parts.namespace, name: parts.lease };
  }

  async start(): Promise<void> {
    this.competing = this.compete();
    await this.competing;
  }

  /** Never fails: what is not let go is free once it was not renewed for as long as it lasts. */
  async stop(): Promise<void> {
    this.stopping.abort();
    clearTimeout(this.timer);
    await this.competing;
    this.become(false);
    if (!this.mayHold) return;
    try {
      await this.release(AbortSignal.timeout(farewellMilliseconds));
    } catch (error) {
      this.parts.logger.warn('leader lease could not be let go and has to run out', { error: String(error) });
    }
  }

  private async release(signal: AbortSignal): Promise<void> {
    const lease = await this.parts.cluster.get(this.lease, signal);
    if (textAt(lease, 'spec', 'holderIdentity') !== this.parts.identity) return;
    await this.write(leaseBody(this.lease, '', lease), signal);
  }

  private async compete(): Promise<void> {
    const { signal } = this.stopping;
    if (signal.aborted) return;
    try {
      const leads = await this.take(signal);
      if (!signal.aborted) this.become(leads);
    } catch (error) {
      if (signal.aborted) return;
      this.parts.logger.warn('leader lease could not be renewed', { error: String(error) });
      this.become(false);
    }
    if (signal.aborted) return;
    this.timer = setTimeout(() => {
      this.competing = this.compete();
    }, renewMilliseconds);
  }

  /** Whether the Lease is ours now. */
  private async take(signal: AbortSignal): Promise<boolean> {
    const lease = await this.parts.cluster.get(this.lease, signal);
    if (!isFree(lease, this.parts.identity, this.unchangedMilliseconds(lease))) return false;
    this.mayHold = true;
    const result = await this.write(leaseBody(this.lease, this.parts.identity, lease), signal);
    return result.kind === 'ok';
  }

  private unchangedMilliseconds(lease: JsonObject | undefined): number {
    const version = textAt(lease, 'metadata', 'resourceVersion');
    const now = performance.now();
    if (this.sight === undefined || this.sight.version !== version) this.sight = { version, since: now };
    return now - this.sight.since;
  }

  private write(body: JsonObject, signal: AbortSignal): Promise<WriteResult> {
    const options = { manager: managers.apply, signal };
    const exists = textAt(body, 'metadata', 'resourceVersion') !== undefined;
    return exists
      ? this.parts.cluster.replace(this.lease, body, options)
      : this.parts.cluster.create(this.lease, body, options);
  }

  private become(leading: boolean): void {
    if (this.leading === leading) return;
    this.leading = leading;
    this.parts.logger.info(leading ? 'leading' : 'not leading');
    this.leadership.onChange(leading);
  }
}
