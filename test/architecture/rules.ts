import { posix } from 'node:path';
import { allowanceOf, allowsOwn, allowsPackage, type Allowance } from './allowances.ts';
import type { CallFact, ImportFact, SourceFacts } from './source-facts.ts';

/** The rules of CONTRIBUTING.md and architecture.md that can be read off the sources. Each takes all files, so that it may follow imports. */

/** The test runner takes their default exports. */
const loadedByVitest: readonly string[] = ['vitest.config.ts', 'test/support/faults/ids-reporter.ts'];

export interface Violation {
  readonly rule: RuleName;
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

type Tree = ReadonlyMap<string, SourceFacts>;
type Finding = Omit<Violation, 'rule' | 'file'>;
type Rule = (file: SourceFacts, tree: Tree) => readonly Finding[];

const maxLines = 350;
const keysFile = 'domain/keys.ts';

export const rules = {
  /** A folder the table of allowances does not know has no arrows at all. */
  'known-folder': (file) =>
    allowanceOf(file.path) === undefined ? [{ line: 1, message: 'no allowance for this place in allowances.ts' }] : [],

  'own-import': (file) =>
    ownImports(file).flatMap(({ fact, target }) => {
      const allowance = allowanceOf(file.path);
      if (allowance === undefined || allowsOwn(allowance, target, fact.typeOnly)) return [];
      return [{ line: fact.line, message: `may not import ${target}${typesHint(allowance, target)}` }];
    }),

  package: (file) => {
    const allowance = allowanceOf(file.path);
    return packageImports(file)
      .filter(({ name }) => allowance !== undefined && !allowsPackage(allowance, name))
      .map(({ fact, name }) => ({ line: fact.line, message: `may not import the package ${name}` }));
  },

  /** zod parses at the edge; elsewhere its types are reached through domain/api. */
  'zod-place': (file) =>
    packageImports(file)
      .filter(({ name }) => name === 'zod' && !zodPlaces.some((place) => place.test(file.path)))
      .map(({ fact }) => ({
        line: fact.line,
        message: 'zod belongs in domain/api, a schema.ts of an adapter or a config.ts',
      })),

  /** Workflows may run any file of domain outside domain/api, so none of these may load zod. */
  'zod-at-run-time': (file, tree) =>
    !zodFree(file.path)
      ? []
      : ownImports(file)
          .filter(({ fact, target }) => !fact.typeOnly && !zodFree(target))
          .flatMap(({ fact, target }) => {
            const chain = chainToZod(tree, target, new Set());
            return chain === undefined ? [] : [{ line: fact.line, message: `loads zod: ${chain.join(' → ')}` }];
          }),

  'ts-ending': (file) =>
    file.imports
      .filter(
        ({ specifier }) => specifier !== undefined && isRelative(specifier) && !/\.(ts|mjs|json)$/.test(specifier),
      )
      .map(({ specifier, line }) => ({ line, message: `write ${specifier} with its .ts ending` })),

  /** A computed import would pass every other rule. The launchers in bin and tools choose what to load. */
  'computed-import': (file) =>
    /^(bin|test)\/|^tools\/run\.mjs$/.test(file.path)
      ? []
      : file.imports
          .filter(({ specifier }) => specifier === undefined)
          .map(({ line }) => ({ line, message: 'name the imported module in a literal' })),

  keys: (file) =>
    file.path === keysFile || file.path.startsWith('test/')
      ? []
      : file.texts
          .filter(({ text }) => text.includes('lynq.sh/'))
          .map(({ line }) => ({ line, message: `take lynq.sh/ keys from ${keysFile}` })),

  length: (file) =>
    file.lines <= maxLines || file.path.startsWith('test/')
      ? []
      : [{ line: maxLines + 1, message: `${file.lines} lines; ${maxLines} are the limit` }],

  'default-export': (file) =>
    loadedByVitest.includes(file.path) ? [] : file.defaultExports.map((line) => ({ line, message: 'export by name' })),

  'module-mock': (file) =>
    callsOf(file, /^vi\.(mock|doMock)$/)
      .filter(({ argument }) => argument.kind !== 'text' || isRelative(argument.text))
      .map(({ line }) => ({ line, message: 'put a fake behind the port instead of mocking our own module' })),

  /** The clock is an argument; lint holds `Date.now` and `Math.random`. */
  'ambient-time': (file) =>
    !/^(domain|template)\//.test(file.path)
      ? []
      : callsOf(file, /^(new Date|Date)$/)
          .filter(({ argument }) => argument.kind === 'none')
          .map(({ line }) => ({ line, message: 'take the time as an argument' })),

  'log-message': (file) =>
    callsOf(file, /(^|\.)(log|logger)\.(trace|debug|info|warn|error|fatal)$/)
      .filter(({ argument }) => argument.kind === 'built')
      .map(({ line }) => ({ line, message: 'write a constant message and put the data in fields' })),

  /** A literal would be a version nobody described. */
  'workflow-version': (file) =>
    callsOf(file, /^(patched|deprecatePatch)$/)
      .filter(() => file.path.startsWith('workflows/'))
      .filter(({ argument }) => argument.kind !== 'member' || !argument.text.startsWith('versions.'))
      .map(({ line }) => ({ line, message: 'name a member of workflows/versions.ts' })),

  'describe-path': (file, tree) =>
    !file.path.startsWith('test/unit/')
      ? []
      : callsOf(file, /^describe(\.|$)/)
          .filter(({ atRoot, argument }) => atRoot && argument.kind === 'text' && !isSource(tree, argument.text))
          .map(({ line }) => ({ line, message: 'name the root describe after the file it tests, without its ending' })),
} satisfies Record<string, Rule>;

export type RuleName = keyof typeof rules;

/** Everything the rules find in a tree, in the order of its files. */
export function violations(files: readonly SourceFacts[]): readonly Violation[] {
  const tree = new Map(files.map((file) => [file.path, file]));
  const named = Object.entries(rules) as readonly (readonly [RuleName, Rule])[];
  return files.flatMap((file) =>
    named.flatMap(([rule, find]) => find(file, tree).map((finding) => ({ rule, file: file.path, ...finding }))),
  );
}

const zodPlaces = [
  /^domain\/api\//,
  /^adapters\/.+\/schema\.ts$/,
  /(^|[/-])config\.ts$/,
  /^(client\/lint|stack|tools|test)\//,
];

function callsOf(file: SourceFacts, name: RegExp): readonly CallFact[] {
  return file.calls.filter((call) => name.test(call.name));
}

/** A source file without its ending, or a folder of sources. */
function isSource(tree: Tree, path: string): boolean {
  return tree.has(`${path}.ts`) || [...tree.keys()].some((known) => known.startsWith(`${path}/`));
}

function zodFree(path: string): boolean {
  return path.startsWith('workflows/') || (path.startsWith('domain/') && !path.startsWith('domain/api/'));
}

function chainToZod(tree: Tree, path: string, seen: Set<string>): readonly string[] | undefined {
  if (seen.has(path)) return undefined;
  seen.add(path);
  const file = tree.get(path);
  if (file === undefined) return undefined;
  if (packageImports(file).some(({ fact, name }) => name === 'zod' && !fact.typeOnly)) return [path, 'zod'];
  for (const { fact, target } of ownImports(file)) {
    const rest = fact.typeOnly ? undefined : chainToZod(tree, target, seen);
    if (rest !== undefined) return [path, ...rest];
  }
  return undefined;
}

function isRelative(specifier: string): boolean {
  return /^\.{0,2}\//.test(specifier);
}

function ownImports(file: SourceFacts): readonly { readonly fact: ImportFact; readonly target: string }[] {
  return file.imports.flatMap((fact) =>
    fact.specifier !== undefined && isRelative(fact.specifier)
      ? [{ fact, target: posix.join(posix.dirname(file.path), fact.specifier) }]
      : [],
  );
}

function packageImports(file: SourceFacts): readonly { readonly fact: ImportFact; readonly name: string }[] {
  return file.imports.flatMap((fact) =>
    fact.specifier !== undefined && !isRelative(fact.specifier) ? [{ fact, name: packageName(fact.specifier) }] : [],
  );
}

/** `@noble/hashes/sha2.js` is a part of `@noble/hashes`; `node:fs/promises` of `node:fs`. */
function packageName(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function typesHint(allowance: Allowance, target: string): string {
  return allowsOwn(allowance, target, true) ? ' except its types (import type)' : '';
}
