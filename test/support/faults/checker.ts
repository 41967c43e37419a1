import { type AuditEntry, created, identityOf } from '../e2e/audit.ts';
import { managers } from '../../../domain/keys.ts';
import type { WatchEvent } from '../e2e/cluster.ts';
import {
  childIdentity,
  type NodeRecord,
  readEagerEntries,
  readRecords,
  type RecordedChild,
} from './checker-records.ts';

/**
 * Offline check of everything that happened to the API server: whatever was killed when, these rules hold at every moment. Knows of the product only
 * what is in the log: the records that LynqNodes carry say which object is whose, what it depends on and whether it may go.
 *
 * What the log does not show: writes of Kubernetes' controllers other than deletes, so not when an object became ready or was really gone (a history of
 * watches shows that, where one is given); bodies about Secrets; and requests whose answer never left the server.
 */

export interface Violation {
  readonly rule: RuleName;
  readonly identity: string;
  readonly message: string;
}

export interface Evidence {
  /** Requests that were answered with success, in the order they were received. */
  readonly entries: readonly AuditEntry[];
  /** Objects that nothing of ours may touch, as `identityOf` names them. */
  readonly foreign?: readonly string[];
  /** What watches saw of the children, in the order of the store: it proves what is gone or marked at the moment a finalizer goes. */
  readonly history?: readonly WatchEvent[];
  /** Objects that are ours by their marks alone, as a test made them: no record names them. */
  readonly strays?: readonly string[];
  /** How many objects of customers the worker made and deleted at least (one of each by default): a log without any keeps every rule. */
  readonly least?: { readonly creates?: number; readonly deletes?: number };
}

interface Case {
  readonly ours: readonly AuditEntry[];
  readonly all: readonly AuditEntry[];
  readonly foreign: ReadonlySet<string>;
  readonly strays: ReadonlySet<string>;
  readonly records: readonly NodeRecord[];
  readonly history: readonly WatchEvent[] | undefined;
  readonly least: { readonly creates: number; readonly deletes: number };
  /** Entries that are made although what they depend on has failed, as `namespace of the form/id`. */
  readonly eager: ReadonlySet<string>;
}

type Finding = Omit<Violation, 'rule'>;

const isDelete = ({ verb }: AuditEntry): boolean => verb === 'delete' || verb === 'deletecollection';
const isWrite = ({ verb }: AuditEntry): boolean =>
  ['create', 'patch', 'update'].includes(verb) || verb.startsWith('delete');
const isOwnKind = ({ objectRef }: AuditEntry): boolean => objectRef?.apiGroup === 'operator.lynq.sh';
const began = (entry: AuditEntry): string => entry.requestReceivedTimestamp;
const endedAt = (entry: AuditEntry): string => entry.stageTimestamp;

/** What the last record of an object before a moment says of it. */
function recordedBefore({ records }: Case, identity: string, moment: string): RecordedChild | undefined {
  return records
    .filter(({ from }) => from <= moment)
    .flatMap(({ children }) => children.filter((child) => childIdentity(child) === identity))
    .at(-1);
}

const creations = ({ ours }: Case): readonly AuditEntry[] =>
  ours.filter((entry) => created(entry) && !isOwnKind(entry));
const childDeletes = ({ ours }: Case): readonly AuditEntry[] =>
  ours.filter((entry) => isDelete(entry) && !isOwnKind(entry));

