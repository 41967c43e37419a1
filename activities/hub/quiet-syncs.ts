import { canonicalJson } from '../../domain/canonical.ts';
import type { SyncFacts } from '../../domain/hub-status.ts';
import { type JsonObject, textAt } from '../../domain/api/json.ts';
import type { KnownRead } from '../../domain/ports.ts';
import type { HubRef, SyncCounts } from '../contract.ts';
import type { Deps } from '../deps.ts';
import type { JudgedForm } from './read-forms.ts';
import type { ReadHub, SourceCredentials } from './read-hub.ts';

/** A sync that had nothing to do: what it concluded, and from which rows. */
export interface QuietSync {
  readonly rows: KnownRead;
  readonly facts: Omit<SyncFacts, 'seconds'>;
  readonly counts: SyncCounts;
  /** What led to the rows, and what they were compared by. */
  readonly from: QuietBasis;
  /** How long the rows took. */
  readonly readMilliseconds: number;
}

interface QuietBasis {
  readonly hub: ReadHub;
  readonly forms: readonly JudgedForm[];
  readonly credentials: SourceCredentials;
}

/** A quiet sync, and what it concluded from as text. */
interface KeptSync {
  readonly basis: string;
  readonly sync: QuietSync;
}

/** What is slow would cost each of them the time of a glance beside its own. */
const restingSyncs = 10;

/** How long runs are taken to be there while nothing else changes. */
const reviewMilliseconds = 10_000;

/**
 * The last sync of each hub that found nothing to do. While everything that it concluded from is the same and the table gives the same rows, the next one
 * concludes the same, and a large table costs no more than its reading. Kept in this process only; losing it costs a sync that looks at each row.
 */
export class QuietSyncs {
  private readonly hubs = new Map<string, KeptSync>();
  private readonly reviewed = new Map<string, number>();
  private readonly resting = new Map<string, number>();

  /** The last one, if the last of the hub was one: whether it still holds is not known. */
  kept(request: HubRef): KeptSync | undefined {
    return this.hubs.get(keyOf(request));
  }

  /** The sync to repeat if the rows are the same. */
  find(request: HubRef, basis: string): QuietSync | undefined {
    const kept = this.hubs.get(keyOf(request));
    return kept?.basis === basis ? kept.sync : undefined;
  }

  keep(request: HubRef, basis: string, sync: QuietSync): void {
    this.hubs.set(keyOf(request), { basis, sync });
  }

  drop(request: HubRef): void {
    this.hubs.delete(keyOf(request));
    this.reviewed.delete(keyOf(request));
    this.resting.delete(keyOf(request));
  }

  /** After a glance that was given up: what it was to find out is left to whole syncs for a while, which keep what is known. */
  rest(request: HubRef): void {
    this.reviewed.delete(keyOf(request));
    this.resting.set(keyOf(request), restingSyncs);
  }

  /** Whether a sync may begin with a glance. */
  takeGlance(request: HubRef): boolean {
    const key = keyOf(request);
    const left = this.resting.get(key) ?? 0;
    if (left > 1) this.resting.set(key, left - 1);
    else this.resting.delete(key);
    return left === 0;
  }

  /** Whether Temporal is to be asked again which runs are there, which costs it more the more there are: at each sync, or after a while where nothing else happens. */
  takeReview(request: HubRef, now: Date): boolean {
    const key = keyOf(request);
    const isRecent = now.getTime() - (this.reviewed.get(key) ?? 0) < reviewMilliseconds;
    if (isRecent && this.hubs.has(key)) return false;
    this.reviewed.set(key, now.getTime());
    return true;
  }
}

const keyOf = ({ namespace, hub }: HubRef): string => `${namespace}/${hub}`;

/**
 * Everything but the rows that a sync of a hub concludes from, as text. Of the clock only deletions and rollouts that are under way make use, and a sync
 * with either is not quiet.
 */
export function basisOf(deps: Deps, request: HubRef, { hub }: ReadHub, forms: readonly JudgedForm[]): string {
  const { metadata, status } = hub;
  const { lastSyncTime: _time, lastSyncDuration: _duration, ...said } = status ?? {};
  const hubFacts: JsonObject = {
    uid: metadata.uid,
    generation: metadata.generation ?? 0,
    annotations: { ...metadata.annotations },
    status: said as unknown as JsonObject,
  };
  const formFacts = forms.map(({ object, revision }) => [...versionOf(object), revision?.name ?? '']);
  const { namespace } = request;
  const nodes = [deps.nodes.changesOf(namespace, request.hub), deps.nodes.removalsIn(namespace)];
  const seen = [...nodes, deps.children.nameChanges(), deps.runs.losses()];
  const key = deps.hubKeys.known(namespace, request.hub);
  const secret = key === undefined ? '' : deps.rowHash(Buffer.from(key).toString('base64'));
  return canonicalJson({ hub: hubFacts, forms: formFacts, seen, secret });
}

/** Whether forms as they are listed are those of a quiet sync, which has judged them. */
export function isSameForms(listed: readonly JsonObject[], judged: readonly JudgedForm[]): boolean {
  const known = new Set(judged.map(({ object }) => versionOf(object).join(' ')));
  return listed.length === known.size && listed.every((object) => known.has(versionOf(object).join(' ')));
}

const versionOf = (object: JsonObject): readonly string[] => [
  textAt(object, 'metadata', 'uid') ?? '',
  textAt(object, 'metadata', 'resourceVersion') ?? '',
];
