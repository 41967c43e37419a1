import { type JsonObject, textAt } from '../../domain/api/json.ts';
import type { CreationAttempt, InventoryEntry, LynqNodeStatus, ResourceStatus } from '../../domain/api/node.ts';
import type { BlockedLeftover } from '../../domain/blocked-cleanup.ts';
import { canonicalJson } from '../../domain/canonical.ts';
import { type DesiredChild, intendedRecord, refKey } from '../../domain/child.ts';
import type { Creation } from '../../domain/creation.ts';
import { keyedHash } from '../../domain/hashes.ts';
import { hasLeftovers, leftoversOf } from '../../domain/leftovers.ts';
import { furtherConditions } from '../../domain/node-conditions.ts';
import { ownedFieldsHash } from '../../domain/owned-fields.ts';
import { childDigest } from '../../domain/node-digest.ts';
import {
  type Attempt as FailedAttempt,
  childSignature,
  type EntryVerdict,
  type Observation,
  planWave,
} from '../../domain/node-plan.ts';
import { paceOf } from '../../domain/pacing.ts';
import { nodeStatus } from '../../domain/status.ts';
import type { Deps } from '../deps.ts';
import { closedGate, type Gate, isUnstarted, presentCreation } from './first-start.ts';
import type { NodePass } from './gather.ts';
import { recordByRef } from './gather.ts';
import { Looks } from './looks.ts';
import { comparedAt, watchedObservation } from './observe.ts';
import {
  essence,
  intendedOver,
  isReady,
  markAfter,
  plainBaseline,
  recordFor,
  recordText,
  rewritable,
  unmarked,
  writtenBefore,
} from './pass-record.ts';
import type { Fight, Repairs } from './repairs.ts';
import type { Unsaid } from './unsaid.ts';

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
  readonly looks: Looks;
  readonly forced: Set<string>;
  /** What an object was refused for may be gone: refusals that stand are tried again in this pass. */
  refusalsLifted = false;
  /** Leftovers that were asked to go and cannot; undefined while none was asked. */
  blocked: readonly BlockedLeftover[] | undefined;
  private readonly comparedAt: Date | undefined;
  readonly begunAt: Date;
  /** The creation this pass is part of, if its form asks for that. */
  creation: Creation;
  private readonly deps: Deps;
  private readonly previous: ReadonlyMap<string, ResourceStatus>;
  private readonly repairs: Repairs;
  /** What the LynqNode says, as it was read or last taken to be written. */
  private said: LynqNodeStatus | undefined;
  /** The same with what is not written yet: where this pass, or the wave before it, has got to. */
  private status: LynqNodeStatus | undefined;
  /** Since when there may be something to say that was not urgent. */
  private quietSince: Date | undefined;
  /** The record was behind the objects. */
  private isBehind = false;

  constructor(deps: Deps, read: NodePass, force: boolean, unsaid?: Unsaid) {
    const pass = unsaid === undefined ? read : { ...read, node: { ...read.node, status: unsaid.status } };
    this.pass = pass;
    this.repairs = deps.repairs;
    this.deps = deps;
    this.begunAt = deps.clock.now();
    this.creation = presentCreation(pass, force);
    this.said = read.node.status;
    this.status = pass.node.status;
    this.quietSince = unsaid?.since;
    this.children = [...pass.entries.values()].flatMap((entry) => (entry.kind === 'desired' ? [entry.child] : []));
    this.comparedAt = comparedAt(deps, this.children);
    this.record = new Map(recordByRef(pass.node.status?.inventory ?? pass.record));
    this.looks = new Looks(this.record);
    this.previous = new Map((pass.node.status?.resources ?? []).map((resource) => [resource.id, resource]));
    this.forced = new Set(force ? rewritable(this.children) : []);
    for (const child of this.children) {
      if (deps.children.get(child.ref) !== undefined) deps.children.judge(child.ref, pass.readyWhen.get(child.id));
      this.observed.set(child.id, watchedObservation(deps, pass, { child, record: this.recordOf(child) }));
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
    return leftoversOf(this.record, this.pass.entries);
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
      written: this.written(),
      reportDrift: this.pass.rules.driftPolicy === 'Report',
      gate: this.gate(),
      rolledBack: this.restsBecause(),
      attempts: this.attempts,
      previous: this.reported(),
      inputChanged: this.refusalsLifted || this.pass.node.status?.observedInput !== this.pass.inputHash,
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
        if (record?.uid === undefined) return [];
        return [[child.id, plainBaseline(record, this.observed.get(child.id), this.pass.hubKey)] as const];
      }),
    );
  }

  private written(): ReadonlyMap<string, string> {
    return new Map(
      this.children.flatMap((child) => {
        const applied = this.recordOf(child)?.applied;
        return applied === undefined ? [] : [[child.id, applied] as const];
      }),
    );
  }

  /** Why the node may not make its first object yet. */
  gate(): Gate | undefined {
    return this.isUnstarted() ? closedGate(this.deps, this.pass) : undefined;
  }

  /** Nothing was ever made for this node, nor is about to be. */
  isUnstarted(): boolean {
    return this.record.size === 0 && isUnstarted(this.pass);
  }

  private restsBecause(): { readonly message: string } | undefined {
    if (this.creation.kind !== 'rest' && this.creation.kind !== 'rollBack') return undefined;
    return { message: `creation was taken back: ${this.creation.attempt.message ?? ''}` };
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

  /**
   * Puts every desired object on record before anything is applied; true when the record grew or changed. An object that is proven absent and due now
   * is marked as the attempt's own.
   */
  recordIntent(due: readonly string[]): boolean {
    const making = new Set(this.creation.kind === 'create' ? due : []);
    let changed = false;
    for (const child of this.children) {
      const key = refKey(child.ref);
      const known = this.record.get(key);
      const isNew = making.has(child.id) && this.observed.get(child.id)?.kind === 'absent';
      const mark = isNew && this.creation.kind === 'create' ? { attempt: this.creation.attempt.id } : {};
      const intended = { ...recordFor(child, known), ...mark };
      if (known !== undefined && canonicalJson(known) === canonicalJson(intended)) continue;
      this.record.set(key, intended);
      changed = true;
    }
    return changed;
  }

  /** Takes in what the server answered to a write. */
  recordWrite(child: DesiredChild, object: JsonObject, now: Date): void {
    const uid = textAt(object, 'metadata', 'uid');
    const owned = ownedFieldsHash(object);
    const baseline = owned === undefined ? undefined : keyedHash(this.pass.hubKey, owned);
    this.record.set(refKey(child.ref), {
      ...intendedRecord(child),
      ...(uid === undefined ? {} : { uid }),
      ...(baseline === undefined ? {} : { baseline }),
      applied: child.hash,
      ...markAfter(this.recordOf(child), object),
    });
    this.observed.set(child.id, { kind: 'ours', digest: childDigest(object, this.pass.readyWhen.get(child.id)) });
    this.attempts.delete(child.id);
    this.appliedAt.set(child.id, now);
    this.forced.delete(child.id);
  }

  /** Entries are still to be written although nothing differs: until then the resync is not said to be done. */
  isForcing(): boolean {
    return this.forced.size > 0;
  }

  /** The object changed between the look and the write. @throws LynqFailure ClusterStale when it keeps doing so. */
  lookAgain(child: DesiredChild): void {
    this.observed.set(child.id, { kind: 'unread' });
    this.looks.collided(child, this.pass.identity);
  }

  /**
   * An object of ours was found whose uid belongs in the record. Whoever wrote it could not say so: that is said at once, so that processes which take
   * turns get on.
   */
  recordFound(child: DesiredChild, found: Extract<Observation, { kind: 'ours' }>): void {
    const known = this.recordOf(child);
    if (known?.uid === found.digest.uid) return;
    this.isBehind = true;
    const { attempt } = known ?? {};
    this.record.set(refKey(child.ref), {
      ...intendedOver(child, known),
      uid: found.digest.uid,
      ...writtenBefore(child, found, this.pass.hubKey),
      ...(attempt === undefined ? {} : { attempt }),
    });
  }

  /** Everything is done: from now on the node's objects are like those of any other node. */
  completeCreation(): void {
    this.creation = { kind: 'none' };
  }

  private attemptToReport(): CreationAttempt | undefined {
    return this.creation.kind === 'none' ? undefined : this.creation.attempt;
  }

  private inventory(): readonly InventoryEntry[] {
    const entries = [...this.record.values()];
    return this.creation.kind === 'none' ? entries.map(unmarked) : entries;
  }

  /** Whether the node is being deleted, or is another one now. */
  isLeaving({ nodes }: Deps): boolean {
    const { namespace, name, nodeUid } = this.pass.identity;
    const digest = nodes.get(namespace, name);
    return digest === undefined || digest.deleting || digest.nodeUid !== nodeUid;
  }

  /** What the form says of an object on record holds from now on, whether or not the object has to be written for it. */
  private followForm(): void {
    for (const child of this.children) {
      const known = this.recordOf(child);
      const isHeld = this.observed.get(child.id)?.kind === 'held';
      if (known?.uid !== undefined || isHeld) this.record.set(refKey(child.ref), recordFor(child, known));
    }
  }

  statusNow(verdicts: ReadonlyMap<string, EntryVerdict>, now: Date): LynqNodeStatus {
    this.followForm();
    const { blocked, pass, record } = this;
    return nodeStatus({
      previous: this.status,
      generation: this.pass.node.metadata.generation ?? 0,
      resources: [...verdicts.values()].map(({ status }) => status),
      inventory: this.inventory(),
      observedInput: this.isForcing() ? this.said?.observedInput : this.pass.inputHash,
      comparedAt: this.comparedAt,
      attempt: this.attemptToReport(),
      dependsOn: this.pass.rules.dependsOn,
      extra: furtherConditions(verdicts, {
        overridden: this.pass.overridden,
        creation: this.creation,
        gate: this.gate(),
        cleanup: { blocked, said: this.status?.conditions, isOpen: () => hasLeftovers(record, pass.entries) },
      }),
      now,
    });
  }

  /** The status as it was read, or last taken to be written. */
  writtenStatus(): LynqNodeStatus | undefined {
    return this.said;
  }

  /**
   * How much longer what is to be said may wait for more of the same, in milliseconds. Nothing when the last status claims a readiness that is gone,
   * or when it has waited for as long as an object may be on record without its uid.
   */
  patience(verdicts: ReadonlyMap<string, EntryVerdict>, now: Date): number {
    this.quietSince ??= now;
    if (this.isBehind || (isReady(this.said) && !isReady(this.statusNow(verdicts, now)))) return 0;
    return Math.max(0, this.quietSince.getTime() + paceOf(this.deps.runs.busy()).silenceMilliseconds - now.getTime());
  }

  /** Whether the record has what the LynqNode does not say. */
  hasUnsaidRecord(): boolean {
    return recordText(this.said?.inventory) !== recordText(this.inventory());
  }

  /** What the next wave goes on from without it having been written. */
  unsaid(verdicts: ReadonlyMap<string, EntryVerdict>, now: Date): Unsaid {
    return { said: this.said, status: this.statusNow(verdicts, now), since: this.quietSince };
  }

  /** The status to write, or undefined when the last one still says it. Wording of a wait alone is not a change. */
  takeChangedStatus(verdicts: ReadonlyMap<string, EntryVerdict>, now: Date): LynqNodeStatus | undefined {
    const status = this.statusNow(verdicts, now);
    this.quietSince = undefined;
    this.isBehind = false;
    if (this.said !== undefined && essence(this.said) === essence(status)) return undefined;
    this.said = status;
    this.status = status;
    return status;
  }
}