export const rules = {
  /** A worker that nobody recognizes in the log would keep every other rule. */
  'worker-seen': (run) => {
    const [creates, deletes] = [creations(run).length, childDeletes(run).length];
    const asked = `${run.least.creates} objects made and ${run.least.deletes} deleted`;
    return creates >= run.least.creates && deletes >= run.least.deletes
      ? []
      : [{ identity: 'the log', message: `${creates} and ${deletes} where the worker has at least ${asked}` }];
  },

  /** I5: an identity is made again only after somebody deleted it. */
  'created-once': ({ all, ours }) =>
    ours.filter(created).flatMap((entry, index, creating) => {
      const identity = identityOf(entry);
      const earlier = creating.slice(0, index).findLast((other) => identityOf(other) === identity);
      if (earlier === undefined) return [];
      const space = spaceIdentity(entry.objectRef?.namespace);
      const gone = all.some(
        (other) =>
          isDelete(other) &&
          (identityOf(other) === identity || identityOf(other) === space) &&
          began(other) >= began(earlier) &&
          began(other) <= began(entry),
      );
      return gone ? [] : [{ identity, message: `made at ${began(earlier)} and again at ${began(entry)}` }];
    }),

  /** D3: what is made is on record before. */
  'intent-first': (run) =>
    creations(run)
      .filter((entry) => !isKeptBesides(entry))
      .filter((entry) => recordedBefore(run, identityOf(entry), began(entry)) === undefined)
      .map((entry) => ({ identity: identityOf(entry), message: 'made before it was on record' })),

  /** I12: an object is made after those it depends on, which are there: made in this log before it, or on record with their uid. */
  order: (run) =>
    creations(run).flatMap((entry) => {
      const node = nodeOf(run, identityOf(entry), began(entry));
      const child = recordedBefore(run, identityOf(entry), began(entry));
      const needs = (child?.dependIds ?? []).flatMap((id) => node?.children.filter((other) => other.id === id) ?? []);
      return needs.flatMap((needed) => {
        const made = creations(run).find((other) => identityOf(other) === childIdentity(needed));
        const isThere = made === undefined ? needed.uid !== undefined : endedAt(made) <= began(entry);
        if (isThere || (made === undefined && isEager(run, node, child))) return [];
        return [{ identity: identityOf(entry), message: `made before ${childIdentity(needed)}, which it depends on` }];
      });
    }),

  /** I12 backwards: an object goes after those that depend on it. */
  'reverse-order': (run) =>
    childDeletes(run).flatMap((entry) => {
      const identity = identityOf(entry);
      const child = recordedBefore(run, identity, began(entry));
      const node = nodeOf(run, identity, began(entry));
      const dependents = (node?.children ?? []).filter(({ dependIds }) => (dependIds ?? []).includes(child?.id ?? ''));
      return dependents.flatMap((dependent) => {
        const leaving = childDeletes(run).find(
          (other) => identityOf(other) === childIdentity(dependent) && endedAt(other) > endedAt(entry),
        );
        const before = childDeletes(run).some(
          (other) => identityOf(other) === childIdentity(dependent) && endedAt(other) <= began(entry),
        );
        return leaving === undefined || before || hasItsNeed(run, leaving, child?.id ?? '')
          ? []
          : [{ identity, message: `deleted before ${childIdentity(dependent)}, which depends on it` }];
      });
    }),

  /** I7: what is recorded as Retain is never asked to go. */
  'retain-kept': (run) =>
    childDeletes(run)
      .filter((entry) => recordedBefore(run, identityOf(entry), began(entry))?.policy === 'Retain')
      .map((entry) => ({ identity: identityOf(entry), message: 'deleted although its record says Retain' })),

  /** I11: a delete names the very object, and has a record. */
  preconditions: (run) =>
    childDeletes(run).flatMap((entry) => {
      const identity = identityOf(entry);
      const uid: unknown = entry.requestObject?.preconditions?.uid;
      if (typeof uid !== 'string') return [{ identity, message: 'deleted without a precondition on its uid' }];
      if (isKeptBesides(entry) || run.strays.has(identity)) return [];
      const child = recordedBefore(run, identity, began(entry));
      if (child === undefined) return [{ identity, message: 'deleted without being on record' }];
      return child.uid === undefined || child.uid === uid || isLate(run, entry, uid)
        ? []
        : [{ identity, message: `deleted as ${uid}; its record says ${child.uid}` }];
    }),

  /** I10: what is foreign stays untouched. */
  'foreign-untouched': ({ ours, foreign }) =>
    ours
      .filter((entry) => isWrite(entry) && foreign.has(identityOf(entry)))
      .map((entry) => ({ identity: identityOf(entry), message: `${entry.verb} of an object that is not ours` })),

  /** I13: a node's finalizer goes after each of its objects was gone or was marked as kept. */
  'finalizer-last': (run) =>
    run.ours.filter(releasesNode).flatMap((entry) => {
      const identity = identityOf(entry);
      const last = run.records.filter((record) => record.identity === identity && record.from <= began(entry)).at(-1);
      return (last?.children ?? [])
        .filter((child) => child.uid !== undefined && !isSettled(run, child, entry))
        .map((child) => ({ identity, message: `released before ${childIdentity(child)} was gone or marked` }));
    }),
} satisfies Record<string, (run: Case) => readonly Finding[]>;

export type RuleName = keyof typeof rules;

/** Everything the rules find. */
export function check({ entries, foreign = [], strays = [], history, least }: Evidence): readonly Violation[] {
  const run: Case = {
    history,
    strays: new Set(strays),
    least: { creates: 1, deletes: 1, ...least },
    eager: readEagerEntries(entries),
    all: entries,
    ours: entries.filter(({ userAgent }) => /^lynqflow\b/.test(userAgent ?? '')),
    foreign: new Set(foreign),
    records: readRecords(entries),
  };
  const named = Object.entries(rules) as readonly (readonly [RuleName, (run: Case) => readonly Finding[]])[];
  return named.flatMap(([rule, find]) => find(run).map((finding) => ({ rule, ...finding })));
}

/** Whether what goes does not depend on an entry any more, or an object of that entry, under whatever name, is there when it goes. */
function hasItsNeed(run: Case, leaving: AuditEntry, id: string): boolean {
  const moment = began(leaving);
  const children = nodeOf(run, identityOf(leaving), moment)?.children ?? [];
  const dependent = children.find((child) => childIdentity(child) === identityOf(leaving));
  if (dependent?.dependIds?.includes(id) !== true) return true;
  const isGone = (child: RecordedChild): boolean =>
    childDeletes(run).some(
      (entry) =>
        identityOf(entry) === childIdentity(child) &&
        entry.requestObject?.preconditions?.uid === child.uid &&
        endedAt(entry) <= moment,
    );
  return children.some((child) => child.id === id && child.uid !== undefined && !isGone(child));
}

