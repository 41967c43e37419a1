import type { Uid } from './api/names.ts';
import { isRowUid } from './api/patterns.ts';
import { LynqFailure } from './failures.ts';
import { annotations as keys } from './keys.ts';
import type { SourceRow } from './ports.ts';
import { toHost } from './row-host.ts';
import { isTooLarge, isTooLargeForSecret } from './row-size.ts';

/**
 * What a row means: is it active, which of its uids can be acted on, which annotations and variables it gives (parity 1.6, 2.4, 4.3).
 * A row that cannot be acted on freezes its own uid and no other (decisions.md section 3). Nothing here depends on the order of the rows.
 */

const activeTexts: ReadonlySet<string> = new Set(['1', 'true', 'TRUE', 'True', 'yes', 'YES', 'Yes']);

/** Whether a row with this activate text is active: exactly this list, no trimming (parity 2.4). */
export function isActive(text: string): boolean {
  return activeTexts.has(text);
}

/** Unicode code point order, which is also the byte order of UTF-8 and therefore Go's; JavaScript's own order differs beyond U+FFFF. */
export function compareUtf8(left: string, right: string): number {
  const shared = Math.min(left.length, right.length);
  for (let index = 0; index < shared; index += 1) {
    const a = left.charCodeAt(index);
    const b = right.charCodeAt(index);
    if (a !== b) return surrogatesLast(a) - surrogatesLast(b);
  }
  return left.length - right.length;
}

function surrogatesLast(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x2800 : unit;
}

/** Characters that Go's encoder escapes and JSON.stringify does not; escapes of lone surrogates, which Go cannot have; and `\\`, to skip it. */
const goDifference = /\\\\|\\ud[89a-f][0-9a-f]{2}|[<>&\u2028\u2029]/g;

