import { type Json, type JsonObject, textAt } from '../../domain/api/json.ts';
import type { InventoryEntry, LynqNodeStatus, ResourceStatus } from '../../domain/api/node.ts';
import { canonicalJson } from '../../domain/canonical.ts';
import { type DesiredChild, describeRef, intendedRecord, refKey } from '../../domain/child.ts';
import { LynqFailure } from '../../domain/failures.ts';
import { ownedFieldsHash } from '../../domain/owned-fields.ts';
import { childDigest } from '../../domain/node-digest.ts';
import {
  type Attempt as FailedAttempt,
  childSignature,
  type EntryVerdict,
  type Observation,
  planWave,
} from '../../domain/node-plan.ts';
import { nodeStatus } from '../../domain/status.ts';
import type { Deps } from '../deps.ts';
import type { NodePass } from './gather.ts';
import { recordByRef } from './gather.ts';
import { watchedObservation } from './observe.ts';
import type { Fight, Repairs } from './repairs.ts';

const quickRetries = 5;
const longestSilenceMilliseconds = 2_000;

/** The mutable view of one pass over its immutable plan. Lives for one activity attempt; what must survive is in the LynqNode's status. */
export class PassState {
  readonly pass: NodePass;
  readonly children: readonly DesiredChild[];
  /** By coordinates. Holds entries of earlier forms too, until they are cleaned up. */
  readonly record: Map<string, InventoryEntry>;
  readonly observed = new Map<string, Observation>();
  readonly attempts = new Map<string, FailedAttempt>();
  /** Writes of this pass that have not led to readiness yet: their readiness clock started then. */
  readonly appliedAt = new Map<string, Date>();
  readonly forced: Set<string>;
  private readonly comparedAt: Date | undefined;
  private readonly collisions = new Map<string, number>();
  private readonly previous: ReadonlyMap<string, ResourceStatus>;
  private readonly repairs: Repairs;
  private status: LynqNodeStatus | undefined;
  /** Since when there may be something to say that was not urgent. */
  private quietSince: Date | undefined;

  constructor(deps: Deps, pass: NodePass, force: boolean) {
    this.pass = pass;
    this.repairs = deps.repairs;
    this.status = pass.node.status;
    this.children = [...pass.entries.values()].flatMap((entry) => (entry.kind === 'desired' ? [entry.child] : []));
    this.comparedAt = comparedAt(deps, this.children);
    this.record = new Map(recordByRef(pass.node.status?.inventory ?? []));
    this.previous = new Map((pass.node.status?.resources ?? []).map((resource) => [resource.id, resource]));
    this.forced = new Set(force ? this.children.map(({ id }) => id) : []);
    for (const child of this.children) {
      if (deps.children.get(child.ref) !== undefined) deps.children.judge(child.ref, pass.readyWhen.get(child.id));
      this.observed.set(child.id, watchedObservation(deps, child, this.recordOf(child)));
    }
  }

  recordOf(child: DesiredChild): InventoryEntry | undefined {
    return this.record.get(refKey(child.ref));
  }

  child(id: string): DesiredChild | undefined {
    const entry = this.pass.entries.get(id);
    return entry?.kind === 'desired' ? entry.child : undefined;
  }

  /** Records of objects that the present form does not name any more. */
  leftovers(): readonly InventoryEntry[] {
    const wanted = new Set(this.children.map(({ ref }) => refKey(ref)));
    const broken = new Set(
      [...this.pass.entries.values()].flatMap((entry) => (entry.kind === 'broken' ? [entry.entry.id] : [])),
    );
    return [...this.record].flatMap(([key, entry]) => (wanted.has(key) || broken.has(entry.id) ? [] : [entry]));
  }

  verdicts(now: Date): ReadonlyMap<string, EntryVerdict> {
    const verdicts = this.plan(now);
    for (const [id, { status }] of verdicts) if (status.state === 'Ready') this.appliedAt.delete(id);
    return verdicts;
  }

  private plan(now: Date): ReadonlyMap<string, EntryVerdict> {
    return planWave({
      graph: this.pass.graph,
      entries: this.pass.entries,
      observed: this.observed,
      baselines: this.baselines(),
      attempts: this.attempts,
      previous: this.reported(),
      inputChanged: this.pass.node.status?.observedInput !== this.pass.inputHash,
      appliedAt: this.appliedAt,
      forced: this.forced,
      fights: this.fights(now),
      now,
    });
  }

  /** What this pass saw of each child, for the watches. */
  seen(): ReadonlyMap<string, string> {
    return new Map(
      this.children.flatMap((child) => {
        const observation = this.observed.get(child.id);
        return observation?.kind === 'ours' ? [[refKey(child.ref), childSignature(observation.digest)] as const] : [];
      }),
    );
  }

  /** An object on record without a baseline was written by an attempt that could not report it: it is written once more to have one. */
  private baselines(): ReadonlyMap<string, string> {
    return new Map(
      this.children.flatMap((child) => {
        const record = this.recordOf(child);
        return record?.uid === undefined ? [] : [[child.id, record.baseline ?? ''] as const];
      }),
    );
  }

  private fights(now: Date): ReadonlyMap<string, Fight> {
    return new Map(
      this.children.flatMap((child) => {
        const fight = this.repairs.fight(child, now);
        return fight === undefined ? [] : [[child.id, fight] as const];
      }),
    );
  }

  /** States as they were last written: the start of clocks. */
  private reported(): ReadonlyMap<string, ResourceStatus> {
    const written = this.status?.resources;
    return written === undefined ? this.previous : new Map(written.map((resource) => [resource.id, resource]));
  }

