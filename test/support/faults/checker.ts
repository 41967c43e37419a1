import { type AuditEntry, created, identityOf } from '../e2e/audit.ts';
import { childIdentity, type NodeRecord, readRecords, type RecordedChild } from './checker-records.ts';

/**
 * Offline check of everything that happened to the API server: whatever was killed when, these rules hold at every moment. Knows of the product only
 * what is in the log: the records that LynqNodes carry say which object is whose, what it depends on and whether it may go.
 *
 * What the log does not show: writes of Kubernetes' controllers other than deletes, so not when an object became ready or was really gone; and
 * requests whose answer never left the server.
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
}

interface Case {
  readonly ours: readonly AuditEntry[];
  readonly all: readonly AuditEntry[];
  readonly foreign: ReadonlySet<string>;
  readonly records: readonly NodeRecord[];
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

  /** I12: an object is made after those it depends on. */
  order: (run) =>
    creations(run).flatMap((entry) => {
      const node = nodeOf(run, identityOf(entry), began(entry));
      const child = recordedBefore(run, identityOf(entry), began(entry));
      const needs = (child?.dependIds ?? []).flatMap((id) => node?.children.filter((other) => other.id === id) ?? []);
      return needs.flatMap((needed) => {
        const made = creations(run).find((other) => identityOf(other) === childIdentity(needed));
        if (made === undefined || endedAt(made) <= began(entry)) return [];
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
        return leaving === undefined || before
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
      if (isKeptBesides(entry)) return [];
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

  /** I13: a node's finalizer goes after each of its objects was asked to go or was marked as kept. */
  'finalizer-last': (run) =>
    run.ours.filter(releasesNode).flatMap((entry) => {
      const identity = identityOf(entry);
      const last = run.records.filter((record) => record.identity === identity && record.from <= began(entry)).at(-1);
      return (last?.children ?? [])
        .filter((child) => child.uid !== undefined && !isSettled(run, child, began(entry)))
        .map((child) => ({ identity, message: `released before ${childIdentity(child)} was gone or marked` }));
    }),
} satisfies Record<string, (run: Case) => readonly Finding[]>;

export type RuleName = keyof typeof rules;

/** Everything the rules find. */
export function check({ entries, foreign = [] }: Evidence): readonly Violation[] {
  const run: Case = {
    all: entries,
    ours: entries.filter(({ userAgent }) => /^lynqflow\b/.test(userAgent ?? '')),
    foreign: new Set(foreign),
    records: readRecords(entries),
  };
  const named = Object.entries(rules) as readonly (readonly [RuleName, (run: Case) => readonly Finding[]])[];
  return named.flatMap(([rule, find]) => find(run).map((finding) => ({ rule, ...finding })));
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

/** Objects the product makes for itself: revisions of forms, keys of hubs, first results of renders. */
function isKeptBesides({ objectRef }: AuditEntry): boolean {
  const { resource = '', name = '' } = objectRef ?? {};
  return (
    ['controllerrevisions', 'customresourcedefinitions'].includes(resource) ||
    (resource === 'secrets' && /-(generated|lynq-key)$/.test(name))
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

/** Asked to go by anyone, gone with its Namespace, or marked as kept (bodies of Secrets are not in the log: any late patch counts). */
function isSettled({ all }: Case, child: RecordedChild, moment: string): boolean {
  const identity = childIdentity(child);
  const space = spaceIdentity(child.namespace);
  const isSecret = child.kind === 'Secret';
  return all.some((entry) => {
    if (endedAt(entry) > moment) return false;
    if (isDelete(entry)) return identityOf(entry) === identity || identityOf(entry) === space;
    const orphaned: unknown = entry.requestObject?.metadata?.labels?.['lynq.sh/orphaned'];
    return entry.verb === 'patch' && identityOf(entry) === identity && (isSecret || orphaned === 'true');
  });
}
