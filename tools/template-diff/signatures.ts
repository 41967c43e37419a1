/** What an expression stands for. Small letters are what Go's parameters ask for, the others narrow texts and numbers down. */
export type Type =
  | 'string'
  | 'int'
  | 'count'
  | 'int64'
  | 'float'
  | 'number'
  | 'bool'
  | 'any'
  | 'list'
  | 'texts'
  | 'map'
  | 'textMap'
  | 'key'
  | 'time'
  | 'semver'
  | 'pattern'
  | 'url'
  | 'urlMap'
  | 'version'
  | 'constraint'
  | 'json'
  | 'duration'
  | 'layout'
  | 'path'
  | 'base64'
  | 'base32'
  | 'format'
  | 'scalar'
  | 'own';

/** Parameters and result of a function; `rest` may come any number of times, after the others. */
export interface Signature {
  readonly name: string;
  readonly params: readonly Type[];
  readonly rest: Type | undefined;
  readonly result: Type;
}

/**
 * `names: parameters > result`. `own` is a map or list made for this call, `scalar` a value that is no map: a function that changes its
 * argument must not make a map contain itself, as printing it ends the process of Go. `count` is a small number, for what makes long results.
 */
const table = `
len: any > int
index: list int > any
index: map key > any
index: string count > int64
print println html js urlquery: any* > string
printf: format any any* > string
not: any > bool
eq ne: scalar scalar > bool
eq: scalar scalar scalar* > bool
lt le gt ge: number number > bool
lt le gt ge: string string > bool
call: any any* > any
and or: any any* > any
fail: string > string
int: any > int
float: any > float
bool: any > bool
default: any any > any
coalesce all any: any* > any
empty: any > bool
ternary: any any bool > any
toHost: url > string
trunc63 sha1sum sha256sum sha512sum adler32sum: string > string
contains hasPrefix hasSuffix: string string > bool
repeat: count string > string
replace: string string string > string
indent nindent: count string > string
trunc: int string > string
trim upper lower title untitle swapcase nospace initials snakecase camelcase kebabcase: string > string
trimAll trimall trimPrefix trimSuffix: string string > string
substr: count count string > string
substr: int int string > string
abbrev: count string > string
abbrevboth: count count string > string
wrap: count string > string
wrapWith: count string string > string
cat quote squote: any* > string
join: string list > string
split: string string > textMap
splitn: string count string > textMap
splitList: string string > texts
toStrings: list > texts
sortAlpha: list > texts
plural: string string int > string
toString: any > string
toDecimal int64: any > int64
atoi: string > int
float64: any > float
add mul: number number* > int64
add1: number > int64
sub div mod: number number > int64
max min biggest: number number* > int64
addf mulf: number number* > float
subf divf: number number number* > float
add1f floor ceil: number > float
maxf minf: number number* > float
round: number count > float
round: number count float > float
until: count > list
untilStep: count count count > list
seq: count > string
seq: count count > string
seq: count count count > string
list tuple: any* > list
first last mustFirst mustLast: list > any
rest initial mustRest mustInitial reverse mustReverse uniq mustUniq compact mustCompact: list > list
append mustAppend push mustPush prepend mustPrepend: list any > list
concat: list list* > list
without mustWithout: list any any* > list
has mustHas: any list > bool
slice mustSlice: list count count > list
slice mustSlice: list count > list
chunk mustChunk: count list > list
dict: > map
dict: key any > map
dict: key any key any > map
get: map key > any
hasKey: map key > bool
set: own key scalar > map
unset: own key > map
pluck: key map map* > list
dig: key any map > any
dig: key key any map > any
keys: own own* > list
values: own > list
pick omit: map key key* > map
merge mergeOverwrite mustMerge mustMergeOverwrite: own own own* > map
deepCopy mustDeepCopy: any > any
deepEqual: any any > bool
kindOf typeOf: any > string
kindIs typeIs typeIsLike: key any > bool
decryptAES: string base64 > string
buildCustomCert: base64 base64 > any
regexMatch mustRegexMatch: pattern string > bool
regexFind mustRegexFind: pattern string > string
regexFindAll mustRegexFindAll: pattern string int > texts
regexReplaceAll mustRegexReplaceAll regexReplaceAllLiteral mustRegexReplaceAllLiteral: pattern string string > string
regexSplit mustRegexSplit: pattern string int > texts
regexQuoteMeta: string > string
date: layout time > string
dateInZone date_in_zone: layout time key > string
htmlDate: time > string
htmlDateInZone: time key > string
dateModify date_modify mustDateModify must_date_modify: duration time > time
toDate mustToDate: layout string > time
unixEpoch: time > string
duration: int64 > string
durationRound: duration > string
semver: version > semver
semverCompare: constraint version > bool
urlParse: url > urlMap
urlJoin: urlMap > string
base dir clean ext osBase osDir osClean osExt: path > string
isAbs osIsAbs: path > bool
b64enc b32enc: string > base64
b64dec: base64 > string
b32dec: base32 > string
fromJson mustFromJson: json > any
toJson toPrettyJson toRawJson mustToJson mustToPrettyJson mustToRawJson: any > string
hello: > string
`;

/** Functions whose results Go draws or reads from the clock; they have tests of their own. */
export const undetermined: ReadonlySet<string> = new Set(
  (
    'now ago uuidv4 randAlpha randAlphaNum randAscii randBytes randInt randNumeric shuffle bcrypt htpasswd encryptAES genCA genCAWithKey ' +
    'genPrivateKey genSelfSignedCert genSelfSignedCertWithKey genSignedCert genSignedCertWithKey generate derivePassword'
  ).split(' '),
);

export const signatures: readonly Signature[] = table
  .trim()
  .split('\n')
  .flatMap((line) => {
    const [names = '', rest = ''] = line.split(':');
    const [left = '', result = 'any'] = rest.split('>');
    const params = left.split(' ').filter((word) => word !== '');
    const last = params.at(-1);
    const variadic = last?.endsWith('*') === true;
    return names.split(' ').map((name) => ({
      name,
      params: (variadic ? params.slice(0, -1) : params) as Type[],
      rest: variadic ? (last.slice(0, -1) as Type) : undefined,
      result: result.trim() as Type,
    }));
  });

/** Results that can stand where another type is wanted, beside the type itself. */
const fitting: Partial<Record<Type, readonly Type[]>> = {
  number: ['int', 'int64', 'float'],
  list: ['texts'],
  scalar: ['string', 'int', 'int64', 'float', 'bool'],
  any: ['string', 'int', 'int64', 'float', 'bool', 'list', 'texts', 'map', 'textMap', 'urlMap'],
  path: ['string'],
  key: ['string'],
  textMap: ['map'],
};

const byResult = new Map<Type, readonly Signature[]>();

/** Functions whose result can stand for the type. */
export function makersOf(type: Type): readonly Signature[] {
  const known = byResult.get(type);
  if (known !== undefined) return known;
  const wanted = new Set<Type>([type, ...(fitting[type] ?? [])]);
  // The order of a map's keys is random in Go, and a map that contains itself cannot be printed: `keys` and `values` are sorted below.
  const makers = signatures.filter(({ name, result }) => wanted.has(result) && name !== 'keys' && name !== 'values');
  byResult.set(type, makers);
  return makers;
}