/** The record that names an object last before a moment. */
function nodeOf({ records }: Case, identity: string, moment: string): NodeRecord | undefined {
  return records
    .filter(({ from, children }) => from <= moment && children.some((child) => childIdentity(child) === identity))
    .at(-1);
}

/** Whether what goes was made by a create of ours that arrived when its node had been released: no record can name that object. */
function isLate(run: Case, entry: AuditEntry, uid: string): boolean {
  const identity = identityOf(entry);
  const made = creations(run).findLast(
    (other) =>
      identityOf(other) === identity && other.responseObject?.metadata?.uid === uid && endedAt(other) <= began(entry),
  );
  if (made === undefined) return false;
  const node = nodeOf(run, identity, began(made));
  return run.ours.some(
    (other) => releasesNode(other) && identityOf(other) === node?.identity && endedAt(other) <= began(made),
  );
}

/** With a Namespace go the objects in it. */
const spaceIdentity = (namespace = ''): string => `/namespaces/${namespace}/${namespace}`;

/** With a definition go the objects of its kind. */
function kindIdentity(identity: string): string {
  const [group, plural] = identity.split('/');
  return `apiextensions.k8s.io/customresourcedefinitions//${plural}.${group}`;
}

/** Objects the product makes for itself: revisions of forms, keys of hubs, first results of renders, values of secret columns. */
function isKeptBesides({ objectRef }: AuditEntry): boolean {
  const { resource = '', name = '' } = objectRef ?? {};
  return (
    ['controllerrevisions', 'customresourcedefinitions'].includes(resource) ||
    (resource === 'secrets' && /-(generated|lynq-key|values|values-next)$/.test(name))
  );
}

function releasesNode({ verb, objectRef, requestObject }: AuditEntry): boolean {
  const finalizers: unknown = requestObject?.metadata?.finalizers;
  return (
    verb === 'patch' &&
    objectRef?.resource === 'lynqnodes' &&
    objectRef.subresource === undefined &&
    Array.isArray(finalizers) &&
    !finalizers.some((name) => String(name).startsWith('lynqnode.operator.lynq.sh/'))
  );
}

/** `skipOnDependencyFailure` is off: made although what it depends on failed and never was. */
function isEager({ eager }: Case, node: NodeRecord | undefined, child: RecordedChild | undefined): boolean {
  const namespace = node?.identity.split('/').at(-2) ?? '';
  return eager.has(`${namespace}/${child?.id}`);
}

/** Gone, or marked as kept, when the finalizer of its node went: by what watches saw, or as far as the log tells. */
function isSettled(run: Case, child: RecordedChild, release: AuditEntry): boolean {
  return run.history === undefined ? isAsked(run, child, release) : isProven(run.history, child, release);
}

/** The last state of this very object before its node went, in the order of the store: what takes the last finalizer off ends the LynqNode. */
function isProven(history: readonly WatchEvent[], child: RecordedChild, release: AuditEntry): boolean {
  const { uid, resourceVersion } = release.responseObject?.metadata ?? {};
  const end = history.find(({ type, object }) => type === 'DELETED' && object.metadata.uid === uid);
  const until = BigInt(end?.object.metadata.resourceVersion ?? resourceVersion ?? 0);
  const last = history.findLast(
    ({ object }) => object.metadata.uid === child.uid && BigInt(object.metadata.resourceVersion) <= until,
  );
  return last?.type === 'DELETED' || last?.object.metadata.labels?.['lynq.sh/orphaned'] === 'true';
}

/**
 * Asked to go by anyone, gone with its Namespace or its kind, or marked since its node was asked to go. Of a patch of a Secret the log has the manager alone: markers have
 * one of their own, which also takes them off, but never of a node that is on its way out.
 */
function isAsked({ all }: Case, child: RecordedChild, release: AuditEntry): boolean {
  const identity = childIdentity(child);
  const space = spaceIdentity(child.namespace);
  const asked = all.findLast(
    (entry) => isDelete(entry) && identityOf(entry) === identityOf(release) && endedAt(entry) <= began(release),
  );
  const before = all.filter((entry) => endedAt(entry) <= began(release));
  const ways = [identity, space, kindIdentity(identity)];
  const leaves = (entry: AuditEntry): boolean => isDelete(entry) && ways.includes(identityOf(entry));
  const marks = (entry: AuditEntry): boolean =>
    asked !== undefined && identityOf(entry) === identity && began(entry) >= began(asked) && isMark(entry, child);
  return before.some((entry) => leaves(entry) || marks(entry));
}

function isMark(entry: AuditEntry, { kind }: RecordedChild): boolean {
  if (entry.verb !== 'patch' || managerOf(entry) !== managers.markers) return false;
  const orphaned: unknown = entry.requestObject?.metadata?.labels?.['lynq.sh/orphaned'];
  return kind === 'Secret' ? entry.requestObject === undefined : orphaned === 'true';
}

/** Field manager that a write names in its address. */
const managerOf = ({ requestURI = '' }: AuditEntry): string | null =>
  new URLSearchParams(requestURI.split('?')[1]).get('fieldManager');
