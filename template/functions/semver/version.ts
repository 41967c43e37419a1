import { GoError } from '../../problems.ts';
import { compareText } from '../../values/text.ts';
import { parseUnsigned } from '../../values/numbers.ts';

/** A version of `Masterminds/semver` 3.3; `original` is the text it was read from. */
export interface Version {
  readonly major: bigint;
  readonly minor: bigint;
  readonly patch: bigint;
  readonly prerelease: string;
  readonly metadata: string;
  readonly original: string;
}

const IDENTIFIERS = '[0-9A-Za-z\\-]+(?:\\.[0-9A-Za-z\\-]+)*';
const VERSION = new RegExp(
  `^v?([0-9]+)(?:\\.([0-9]+))?(?:\\.([0-9]+))?(?:-(${IDENTIFIERS}))?(?:\\+(${IDENTIFIERS}))?$`,
);

/** `NewVersion`: minor and patch may be missing, a `v` may stand before. Throws `GoError`. */
export function parseVersion(text: string): Version {
  const match = VERSION.exec(text);
  if (match === null) throw new GoError('Invalid Semantic Version');
  const [, major = '', minor = '0', patch = '0', prerelease = '', metadata = ''] = match;
  const numbers = { major: segment(major), minor: segment(minor), patch: segment(patch) };
  checkPrerelease(prerelease);
  return { ...numbers, prerelease, metadata, original: text };
}

function segment(digits: string): bigint {
  const value = parseUnsigned(digits, 10);
  if (value === undefined) throw new GoError('Error parsing version segment: value out of range');
  return value;
}

function checkPrerelease(text: string): void {
  if (text.split('.').some((part) => /^0[0-9]+$/.test(part))) throw new GoError('Version segment starts with 0');
  if (/[^0-9A-Za-z.-]/.test(text)) throw new GoError('Invalid Prerelease string');
}

function checkMetadata(text: string): void {
  if (/[^0-9A-Za-z.-]/.test(text)) throw new GoError('Invalid Metadata string');
}

/** `Version.String`: without `v`, with all three numbers. */
export function formatVersion(version: Version): string {
  const prerelease = version.prerelease === '' ? '' : `-${version.prerelease}`;
  const metadata = version.metadata === '' ? '' : `+${version.metadata}`;
  return `${version.major}.${version.minor}.${version.patch}${prerelease}${metadata}`;
}

function changed(version: Version, change: Partial<Version>): Version {
  const next = { ...version, ...change };
  const prefix = version.original.startsWith('v') ? 'v' : '';
  return { ...next, original: prefix + formatVersion(next) };
}

/** Numbers are uint64: the largest one wraps. */
function plusOne(value: bigint): bigint {
  return BigInt.asUintN(64, value + 1n);
}

/** A prerelease becomes its release, anything else the next patch. */
export function nextPatch(version: Version): Version {
  const patch = version.prerelease === '' ? plusOne(version.patch) : version.patch;
  return changed(version, { patch, prerelease: '', metadata: '' });
}

export function nextMinor(version: Version): Version {
  return changed(version, { minor: plusOne(version.minor), patch: 0n, prerelease: '', metadata: '' });
}

export function nextMajor(version: Version): Version {
  return changed(version, { major: plusOne(version.major), minor: 0n, patch: 0n, prerelease: '', metadata: '' });
}

export function withPrerelease(version: Version, prerelease: string): Version {
  checkPrerelease(prerelease);
  return changed(version, { prerelease });
}

export function withMetadata(version: Version, metadata: string): Version {
  checkMetadata(metadata);
  return changed(version, { metadata });
}

function compareNumbers(left: bigint, right: bigint): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

/** Order of versions; metadata does not count, a prerelease is before its release. */
export function compareVersions(left: Version, right: Version): number {
  const numbers =
    compareNumbers(left.major, right.major) ||
    compareNumbers(left.minor, right.minor) ||
    compareNumbers(left.patch, right.patch);
  if (numbers !== 0 || left.prerelease === right.prerelease) return numbers;
  if (left.prerelease === '') return 1;
  if (right.prerelease === '') return -1;
  return comparePrereleases(left.prerelease, right.prerelease);
}

export function comparePrereleases(left: string, right: string): number {
  const leftParts = left.split('.');
  const rightParts = right.split('.');
  for (let index = 0; index < Math.max(leftParts.length, rightParts.length); index += 1) {
    const order = comparePart(leftParts[index] ?? '', rightParts[index] ?? '');
    if (order !== 0) return order;
  }
  return 0;
}

/** A missing part is first, then numbers, then texts. */
function comparePart(left: string, right: string): number {
  if (left === right) return 0;
  if (left === '' || right === '') return left === '' ? -1 : 1;
  const leftNumber = parseUnsigned(left, 10);
  const rightNumber = parseUnsigned(right, 10);
  if (leftNumber === undefined && rightNumber === undefined) return compareText(left, right) > 0 ? 1 : -1;
  if (rightNumber === undefined) return -1;
  if (leftNumber === undefined) return 1;
  return leftNumber > rightNumber ? 1 : -1;
}
