import { textAt } from './api/json.ts';
import type { InventoryEntry, ResourceStatus } from './api/node.ts';
import type { BlockedLeftover } from './blocked-cleanup.ts';
import { refKey } from './child.ts';
import { type EntryVerdict, finalReasons, type PlannedEntry } from './node-plan.ts';
import type { KindRef } from './ports.ts';
import { dependentsOf } from './removal-plan.ts';

/**
 * Leftovers are objects on record that the form does not name any more. They go as soon as nothing is gained by their staying (decisions.md section 4):
 * what an entry under another name takes the place of stays until that one is there, as long as it can come by itself.
 */

type BrokenEntry = Extract<PlannedEntry, { readonly kind: 'broken' }>['entry'];

/** What the present form does not name, and the entries that cannot be rendered for which some of that stays, by id. */
interface Unnamed {
  readonly all: readonly InventoryEntry[];
  readonly claims: ReadonlyMap<InventoryEntry, string>;
}

function unnamedOf(record: ReadonlyMap<string, InventoryEntry>, entries: ReadonlyMap<string, PlannedEntry>): Unnamed {
  const planned = [...entries.values()];
  const wanted = new Set(planned.flatMap((entry) => (entry.kind === 'desired' ? [refKey(entry.child.ref)] : [])));
  const broken = planned.flatMap((entry) => (entry.kind === 'broken' ? [entry.entry] : []));
  const all = [...record].flatMap(([key, entry]) => (wanted.has(key) ? [] : [entry]));
  const claimOf = claimant(broken, all);
  const claims = all.flatMap((entry) => {
    const claim = claimOf(entry);
    return claim === undefined ? [] : [[entry, claim] as const];
  });
  return { all, claims: new Map(claims) };
}

/**
 * What the present form does not name. What an entry that cannot be rendered had stays, since its name is not known: the object on record under its id or,
 * where there is none, whatever may be its own under an id it had before. What that depends on stays with it.
 */
export function leftoversOf(
  record: ReadonlyMap<string, InventoryEntry>,
  entries: ReadonlyMap<string, PlannedEntry>,
): readonly InventoryEntry[] {
  const { all, claims } = unnamedOf(record, entries);
  if (claims.size === 0) return all;
  return all.filter(
    (entry) => !claims.has(entry) && [...dependentsOf(entry, all)].every((dependent) => !claims.has(dependent)),
  );
}

/** What is no leftover for an entry that cannot be rendered, to be said: all but the object under that one's own id, which is no leftover of anything. */
export function pinnedLeftovers(
  record: ReadonlyMap<string, InventoryEntry>,
  entries: ReadonlyMap<string, PlannedEntry>,
): readonly BlockedLeftover[] {
  const { all, claims } = unnamedOf(record, entries);
  const whys = [...claims].map(
    ([entry, claim]) => [entry, claim === entry.id ? undefined : `MayBelongTo ${claim}`] as const,
  );
  return withNeeded(all, new Map(whys));
}

/** Whether there is any that goes, waits or is kept for an entry that cannot be rendered. */
export function hasLeftovers(
  record: ReadonlyMap<string, InventoryEntry>,
  entries: ReadonlyMap<string, PlannedEntry>,
): boolean {
  return leftoversOf(record, entries).length > 0 || pinnedLeftovers(record, entries).length > 0;
}

/**
 * Those that have a reason to stay, unless there is nothing to say of it, and after them what they depend on. In an order that does not depend on the
 * record's: a text that changes would be written.
 */
function withNeeded(
  among: readonly InventoryEntry[],
  whys: ReadonlyMap<InventoryEntry, string | undefined>,
): readonly BlockedLeftover[] {
  if (whys.size === 0) return [];
  const own = [...whys].flatMap(([entry, why]) => (why === undefined ? [] : [{ entry, why }]));
  const needed = among.flatMap((entry) => {
    const dependents = whys.has(entry) ? [] : [...dependentsOf(entry, among)].filter((each) => whys.has(each));
    const [first] = dependents.map(({ id }) => id).toSorted();
    return first === undefined ? [] : [{ entry, why: `NeededBy ${first}` }];
  });
  return [...own.toSorted(byKey), ...needed.toSorted(byKey)];
}

const byKey = (left: BlockedLeftover, right: BlockedLeftover): number =>
  refKey(left.entry) < refKey(right.entry) ? -1 : 1;

