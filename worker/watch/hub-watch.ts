import type { FormRef as LimitedForm, HubRef } from '../../activities/contract.ts';
import type { FormRef } from '../../activities/hub/hubless-forms.ts';
import { type JsonObject, textAt } from '../../domain/api/json.ts';
import { notScheduled } from '../../domain/hub-status.ts';
import type { HubTiming } from '../../domain/hub-timing.ts';
import { apiVersion } from '../../domain/keys.ts';
import type { Clock, Logger, Reflector, WatchEvent } from '../../domain/ports.ts';
import type { ScheduleLook } from '../schedules.ts';
import { DigestStore } from './digest-store.ts';
import { FollowUps } from './follow-ups.ts';
import { type FormDigest, formDigest, type HubDigest, hubDigest } from './hub-digest.ts';
import { LostSyncs } from './lost-syncs.ts';
import { SeenVersion } from './seen-version.ts';
import { Tellers } from './tellers.ts';

/** What the hub watch does with what it sees. */
export interface HubReactions {
  /** As which this installation holds hubs. */
  readonly installation: string;
  /** Has the schedule of a hub as it is to be; `other` where another installation holds the hub. */
  ensure(hub: HubRef, timing: HubTiming): Promise<'made' | 'there' | 'other'>;
  /** Whether a holder, as a hub names it, is another installation that is alive. */
  isOthers(holder: string | undefined): Promise<boolean>;
  trigger(hub: HubRef): Promise<void>;
  /** A form with a rollout block was edited or told something: its run looks now, whatever its hub's syncs are doing. */
  rollout(form: LimitedForm): Promise<void>;
  remove(hub: HubRef): Promise<void>;
  /** Removes the schedules of hubs that went while nobody watched; these are all that there are. */
  removeOthers(hubs: readonly HubRef[]): Promise<void>;
  /** Temporal may have lost the hub's schedule, a worker that is gone may have had it, or a sync of it may hang. */
  look(hub: HubRef): Promise<ScheduleLook>;
  /** Why the schedule of a hub cannot be made; undefined when it can again. */
  scheduling(hub: HubRef, why: string | undefined): Promise<void>;
  /** A sync has been running for longer than syncs do; said once. */
  stuck(hub: HubRef, since: Date): Promise<void>;
  /** A form names a hub that is not known; true when that was proven and said on the form. */
  hubless(form: FormRef): Promise<boolean>;
  /** A schedule was lost: what is believed of runs is worth nothing. */
  onLost(): void;
}

type Haste = 'soon' | 'later';

const keyOf = (object: JsonObject): string =>
  `${textAt(object, 'metadata', 'namespace') ?? ''}/${textAt(object, 'metadata', 'name') ?? ''}`;

/** Several edits within this time give one reaction. */
const debounceMilliseconds = 100;
/** Of checks of hubs one after the other, after which the rest is left to the next round. */
const failuresInARow = 3;
const retryMilliseconds = 5_000;
/** What can wait is put together for so long. */
const collectMilliseconds = 3_000;
const systemClock: Clock = { now: () => new Date() };
/** A hub is told of a refusal at the second try, and should that have failed or its reason have changed, each time after so many more. */
const triesBetweenWords = 12;
/** How soon a schedule that Temporal lost is made again. */
const checkMilliseconds = 15_000;

/** Hubs and forms, watched: schedules follow the hubs, an edit of either starts a sync at once, and what a hub's status leaves open starts one later. */
export class HubWatch {
  private readonly reactions: HubReactions;
  private readonly logger: Logger;
  private readonly pending = new Map<string, NodeJS.Timeout>();
  private readonly stuckMilliseconds: number;
  private readonly followUps: FollowUps;
  private readonly lostSyncs = new LostSyncs();
  private readonly tellers: Tellers;
  private readonly clock: Clock;
  /** Hubs whose schedule is known to have been there. */
  private readonly scheduled = new Set<string>();
  /** How often in a row the schedule of a hub could not be made. */
  private readonly refusals = new Map<string, number>();
  private checking: NodeJS.Timeout | undefined;
  /** Hubs whose hanging sync was reported, with its beginning. */
  private readonly toldStuck = new Map<string, number>();
  /** Forms that were told that their hub does not exist, with what they were then. */
  private readonly toldHubless = new Map<string, string>();
  private readonly hubs = new DigestStore<HubDigest>({
    keyOf,
    digest: hubDigest,
    onChange: ({ before, after }) => this.onHub(before, after),
  });
  private readonly forms = new DigestStore<FormDigest>({
    keyOf,
    digest: formDigest,
    onChange: ({ before, after }) => this.onForm(before, after),
  });

