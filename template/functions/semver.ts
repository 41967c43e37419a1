import { type GoOpaque, type GoValue, goList, goNumber, opaque, type OpaqueType } from '../values.ts';
import { toBytes } from '../values/text.ts';
import { fn, type FunctionContext, type FunctionTable, type GoFunction, type MethodTable } from './define.ts';
import { parseConstraint, satisfies } from './semver/constraint.ts';
import {
  compareVersions,
  formatVersion,
  nextMajor,
  nextMinor,
  nextPatch,
  parseVersion,
  type Version,
  withMetadata,
  withPrerelease,
} from './semver/version.ts';
import { checkLength } from './support/bytes.ts';

const shared = {
  print: (value: unknown) => formatVersion(value as Version),
  json: (value: unknown) => formatVersion(value as Version),
};

/** What `semver` gives. */
const pointer: OpaqueType = { name: '*semver.Version', kind: 'ptr', ...shared };

/** What its methods give: Go returns a copy, which has no methods that want a pointer. */
const struct: OpaqueType = {
  name: 'semver.Version',
  kind: 'struct',
  ...shared,
  equal: (left, right) => {
    const [one, other] = [left as Version, right as Version];
    return formatVersion(one) === formatVersion(other) && one.original === other.original;
  },
};

/** Versions and constraints are read with patterns: they have the length patterns may have. */
function checked(context: FunctionContext, text: string): string {
  checkLength(text.length, context.limits.regex);
  context.spend(text.length);
  return text;
}

function versionOf(value: GoOpaque): Version {
  return value.value as Version;
}

/** The receiver is always of the type the method is listed under. */
function receiver(value: GoValue): Version {
  return versionOf(value as GoOpaque);
}

function getter(read: (version: Version) => GoValue): GoFunction {
  return fn(['any'], (_context, value) => read(receiver(value)));
}

function changer(change: (version: Version) => Version): GoFunction {
  return getter((version) => opaque(struct, change(version)));
}

function setter(change: (version: Version, text: string) => Version): GoFunction {
  return fn(['any', 'string'], (_context, value, text) => opaque(struct, change(receiver(value), text)));
}

function comparison(test: (order: number) => GoValue): GoFunction {
  return fn(['any', 'opaque:*semver.Version'], (_context, value, other) =>
    test(compareVersions(receiver(value), versionOf(other))),
  );
}

function byteList(text: string): GoValue {
  return goList(
    Array.from(toBytes(text), (byte) => goNumber('uint8', BigInt(byte))),
    '[]uint8',
  );
}

const valueMethods = {
  String: getter(formatVersion),
  Major: getter((version) => goNumber('uint64', version.major)),
  Minor: getter((version) => goNumber('uint64', version.minor)),
  Patch: getter((version) => goNumber('uint64', version.patch)),
  Prerelease: getter((version) => version.prerelease),
  Metadata: getter((version) => version.metadata),
  IncPatch: changer(nextPatch),
  IncMinor: changer(nextMinor),
  IncMajor: changer(nextMajor),
  SetPrerelease: setter(withPrerelease),
  SetMetadata: setter(withMetadata),
  MarshalText: getter((version) => byteList(formatVersion(version))),
  MarshalJSON: getter((version) => byteList(`"${formatVersion(version)}"`)),
  Value: getter(formatVersion),
} satisfies FunctionTable;

export const semverMethods = {
  'semver.Version': valueMethods,
  '*semver.Version': {
    ...valueMethods,
    Original: getter((version) => version.original),
    Compare: comparison(BigInt),
    Equal: comparison((order) => order === 0),
    LessThan: comparison((order) => order < 0),
    LessThanEqual: comparison((order) => order <= 0),
    GreaterThan: comparison((order) => order > 0),
    GreaterThanEqual: comparison((order) => order >= 0),
  },
} satisfies MethodTable;

/** Versions and constraints of `Masterminds/semver` 3.3, the version sprig 3.3.0 asks for. */
export const semver = {
  semver: fn(['string'], (context, text) => opaque(pointer, parseVersion(checked(context, text)))),
  semverCompare: fn(['string', 'string'], (context, constraint, version) => {
    const alternatives = parseConstraint(checked(context, constraint));
    return satisfies(parseVersion(checked(context, version)), alternatives);
  }),
} satisfies FunctionTable;