/** Text that JSON prints as it is, in Go and here: nearly every value of a table. */
const plainText = /^[ !#-%'-;=?-[\]-~]*$/;

function goJsonText(text: string): string {
  if (plainText.test(text)) return `"${text}"`;
  return JSON.stringify(text).replace(goDifference, (found) => {
    if (found === '\\\\') return found;
    if (found.length > 1) return '\\ufffd';
    return `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** Names in the order Go prints them. Rows of one table have the same names, so that those of the last call are kept. */
const lastOrder: { names: readonly string[]; sorted: readonly string[] } = { names: [], sorted: [] };

function inGoOrder(names: readonly string[]): readonly string[] {
  const { names: known } = lastOrder;
  if (names.length === known.length && names.every((name, index) => name === known[index])) return lastOrder.sorted;
  lastOrder.names = names;
  lastOrder.sorted = names.toSorted(compareUtf8);
  return lastOrder.sorted;
}

/**
 * The variables as Go's encoding/json (1.22 or newer) prints a map[string]string. Byte-identical, because a different text
 * would rewrite every node of a taken-over installation once (parity 11.5).
 */
export function encodeExtra(extra: Readonly<Record<string, string>>): string {
  let text = '';
  for (const name of inGoOrder(Object.keys(extra))) {
    text += `${text === '' ? '' : ','}${goJsonText(name)}:${goJsonText(extra[name] ?? '')}`;
  }
  return `{${text}}`;
}

/** Annotations of a LynqNode that come from its row and its hub. Those that name a form or a time are the caller's. */
export function rowAnnotations(row: SourceRow, hub: string): Readonly<Record<string, string>> {
  return {
    [keys.hostOrUrl]: row.hostOrUrl,
    [keys.activate]: row.activate,
    [keys.extra]: encodeExtra(row.extra),
    [keys.hubId]: hub,
    ...(row.seal === undefined ? {} : { [keys.secretValues]: row.seal }),
  };
}

/** Fixed-size fingerprint of the data of one row. */
export interface RowDigest {
  readonly hash: string;
}

/** Hash of a text, as a short text of fixed length; an argument because `domain` has no cryptography. */
export type Hash = (text: string) => string;

/**
 * Digest of the row values in a node's annotations. Equal to the digest that the classifier keeps for the row exactly when no annotation
 * of the node differs from the row, so it answers whether a node needs an update (parity 3.4).
 */
export function annotationsDigest(found: Readonly<Record<string, string>>, hash: Hash): RowDigest {
  const { [keys.hostOrUrl]: host = '', [keys.activate]: active = '', [keys.extra]: extra = '' } = found;
  const seal = found[keys.secretValues] ?? '';
  return { hash: hash(`${host.length} ${active.length} ${extra.length} ${host}${active}${extra}${seal}`) };
}

/**
 * Template variables of a node (parity 4.3, node pass) from its annotations.
 * `hubId` empty leaves the variable out. Fails with Internal when the extra annotation is not an object of texts; the next sync rewrites it.
 */
export function rowVariables(
  found: Readonly<Record<string, string>>,
  uid: string,
  hubId: string,
  templateRef: string,
): ReadonlyMap<string, string> {
  const hostOrUrl = found[keys.hostOrUrl] || uid;
  const variables = new Map([
    ['uid', uid],
    ['activate', found[keys.activate] || 'true'],
    ['hostOrUrl', hostOrUrl],
    ['host', toHost(hostOrUrl)],
    ...decodeExtra(found[keys.extra] ?? ''),
  ]);
  if (hubId !== '') variables.set('hubId', hubId);
  return variables.set('templateRef', templateRef);
}

function decodeExtra(text: string): [string, string][] {
  if (text === '') return [];
  const parsed = parseJson(text);
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw unusableExtra();
  return Object.entries(parsed).map(([name, value]): [string, string] => {
    if (value === null) return [name, ''];
    if (typeof value !== 'string') throw unusableExtra();
    return [name, value];
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw unusableExtra();
  }
}

function unusableExtra(): LynqFailure {
  return new LynqFailure('Internal', `annotation ${keys.extra} is not a JSON object of texts`, {
    annotation: keys.extra,
  });
}

/** Why the nodes of a uid are left as they are. */
export const frozenReasons = {
  NullUid: 'the uid column is NULL or empty',
  InvalidUid: 'the uid is no name: 1 to 63 of a-z, 0-9, - and ., a letter or digit at both ends and beside each dot',
  DuplicateUid: 'several active rows have this uid and differ in other mapped columns',
  TooLarge:
    'its values are larger than a Kubernetes object can hold: 240 KiB, and 1 MiB for those of secretValueMappings',
  CollidingUid: 'another row has a uid that differs only in case, blanks or Unicode form',
} as const;
export type FrozenReason = keyof typeof frozenReasons;

export interface FrozenUid {
  /** Text of the uid, shortened when it is longer than any usable one; empty for NULL. */
  readonly uid: string;
  readonly reason: FrozenReason;
  readonly message: string;
  /** Active rows with this uid. */
  readonly rows: number;
}

/** `seen` = `active` + `inactive` + `frozen` + `repeated`. */
export interface RowCounts {
  readonly seen: number;
  readonly active: number;
  readonly inactive: number;
  readonly frozen: number;
  /** Further rows that are equal to one counted as active. */
  readonly repeated: number;
}

export interface ClassifiedRows {
  readonly rows: RowCounts;
  /** Rows to act on. */
  readonly active: ReadonlyMap<Uid, RowDigest>;
  /** Sorted by uid. */
  readonly frozen: readonly FrozenUid[];
  readonly warnings: readonly string[];
  /** Whether the nodes of this uid are left as they are: it, or a spelling that differs only in case, blanks or Unicode form, is frozen. */
  readonly isFrozen: (uid: string) => boolean;
}

export interface AddedRow extends RowDigest {
  /** As far as can be told from the rows so far, its uid may be acted on. */
  readonly isUsable: boolean;
}

/** Takes the rows of one read one by one. Memory grows with the number of different uids, not with the rows' contents. */
export interface RowClassifier {
  /** Takes in a row, with its annotations where they are known already, and its secret values, and gives the digest of its values. */
  add(row: SourceRow, values?: Readonly<Record<string, string>>, secrets?: readonly string[]): AddedRow;
  /** Valid only after a proven read (ReadProof). */
  finish(): ClassifiedRows;
}

/** An inactive row asks for nothing (parity 2.4), so that it is counted and neither compared nor measured. */
interface UidEntry {
  /** Of the first active row. */
  hash: string | undefined;
  readonly uid: Uid | undefined;
  readonly canonical: string;
  active: number;
  inactive: number;
  differs: boolean;
  tooLarge: boolean;
}

/** Longest uid text kept as it is; a longer one can never be usable and is kept as its beginning and a hash. */
const longestKept = 80;

export function openRowClassifier(hash: Hash): RowClassifier {
  const entries = new Map<string, UidEntry>();
  const nulls = { active: 0, inactive: 0 };
  return {
    add(row, values = rowAnnotations(row, ''), secrets = []) {
      const kind = isActive(row.activate) ? 'active' : 'inactive';
      const digest = annotationsDigest(values, hash);
      if (row.uid === '') {
        nulls[kind] += 1;
        return { ...digest, isUsable: false };
      }
      const key = keptUid(row.uid, hash);
      const known = entries.get(key);
      const entry = known ?? newEntry(row.uid);
      if (known === undefined) entries.set(key, entry);
      entry[kind] += 1;
      if (kind === 'active')
        compare(entry, digest, () => isTooLarge(Object.values(values)) || isTooLargeForSecret(secrets));
      return { ...digest, isUsable: entry.uid !== undefined && !entry.tooLarge && !entry.differs };
    },
    finish: () => classify(entries, nulls),
  };
}

function newEntry(text: string): UidEntry {
  const uid = isRowUid(text) ? (text as Uid) : undefined;
  const canonical = uid ?? canonicalUid(text);
  return { hash: undefined, uid, canonical, active: 0, inactive: 0, differs: false, tooLarge: false };
}

function compare(entry: UidEntry, { hash }: RowDigest, tooLarge: () => boolean): void {
  entry.hash ??= hash;
  entry.differs ||= entry.hash !== hash;
  entry.tooLarge ||= tooLarge();
}

/** Spellings that a person, a collation or a file system may take for the same uid. */
function canonicalUid(text: string): string {
  return text.length > longestKept ? '' : text.normalize('NFC').trim().toLowerCase();
}

/** `Array.from` copies the beginning, so that it does not keep the whole text alive. */
function keptUid(text: string, hash: Hash): string {
  return text.length <= longestKept ? text : `${Array.from(text.slice(0, 40)).join('')}…${hash(text)}`;
}

function classify(entries: ReadonlyMap<string, UidEntry>, nulls: { active: number; inactive: number }): ClassifiedRows {
  const spellings = countSpellings(entries.values());
  const active = new Map<Uid, RowDigest>();
  const frozen: FrozenUid[] = nulls.active === 0 ? [] : [frozenUid('', 'NullUid', nulls.active)];
  const frozenSpellings = new Set<string>();
  const repeated: string[] = [];
  let inactiveRows = nulls.inactive;
  let activeRows = 0;
  for (const [key, entry] of entries) {
    inactiveRows += entry.inactive;
    if (entry.active === 0) continue;
    const reason = freezes(entry, spellings);
    if (reason !== undefined) {
      frozen.push(frozenUid(key, reason, entry.active));
      if (entry.canonical !== '') frozenSpellings.add(entry.canonical);
    } else if (entry.uid !== undefined && entry.hash !== undefined) {
      active.set(entry.uid, { hash: entry.hash });
      activeRows += entry.active;
      if (entry.active > 1) repeated.push(key);
    }
  }
  const frozenRows = frozen.reduce((sum, each) => sum + each.rows, 0);
  return {
    rows: {
      seen: activeRows + inactiveRows + frozenRows,
      active: active.size,
      inactive: inactiveRows,
      frozen: frozenRows,
      repeated: activeRows - active.size,
    },
    active,
    frozen: frozen.toSorted((a, b) => compareUtf8(a.uid, b.uid)),
    warnings: repeatedWarning(repeated),
    isFrozen: (uid) => frozenSpellings.size > 0 && frozenSpellings.has(canonicalUid(uid)),
  };
}

/** How many different active uid texts share a canonical spelling. */
function countSpellings(entries: Iterable<UidEntry>): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { canonical, active } of entries) {
    if (active > 0 && canonical !== '') counts.set(canonical, (counts.get(canonical) ?? 0) + 1);
  }
  return counts;
}

function freezes(entry: UidEntry, spellings: ReadonlyMap<string, number>): FrozenReason | undefined {
  if ((spellings.get(entry.canonical) ?? 0) > 1) return 'CollidingUid';
  if (entry.uid === undefined) return 'InvalidUid';
  if (entry.tooLarge) return 'TooLarge';
  return entry.differs ? 'DuplicateUid' : undefined;
}

function frozenUid(uid: string, reason: FrozenReason, rows: number): FrozenUid {
  return { uid, reason, message: frozenReasons[reason], rows };
}

function repeatedWarning(uids: readonly string[]): readonly string[] {
  if (uids.length === 0) return [];
  const named = uids.toSorted(compareUtf8).slice(0, 20).join(', ');
  return [`${uids.length} uids are on more than one row with equal values, each counts once: ${named}`];
}