  private readonly seen = new SeenVersion();

  constructor(reactions: HubReactions, logger: Logger, stuckMilliseconds: number, clock: Clock = systemClock) {
    this.reactions = reactions;
    this.logger = logger;
    this.stuckMilliseconds = stuckMilliseconds;
    this.clock = clock;
    this.followUps = new FollowUps(clock);
    this.tellers = new Tellers(reactions.installation);
  }

  async run(reflector: Reflector, signal: AbortSignal): Promise<void> {
    const everyMs = Math.min(checkMilliseconds, Math.max(1_000, this.stuckMilliseconds));
    this.checking = setInterval(() => {
      void this.checkSchedules();
      this.checkForms();
    }, everyMs);
    const watch = (kind: string, onEvent: (event: WatchEvent) => void) =>
      reflector.run({ apiVersion, kind }, {}, onEvent, signal);
    await Promise.all([
      watch('LynqHub', (event) => {
        this.hubs.onEvent(event);
        if (event.kind === 'synced') this.soon('schedules', () => this.removeOthers());
      }),
      watch('LynqForm', (event) => {
        this.seen.onEvent(event);
        this.forms.onEvent(event);
      }),
    ]);
  }

  close(): void {
    clearInterval(this.checking);
    for (const timer of this.pending.values()) clearTimeout(timer);
    this.pending.clear();
    this.followUps.close();
  }

  /** Whether gauges of a hub, its forms and its nodes are this installation's. */
  tells({ namespace, hub }: HubRef): boolean {
    return this.tellers.tells(this.hubs.get(`${namespace}/${hub}`)?.holder);
  }

  seenHubs(): readonly Pick<HubDigest, 'hub' | 'counts'>[] {
    return [...this.hubs.values()].filter(({ holder }) => this.tellers.tells(holder));
  }

  seenForms(): readonly Pick<FormDigest, 'form' | 'rollout'>[] {
    return [...this.forms.values()].filter(({ hub }) => this.tells(hub));
  }

  /** Up to where forms have been seen: whoever reads them because of what was seen here must see as much. */
  formsSeen(): string | undefined {
    return this.seen.get();
  }

  /** Starts a sync of a hub, if the hub exists. `later`: with what else is asked for in the next seconds. */
  request({ namespace, hub }: HubRef, haste: Haste = 'soon'): void {
    const key = `trigger ${namespace}/${hub}`;
    if (this.hubs.get(`${namespace}/${hub}`) === undefined || (haste === 'later' && this.pending.has(key))) return;
    const delay = haste === 'later' ? collectMilliseconds : debounceMilliseconds;
    this.soon(key, () => this.reactions.trigger({ namespace, hub }), delay);
  }

  /** The same for the hub that a form names now. */
  requestOfForm({ namespace, form }: FormRef, haste: Haste = 'soon'): void {
    const hub = this.forms.get(`${namespace}/${form}`)?.hub;
    if (hub !== undefined) this.request(hub, haste);
  }

  private removeOthers(): Promise<void> {
    return this.reactions.removeOthers([...this.hubs.values()].map(({ hub }) => hub));
  }

  /** What is refused for one hub holds up no other; a server that cannot be reached is not asked for each of them. */
  private async checkSchedules(): Promise<void> {
    let failures = 0;
    for (const digest of this.hubs.values()) {
      const { hub } = digest;
      try {
        await this.checkSchedule(digest);
        failures = 0;
      } catch (error) {
        this.logger.warn('schedule of a hub could not be checked', { ...hub, error: String(error) });
        failures += 1;
        if (failures >= failuresInARow) return;
      }
    }
  }

  private async checkSchedule(digest: HubDigest): Promise<void> {
    const { hub, holder, interval } = digest;
    const key = `${hub.namespace}/${hub.hub}`;
    // In another Temporal namespace its schedule would seem to be lost.
    const isOthers = await this.reactions.isOthers(holder);
    this.tellers.heard(holder, isOthers);
    if (isOthers) return;
    const found = await this.reactions.look(hub);
    if (found.kind !== 'there') return this.begin(digest);
    this.scheduled.add(key);
    await this.checkRunning(hub, found.runningSince);
    // Also of a paused hub: it may be on its way out, or released, or has nodes to take up again. Its table is not read.
    if (await this.lostSyncs.isDue(key, found.last, interval, this.clock.now())) this.request(hub);
  }

