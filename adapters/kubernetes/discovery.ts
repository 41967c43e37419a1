import { at, isJsonObject, listAt, textAt, type Json } from '../../domain/api/json.ts';
import { isLynqFailure, LynqFailure } from '../../domain/failures.ts';
import type { KindDirectory, KindInfo, KindRef, ServedKinds } from '../../domain/ports.ts';
import { groupVersionPath } from './paths.ts';
import type { Send } from './send.ts';
import { readStatus } from './status.ts';
import { orAbort, type Timing } from './timing.ts';
import type { ApiAnswer } from './transport.ts';

export interface KnownKind {
  readonly info: KindInfo;
  /** Names after the slash: `status`, `scale`. */
  readonly subresources: ReadonlySet<string>;
}

/** What the API server serves; answers are kept, a miss only for seconds, so that a definition installed later is found. */
export interface Discovery extends KindDirectory {
  /** The kind, or undefined when the server does not serve it. Fails when it cannot be told (a group's backend is down). */
  find(kind: KindRef, signal?: AbortSignal): Promise<KnownKind | undefined>;
  /** The kind in the version asked for or, where it is not served in that, in the one preferred among those that have it. Fails when it cannot be told. */
  servedAs(kind: KindRef): Promise<KindRef | undefined>;
  /** Drops what is known of the kind's group version, after an answer that contradicts it. */
  forget(kind: KindRef): void;
  /** Listable, namespaced kinds, each once per group in the version the server prefers. One unreadable group fails the whole. */
  listable(): Promise<readonly KindRef[]>;
}

export interface DiscoveryLimits {
  /** How long a kind counts as known, milliseconds. */
  readonly known: number;
  /** How long a kind counts as unknown, and how old documents may be for `listable`. */
  readonly miss: number;
}

export const discoveryLimits: DiscoveryLimits = { known: 600_000, miss: 3_000 };

type Kinds = ReadonlyMap<string, KnownKind>;

interface CachedGroups {
  readonly at: number;
  readonly groups: Promise<Groups>;
}

interface CachedDocument {
  readonly at: number;
  readonly kinds: Promise<Kinds | undefined>;
}

/**
 * Reads one document per group version and not the aggregated one: a group whose backend is down is an error there, while the aggregated
 * document shows it without resources.
 */
export function createDiscovery(send: Send, timing: Timing, limits: DiscoveryLimits = discoveryLimits): Discovery {
  const documents = new Map<string, CachedDocument>();
  const groupsAfter = keptGroups(send, timing, limits.miss);

  function document(apiVersion: string, maxAge: number): Promise<Kinds | undefined> {
    const cached = documents.get(apiVersion);
    if (cached !== undefined && timing.now() - cached.at < maxAge) return cached.kinds;
    const kinds = readKinds(send, apiVersion);
    const entry = { at: timing.now(), kinds };
    documents.set(apiVersion, entry);
    kinds.catch(() => {
      if (documents.get(apiVersion) === entry) documents.delete(apiVersion);
    });
    return kinds;
  }

  /** `versions` in order of preference. */
  async function kindsOfGroup(versions: readonly string[]): Promise<readonly Listable[]> {
    const read = versions.map(async (version) => [version, await document(version, limits.miss)] as const);
    return preferredKinds(await Promise.all(read));
  }

  async function find(kind: KindRef, signal?: AbortSignal): Promise<KnownKind | undefined> {
    // The document is read for all who ask, so a caller who gives up does not stop it.
    const known = (await orAbort(document(kind.apiVersion, limits.known), signal))?.get(kind.kind);
    return known ?? (await orAbort(document(kind.apiVersion, limits.miss), signal))?.get(kind.kind);
  }

  return {
    find,
    async servedAs(kind) {
      if ((await find(kind)) !== undefined) return kind;
      const groups = await groupsAfter(documents.get(kind.apiVersion)?.at ?? timing.now());
      const versions = groups.find((each) => groupOf(each) === groupOf([kind.apiVersion])) ?? [];
      return firstWith(kind, versions, (version) => document(version, limits.miss));
    },
    forget(kind) {
      documents.delete(kind.apiVersion);
    },
    async listable() {
      const lists = await Promise.all((await readGroups(send)).map(kindsOfGroup));
      // What nobody can make, such as metrics, is computed at each list: there is nothing to lose of it, and nothing of ours.
      return lists.flat().flatMap(({ kind, info }) => (info.namespaced && info.verbs.includes('create') ? [kind] : []));
    },
    served: async () => readEach(await readGroups(send), kindsOfGroup),
  };
}

/** Groups as old as a miss may be, but not read before a document that lacks a kind: what has taken that version's place is among them. */
function keptGroups(send: Send, timing: Timing, maxAge: number): (since: number) => Promise<Groups> {
  let last: CachedGroups | undefined;
  return (since) => {
    const now = timing.now();
    if (last !== undefined && last.at >= since && now - last.at < maxAge) return last.groups;
    const entry = { at: now, groups: readGroups(send) };
    last = entry;
    entry.groups.catch(() => {
      if (last === entry) last = undefined;
    });
    return entry.groups;
  };
}