  /** Puts every desired object on record before anything is applied; true when the record grew or changed. */
  recordIntent(): boolean {
    let changed = false;
    for (const child of this.children) {
      const key = refKey(child.ref);
      const known = this.record.get(key);
      const intended = recordFor(child, known);
      if (known !== undefined && canonicalJson(known) === canonicalJson(intended)) continue;
      this.record.set(key, intended);
      changed = true;
    }
    return changed;
  }

  /** Takes in what the server answered to a write. */
  recordWrite(child: DesiredChild, object: JsonObject, now: Date): void {
    const uid = textAt(object, 'metadata', 'uid');
    const baseline = ownedFieldsHash(object);
    const intended = intendedRecord(child);
    this.record.set(refKey(child.ref), {
      ...intended,
      ...(uid === undefined ? {} : { uid }),
      ...(baseline === undefined ? {} : { baseline }),
    });
    this.observed.set(child.id, { kind: 'ours', digest: childDigest(object, this.pass.readyWhen.get(child.id)) });
    this.attempts.delete(child.id);
    this.appliedAt.set(child.id, now);
    this.forced.delete(child.id);
  }

  /** The object changed between the look and the write. That it does so again and again means that someone else decides over it. */
  lookAgain(child: DesiredChild): void {
    const times = (this.collisions.get(child.id) ?? 0) + 1;
    this.collisions.set(child.id, times);
    this.observed.set(child.id, { kind: 'unread' });
    if (times <= quickRetries) return;
    const { namespace, name } = this.pass.identity;
    const message = `${describeRef(child.ref)} of LynqNode ${namespace}/${name} keeps changing while it is written`;
    throw new LynqFailure('ClusterStale', message, { namespace, node: name, resource: child.id });
  }

  /** An object of ours was found that needs no write: its uid belongs in the record. */
  recordFound(child: DesiredChild, uid: string): void {
    const known = this.recordOf(child);
    if (known?.uid === uid) return;
    this.record.set(refKey(child.ref), { ...intendedRecord(child), uid });
  }

  /** What the form says of an object on record holds from now on, whether or not the object has to be written for it. */
  private followForm(): void {
    for (const child of this.children) {
      const known = this.recordOf(child);
      if (known?.uid !== undefined) this.record.set(refKey(child.ref), recordFor(child, known));
    }
  }

  statusNow(verdicts: ReadonlyMap<string, EntryVerdict>, now: Date): LynqNodeStatus {
    this.followForm();
    const { overridden } = this.pass;
    const message = `overridden until cleared or changed in the table: ${overridden.join(', ')}`;
    const override = { type: 'Overridden', status: 'True' as const, reason: 'ScaleOverride', message };
    return nodeStatus({
      previous: this.status,
      generation: this.pass.node.metadata.generation ?? 0,
      resources: [...verdicts.values()].map(({ status }) => status),
      inventory: [...this.record.values()],
      observedInput: this.pass.inputHash,
      comparedAt: this.comparedAt,
      extra: overridden.length > 0 ? [override] : [],
      now,
    });
  }

  /** The status as it was read, or last taken to be written. */
  writtenStatus(): LynqNodeStatus | undefined {
    return this.status;
  }

  /** Whether what is to be said cannot wait a moment: the record changed, or the last status claims a readiness that is gone. */
  isUrgent(verdicts: ReadonlyMap<string, EntryVerdict>, now: Date): boolean {
    this.quietSince ??= now;
    if (now.getTime() - this.quietSince.getTime() > longestSilenceMilliseconds) return true;
    const before = this.status;
    const status = this.statusNow(verdicts, now);
    if (isReady(before) && !isReady(status)) return true;
    return canonicalJson(toJson(before?.inventory ?? [])) !== canonicalJson(toJson(status.inventory ?? []));
  }

  /** The status to write, or undefined when the last one still says it. Wording of a wait alone is not a change. */
  takeChangedStatus(verdicts: ReadonlyMap<string, EntryVerdict>, now: Date): LynqNodeStatus | undefined {
    const status = this.statusNow(verdicts, now);
    this.quietSince = undefined;
    if (this.status !== undefined && essence(this.status) === essence(status)) return undefined;
    this.status = status;
    return status;
  }
}

/** The record of a child as its form has it, with what is known of the object. */
function recordFor(child: DesiredChild, known: InventoryEntry | undefined): InventoryEntry {
  return {
    ...intendedRecord(child),
    ...(known?.uid === undefined ? {} : { uid: known.uid }),
    ...(known?.baseline === undefined ? {} : { baseline: known.baseline }),
  };
}

function isReady(status: LynqNodeStatus | undefined): boolean {
  return (status?.conditions ?? []).some(({ type, status: value }) => type === 'Ready' && value === 'True');
}

/** Since when all objects of these kinds have been compared with a complete list. */
function comparedAt(deps: Deps, children: readonly DesiredChild[]): Date | undefined {
  const times = children.map(({ ref }) => deps.children.listedAt(ref)?.getTime() ?? Number.NaN);
  const oldest = Math.min(...times);
  return Number.isFinite(oldest) ? new Date(oldest) : undefined;
}

/** Plain JSON without absent members. */
function toJson(value: unknown): Json {
  return JSON.parse(JSON.stringify(value)) as Json;
}

/**
 * What makes a status worth a write: why exactly something is on its way changes all the time, and is told with the next real change, as is the time
 * of the last full comparison.
 */
function essence(status: LynqNodeStatus): string {
  const resources = (status.resources ?? []).map(({ id, state, reason }) => ({
    id,
    state,
    reason: state === 'Progressing' ? '' : reason,
  }));
  const conditions = (status.conditions ?? []).map(({ type, status: value, reason, message }) => ({
    type,
    value,
    reason,
    message,
  }));
  return canonicalJson(toJson({ ...status, resources, conditions, lastFullReconcileAt: undefined }));
}