/** Which of the entries that cannot be rendered an object may belong to. */
function claimant(
  broken: readonly BrokenEntry[],
  unnamed: readonly InventoryEntry[],
): (entry: InventoryEntry) => string | undefined {
  const onRecord = new Set(unnamed.map(({ id }) => id));
  const ids = new Set(broken.map(({ id }) => id));
  const unknown = broken.flatMap((entry) => (onRecord.has(entry.id) ? [] : [{ id: entry.id, kind: kindOf(entry) }]));
  return (entry) => {
    if (ids.has(entry.id)) return entry.id;
    return unknown.find(({ kind }) => kind === undefined || kind === kindText(entry))?.id;
  };
}

/** Undefined where the form leaves it to the row. */
function kindOf({ spec }: BrokenEntry): string | undefined {
  const [apiVersion, kind] = [textAt(spec, 'apiVersion'), textAt(spec, 'kind')];
  if (apiVersion === undefined || kind === undefined || `${apiVersion}${kind}`.includes('{{')) return undefined;
  return kindText({ apiVersion, kind });
}

/** Group and kind: the version of a kind may change. */
const kindText = ({ apiVersion, kind }: KindRef): string => refKey({ apiVersion, kind, name: '' });

/** The same entries, as they are planned and as they stand now. */
export interface Replacements {
  readonly entries: ReadonlyMap<string, PlannedEntry>;
  readonly verdicts: ReadonlyMap<string, EntryVerdict>;
}

/** The leftovers that may go now; what one that stays depends on stays with it. */
export function freeLeftovers(
  leftovers: readonly InventoryEntry[],
  replacements: Replacements,
): readonly InventoryEntry[] {
  const free = new Set(leftovers.filter((entry) => !isAwaited(entry, replacements)));
  return [...free].filter((entry) => [...dependentsOf(entry, leftovers)].every((dependent) => free.has(dependent)));
}

/** Leftovers that stay for a new object that is not even tried, since one it depends on has failed: that may last until somebody comes. Said of them. */
export function awaitingLeftovers(
  leftovers: readonly InventoryEntry[],
  replacements: Replacements,
): readonly BlockedLeftover[] {
  const awaiting = leftovers.filter(
    (entry) => replacements.verdicts.get(entry.id)?.status.state === 'Skipped' && isAwaited(entry, replacements),
  );
  return withNeeded(leftovers, new Map(awaiting.map((entry) => [entry, `AwaitsReplacement by ${entry.id}`])));
}

/** Whether the entry that takes the place of a leftover is on its way, and does not wait for that one to go. */
function isAwaited(leftover: InventoryEntry, replacements: Replacements): boolean {
  const status = replacements.verdicts.get(leftover.id)?.status;
  switch (status?.state) {
    case 'Progressing':
    case 'Pending':
      return true;
    case 'Waiting':
      return status.reason !== 'FieldFight' && !waitsForRoom(leftover.id, leftover, replacements);
    case 'Skipped':
      return status.reason === 'DependencyFailed' && !isSkippedForGood(leftover.id, replacements);
    default:
      return false;
  }
}

/** Whether what an entry was skipped for is refused, or held by someone else: until form, row or holder change it cannot come. Any other failure may pass. */
function isSkippedForGood(id: string, { entries, verdicts }: Replacements): boolean {
  const reached = new Set([id]);
  // What is added while the set is walked through is walked through too.
  for (const each of reached) {
    const planned = entries.get(each);
    const dependencies = planned?.kind === 'desired' ? (planned.child.entry.dependIds ?? []) : [];
    const states = dependencies.flatMap((dependency) => verdicts.get(dependency)?.status ?? []);
    if (states.some(isFinal)) return true;
    for (const status of states) if (status.state === 'Skipped') reached.add(status.id);
  }
  return false;
}

const isFinal = ({ state, reason = '' }: ResourceStatus): boolean =>
  state === 'Conflicted' || (state === 'Failed' && finalReasons.has(reason));

/** Whether a leftover's going may let an entry, or one that it waits for, be made: the old object may take what the new one is refused for. */
function waitsForRoom(id: string, leftover: InventoryEntry, replacements: Replacements): boolean {
  const verdict = replacements.verdicts.get(id);
  const planned = replacements.entries.get(id);
  if (verdict === undefined || verdict.done || planned?.kind !== 'desired') return false;
  switch (verdict.status.reason) {
    case 'QuotaExceeded':
      return planned.child.ref.namespace === leftover.namespace;
    case 'AdmissionDenied':
      return true;
    case 'DependencyNotReady':
      return (planned.child.entry.dependIds ?? []).some((dependency) =>
        waitsForRoom(dependency, leftover, replacements),
      );
    default:
      return false;
  }
}