  private async begin(digest: HubDigest): Promise<void> {
    const { hub, counts } = digest;
    const key = `${hub.namespace}/${hub.hub}`;
    const ensured = await this.ensure(digest);
    if (ensured === 'other') return;
    if (ensured === 'made' && this.scheduled.has(key)) this.reactions.onLost();
    this.scheduled.add(key);
    await this.reactions.trigger(hub);
    const wasTold = counts.conditions[notScheduled] !== undefined || (this.refusals.get(key) ?? 0) > 1;
    if (wasTold) await this.reactions.scheduling(hub, undefined);
    this.refusals.delete(key);
  }

  /** A failure that is over at the next try is not worth a word; one that is not is said on the hub, which shows nothing else of it. */
  private async ensure({ hub, timing }: HubDigest): Promise<'made' | 'there' | 'other'> {
    const key = `${hub.namespace}/${hub.hub}`;
    try {
      return await this.reactions.ensure(hub, timing);
    } catch (error) {
      const times = (this.refusals.get(key) ?? 0) + 1;
      this.refusals.set(key, times);
      if (times === 2 || times % triesBetweenWords === 0) await this.tell(hub, error);
      throw error;
    }
  }

  private async tell(hub: HubRef, error: unknown): Promise<void> {
    try {
      await this.reactions.scheduling(hub, error instanceof Error ? error.message : String(error));
    } catch (failed) {
      this.logger.warn('a hub cannot be told that it has no schedule', { ...hub, error: String(failed) });
    }
  }

  private async checkRunning(hub: HubRef, since: Date | undefined): Promise<void> {
    const key = `${hub.namespace}/${hub.hub}`;
    if (since === undefined || Date.now() - since.getTime() < this.stuckMilliseconds) {
      this.toldStuck.delete(key);
      return;
    }
    if (this.toldStuck.get(key) === since.getTime()) return;
    this.logger.warn('sync of a hub hangs', { ...hub, since: since.toISOString() });
    await this.reactions.stuck(hub, since);
    this.toldStuck.set(key, since.getTime());
  }

  private checkForms(): void {
    for (const [key, form] of this.forms.entries()) this.checkForm(key, form);
  }

  /** A form of a hub that is not there is looked at by no sync. */
  private checkForm(key: string, { form, hub, input }: FormDigest): void {
    const known = this.hubs.get(`${hub.namespace}/${hub.hub}`) !== undefined;
    if (known) this.toldHubless.delete(key);
    if (known || this.toldHubless.get(key) === input) return;
    this.soon(`form ${key}`, async () => {
      if (await this.reactions.hubless(form)) this.toldHubless.set(key, input);
    });
  }

  private onHub(before: HubDigest | undefined, after: HubDigest | undefined): void {
    const hub = after?.hub ?? before?.hub;
    if (hub !== undefined) this.followUps.set(`${hub.namespace}/${hub.hub}`, after?.followUp, () => this.request(hub));
    if (after === undefined) {
      if (before === undefined) return;
      const gone = `${before.hub.namespace}/${before.hub.hub}`;
      this.scheduled.delete(gone);
      this.lostSyncs.forget(gone);
      this.refusals.delete(`${before.hub.namespace}/${before.hub.hub}`);
      this.soon(`hub ${before.hub.namespace}/${before.hub.hub}`, () => this.reactions.remove(before.hub));
      return;
    }
    if (before?.input === after.input) return;
    this.soon(`hub ${after.hub.namespace}/${after.hub.hub}`, () => this.begin(after));
  }

  private onForm(before: FormDigest | undefined, after: FormDigest | undefined): void {
    if (before?.input === after?.input) return;
    // A form that was moved: the hub that it has left has nodes to remove, the other one waits for that.
    for (const digest of [before, after]) if (digest !== undefined) this.request(digest.hub);
    if (after === undefined) return;
    const key = `${after.form.namespace}/${after.form.form}`;
    this.checkForm(key, after);
    if (before !== undefined && after.limited)
      this.soon(`rollout ${key}`, () => this.reactions.rollout({ ...after.hub, form: after.form.form }));
  }

  /** Reacts after a pause, once per key; a reaction that fails is tried again. */
  private soon(key: string, react: () => Promise<void>, delay = debounceMilliseconds): void {
    clearTimeout(this.pending.get(key));
    const timer = setTimeout(() => {
      this.pending.delete(key);
      react().catch((error: unknown) => {
        this.logger.warn('reaction to a hub or form failed, trying again', { key, error: String(error) });
        if (!this.pending.has(key)) this.soon(key, react, retryMilliseconds);
      });
    }, delay);
    this.pending.set(key, timer);
  }
}