/** What can be read, and the names of the groups that cannot. */
async function readEach(
  groups: readonly (readonly string[])[],
  read: (versions: readonly string[]) => Promise<readonly Listable[]>,
): Promise<ServedKinds> {
  const unread: string[] = [];
  const orUnread = async (versions: readonly string[]): Promise<readonly Listable[]> => {
    try {
      return await read(versions);
    } catch (error) {
      if (!isLynqFailure(error)) throw error;
      unread.push(groupOf(versions));
      return [];
    }
  };
  const lists = await Promise.all(groups.map(orUnread));
  // What nobody can make (metrics, ComponentStatus) is computed at each list, and nothing of ours is among it.
  const made = lists.flat().filter(({ info }) => info.verbs.includes('create'));
  return { kinds: made.map(({ kind }) => kind), unread: unread.toSorted() };
}

/** The kind in the first of the versions that has it. */
async function firstWith(
  { kind }: KindRef,
  versions: readonly string[],
  read: (version: string) => Promise<Kinds | undefined>,
): Promise<KindRef | undefined> {
  for (const apiVersion of versions) if ((await read(apiVersion))?.has(kind) === true) return { apiVersion, kind };
  return undefined;
}

interface Listable {
  readonly kind: KindRef;
  readonly info: KindInfo;
}

/** The group of an apiVersion. */
const groupOf = ([first = '']: readonly string[]): string =>
  first.includes('/') ? (first.split('/')[0] ?? '') : 'core';

/** The listable kinds of one group; `versions` in order of preference. */
function preferredKinds(versions: readonly (readonly [string, Kinds | undefined])[]): readonly Listable[] {
  const chosen = new Map<string, Listable>();
  for (const [apiVersion, kinds] of versions) {
    if (kinds === undefined) throw unusable(apiVersion, 404);
    for (const [kind, { info }] of kinds) {
      if (info.verbs.includes('list') && !chosen.has(kind)) chosen.set(kind, { kind: { apiVersion, kind }, info });
    }
  }
  return [...chosen.values()];
}

async function readKinds(send: Send, apiVersion: string): Promise<Kinds | undefined> {
  const path = groupVersionPath(apiVersion);
  if (path === undefined) return undefined;
  const answer = await send({ verb: 'discover', method: 'GET', path }, 'idempotent');
  if (answer.code === 404 && isServerMiss(answer)) return undefined;
  const isList = answer.code === 200 && textAt(answer.body, 'kind') === 'APIResourceList';
  if (!isList || !Array.isArray(at(answer.body, 'resources'))) throw unusable(apiVersion, answer.code);
  return kindsOf(listAt(answer.body, 'resources'));
}

/** A 404 of the API server itself and not of a proxy in front of it. */
function isServerMiss(answer: ApiAnswer): boolean {
  return readStatus(answer.body).genuine || answer.text.startsWith('404 page not found');
}

function kindsOf(resources: readonly Json[]): Kinds {
  const subresources = new Map<string, Set<string>>();
  const kinds = new Map<string, KnownKind>();
  for (const resource of resources) {
    const [plural = '', subresource] = (textAt(resource, 'name') ?? '').split('/', 2);
    const owned = subresources.get(plural) ?? new Set<string>();
    subresources.set(plural, owned);
    const kind = textAt(resource, 'kind');
    if (subresource !== undefined) owned.add(subresource);
    else if (kind !== undefined && plural !== '' && !kinds.has(kind)) {
      kinds.set(kind, { info: kindInfo(resource, plural), subresources: owned });
    }
  }
  return kinds;
}

function kindInfo(resource: Json, plural: string): KindInfo {
  const verbs = listAt(resource, 'verbs').filter((verb): verb is string => typeof verb === 'string');
  return { namespaced: at(resource, 'namespaced') === true, plural, verbs };
}

/** apiVersions per group, the preferred one first. */
type Groups = readonly (readonly string[])[];

async function readGroups(send: Send): Promise<Groups> {
  const [core, named] = await Promise.all([
    send({ verb: 'discover', method: 'GET', path: '/api' }, 'idempotent'),
    send({ verb: 'discover', method: 'GET', path: '/apis' }, 'idempotent'),
  ]);
  if (core.code !== 200 || textAt(core.body, 'kind') !== 'APIVersions') throw unusable('/api', core.code);
  if (named.code !== 200 || textAt(named.body, 'kind') !== 'APIGroupList') throw unusable('/apis', named.code);
  const coreVersions = listAt(core.body, 'versions').filter((version) => typeof version === 'string');
  return [coreVersions, ...listAt(named.body, 'groups').filter(isJsonObject).map(versionsOf)];
}

function versionsOf(group: Json): readonly string[] {
  const preferred = textAt(group, 'preferredVersion', 'groupVersion');
  const served = listAt(group, 'versions').map((version) => textAt(version, 'groupVersion'));
  const all = [preferred, ...served].filter((version): version is string => version !== undefined);
  return [...new Set(all)];
}

function unusable(what: string, code: number): LynqFailure {
  const message = `The API server's list of kinds for ${what} cannot be read (${code}); nothing is concluded from what is missing.`;
  return new LynqFailure(code === 403 ? 'ClusterForbidden' : 'ClusterUnreachable', message, { what, code });
}
