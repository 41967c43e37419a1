import { RE2JS } from 're2js';
import { GoError } from '../../problems.ts';
import { comparePrereleases, compareVersions, parseVersion, type Version } from './version.ts';

/**
 * Constraints of `Masterminds/semver` 3.3: `||` between alternatives, spaces or commas between conditions, `1 - 2` as a range, `~`, `^`,
 * and `x`, `X`, `*` or nothing for any number. Its patterns are kept to the letter, with the mistakes that are in them.
 */
interface Constraint {
  readonly operator: Operator;
  readonly version: Version;
  /** Some number is a wildcard; `minorDirty` and `patchDirty` say which one is the first. */
  readonly dirty: boolean;
  readonly minorDirty: boolean;
  readonly patchDirty: boolean;
}

const NUMBER = '[0-9|x|X|\\*]+';
const IDENTIFIERS = '[0-9A-Za-z\\-]+(?:\\.[0-9A-Za-z\\-]+)*';
/** With the groups: major, minor, patch, prerelease with its hyphen. */
const VERSION = `v?(${NUMBER})(\\.${NUMBER})?(\\.${NUMBER})?(-${IDENTIFIERS})?(?:\\+${IDENTIFIERS})?`;
const UNGROUPED = VERSION.replaceAll(/\((?!\?:)/g, '(?:');
const OPERATOR = '=||!=|>|<|>=|=>|<=|=<|~|~>|\\^';
/** `\s` of RE2. */
const SPACE = '[\\t\\n\\f\\r ]';

const single = new RegExp(`^${SPACE}*(${OPERATOR})${SPACE}*(${VERSION})${SPACE}*$`);
const each = new RegExp(`(?:${OPERATOR})${SPACE}*(?:${UNGROUPED})`, 'g');
const range = new RegExp(`${SPACE}*(${UNGROUPED})${SPACE}+-${SPACE}+(${UNGROUPED})${SPACE}*`, 'g');
const CONDITION = `(?:${OPERATOR})${SPACE}*(?:${UNGROUPED})${SPACE}*`;
/** Linear where a JavaScript pattern would try every way to share out the spaces. */
const conditions = RE2JS.compile(`^(?:${SPACE}*${CONDITION})(?:(?:${SPACE}+|,${SPACE}*)${CONDITION})*$`);

const operators = {
  '': tildeOrEqual,
  '=': tildeOrEqual,
  '!=': notEqual,
  '>': greater,
  '<': (version: Version, { version: wanted }: Constraint) => compareVersions(version, wanted) < 0,
  '>=': (version: Version, { version: wanted }: Constraint) => compareVersions(version, wanted) >= 0,
  '=>': (version: Version, { version: wanted }: Constraint) => compareVersions(version, wanted) >= 0,
  '<=': lessOrEqual,
  '=<': lessOrEqual,
  '~': tilde,
  '~>': tilde,
  '^': caret,
} satisfies Record<string, (version: Version, constraint: Constraint) => boolean>;

type Operator = keyof typeof operators;

function isOperator(text: string): text is Operator {
  return Object.hasOwn(operators, text);
}

function improper(): never {
  throw new GoError('improper constraint');
}

/** Alternatives of conditions that must all hold. Throws `GoError` for a text that is no constraint. */
export function parseConstraint(text: string): readonly (readonly Constraint[])[] {
  return rewriteRanges(text)
    .split('||')
    .map((alternative) => {
      if (!conditions.matcher(alternative).find()) improper();
      return (alternative.match(each) ?? [alternative]).map(parseOne);
    });
}

function rewriteRanges(text: string): string {
  return text.replace(range, (_match, from: string, to: string) => `>= ${from}, <= ${to} `);
}

function isWild(part: string | undefined): boolean {
  return part === undefined || /^\.?[xX*]$/.test(part);
}

function parseOne(text: string): Constraint {
  const match = single.exec(text);
  if (match === null) improper();
  const [, operator = '', , major = '', minor, patch, prerelease = ''] = match;
  if (!isOperator(operator)) improper();
  const whole = match[2] ?? '';
  const clean = { operator, dirty: true, minorDirty: false, patchDirty: false };
  if (isWild(major)) return { ...clean, version: versionOf(`0.0.0${prerelease}`) };
  if (isWild(minor)) return { ...clean, minorDirty: true, version: versionOf(`${major}.0.0${prerelease}`) };
  if (isWild(patch)) return { ...clean, patchDirty: true, version: versionOf(`${major}${minor ?? ''}.0${prerelease}`) };
  return { ...clean, dirty: false, version: versionOf(whole) };
}

function versionOf(text: string): Version {
  try {
    return parseVersion(text);
  } catch (error) {
    if (error instanceof GoError) throw new GoError('constraint Parser Error');
    throw error;
  }
}

/** `Constraints.Check`. Every operator but `!=` refuses a prerelease unless the constraint names one. */
export function satisfies(version: Version, alternatives: readonly (readonly Constraint[])[]): boolean {
  return alternatives.some((all) => all.every((one) => holds(version, one)));
}

function holds(version: Version, constraint: Constraint): boolean {
  const strict = constraint.operator !== '!=' || constraint.dirty;
  if (strict && version.prerelease !== '' && constraint.version.prerelease === '') return false;
  return operators[constraint.operator](version, constraint);
}

function notEqual(version: Version, constraint: Constraint): boolean {
  const { version: wanted, dirty, minorDirty, patchDirty } = constraint;
  if (!dirty) return compareVersions(version, wanted) !== 0;
  if (version.major !== wanted.major) return true;
  if (minorDirty) return false;
  if (version.minor !== wanted.minor) return true;
  if (patchDirty) return comparePrereleases(version.prerelease, wanted.prerelease) !== 0;
  return version.patch !== wanted.patch || compareVersions(version, wanted) !== 0;
}

function greater(version: Version, { version: wanted, dirty, minorDirty, patchDirty }: Constraint): boolean {
  if (!dirty) return compareVersions(version, wanted) > 0;
  if (version.major !== wanted.major) return version.major > wanted.major;
  if (minorDirty) return false;
  return patchDirty ? version.minor > wanted.minor : compareVersions(version, wanted) > 0;
}

function lessOrEqual(version: Version, { version: wanted, dirty, minorDirty }: Constraint): boolean {
  if (!dirty) return compareVersions(version, wanted) <= 0;
  if (version.major !== wanted.major) return version.major < wanted.major;
  return minorDirty || version.minor <= wanted.minor;
}

function isZero({ major, minor, patch }: Version): boolean {
  return major === 0n && minor === 0n && patch === 0n;
}

function tilde(version: Version, { version: wanted, minorDirty, patchDirty }: Constraint): boolean {
  if (compareVersions(version, wanted) < 0) return false;
  if (isZero(wanted) && !minorDirty && !patchDirty) return true;
  return version.major === wanted.major && (minorDirty || version.minor === wanted.minor);
}

function tildeOrEqual(version: Version, constraint: Constraint): boolean {
  return constraint.dirty ? tilde(version, constraint) : compareVersions(version, constraint.version) === 0;
}

/** The first number that is not zero must stay. */
function caret(version: Version, { version: wanted, minorDirty, patchDirty }: Constraint): boolean {
  if (compareVersions(version, wanted) < 0) return false;
  if (wanted.major > 0n || minorDirty) return version.major === wanted.major;
  if (version.major > 0n) return false;
  if (wanted.minor > 0n || patchDirty) return version.minor === wanted.minor;
  return version.minor === 0n && version.patch === wanted.patch;
}
