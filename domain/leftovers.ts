import { textAt } from './api/json.ts';
import type { InventoryEntry, ResourceStatus } from './api/node.ts';
import { refKey } from './child.ts';
import { type EntryVerdict, finalReasons, type PlannedEntry } from './node-plan.ts';
import type { KindRef } from './ports.ts';
import { dependentsOf } from './removal-plan.ts';

/**
 * Leftovers are objects on record that the form does not name any more. They go as soon as nothing is gained by their staying (decisions.md section 4):
 * what an entry under another name takes the place of stays until that one is there, as long as it can come by itself.
 */

type BrokenEntry = Extract<PlannedEntry, { readonly kind: 'broken' }>['entry'];

/**
 * What the present form does not name. What an entry that cannot be rendered had stays, since its name is not known: the object on record under its id or,
 * where there is none, whatever may be its own under an id it had before. What that depends on stays with it.
 */
export function leftoversOf(
  record: ReadonlyMap<string, InventoryEntry>,
  entries: ReadonlyMap<string, PlannedEntry>,
): readonly InventoryEntry[] {
  const planned = [...entries.values()];
  const wanted = new Set(planned.flatMap((entry) => (entry.kind === 'desired' ? [refKey(entry.child.ref)] : [])));
  const broken = planned.flatMap((entry) => (entry.kind === 'broken' ? [entry.entry] : []));
  const unnamed = [...record].flatMap(([key, entry]) => (wanted.has(key) ? [] : [entry]));
  const stays = new Set(unnamed.filter(mayBelongTo(broken, unnamed)));
  if (stays.size === 0) return unnamed;
  return unnamed.filter(
    (entry) => !stays.has(entry) && [...dependentsOf(entry, unnamed)].every((dependent) => !stays.has(dependent)),
  );
}

function mayBelongTo(
  broken: readonly BrokenEntry[],
  unnamed: readonly InventoryEntry[],
): (entry: InventoryEntry) => boolean {
  const onRecord = new Set(unnamed.map(({ id }) => id));
  const ids = new Set(broken.map(({ id }) => id));
  const kinds = new Set(broken.flatMap((entry) => (onRecord.has(entry.id) ? [] : [kindOf(entry)])));
  return (entry) => ids.has(entry.id) || kinds.has(undefined) || kinds.has(kindText(entry));
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
