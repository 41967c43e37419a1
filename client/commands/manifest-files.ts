import type { Lookup } from '../cluster-lookup.ts';
import type { Context } from '../context.ts';
import { loadManifests, type LoadResult } from '../manifest/files.ts';
import type { Manifest } from '../manifest/reader.ts';
import { type Problem, sortProblems } from '../manifest/source.ts';
import { countProblems, counted, formatProblems } from '../output/problems.ts';
import { CommandError } from '../errors.ts';

/** `-f` of commands that can do without. */
export const optionalFiles = {
  kind: 'list',
  short: 'f',
  value: 'FILE|DIR|-',
  completes: 'files',
  summary: 'file, folder or - for standard input; may be repeated',
} as const;

/** `-f` and `-R` of every command that reads manifests. */
export const fileFlags = {
  filename: { ...optionalFiles, required: true },
  recursive: { kind: 'boolean', short: 'R', summary: 'read folders inside a folder too' },
} as const;

/** `-o` of commands whose result is prose for people, or JSON for programs. */
export const proseOrJson = {
  kind: 'text',
  short: 'o',
  value: 'FORMAT',
  choices: ['text', 'json'],
  default: 'text',
  summary: 'output format',
} as const;

export function loadFiles(
  { files, command }: Context,
  flags: { readonly filename: readonly string[]; readonly recursive: boolean },
): Promise<LoadResult> {
  return loadManifests(flags.filename, { recursive: flags.recursive, files, command });
}

/** Lints what was read; zod and the template library are loaded here and not before. */
export async function lintFiles(context: Context, loaded: LoadResult, lookup: Lookup): Promise<readonly Problem[]> {
  const { lintManifests } = await import('../lint/index.ts');
  return lintManifests(loaded.manifests, { namespace: await context.namespace(), ...lookup });
}

export function hasErrors(problems: readonly Problem[]): boolean {
  return problems.some(({ severity }) => severity === 'error');
}

export interface Check {
  readonly lint: boolean;
  /** No cluster is asked for hubs and other forms. */
  readonly offline: boolean;
  /** `nothing was applied`: what the problems led to. */
  readonly refusal: string;
}

/** The objects of files without problems. Problems go to stderr; an error among them ends the command before anything is sent. */
export async function checkedManifests(
  context: Context,
  flags: { readonly filename: readonly string[]; readonly recursive: boolean },
  { lint, offline, refusal }: Check,
): Promise<readonly Manifest[]> {
  const loaded = await loadFiles(context, flags);
  const { clusterLookup, noLookup } = await import('../cluster-lookup.ts');
  const linted = lint ? await lintFiles(context, loaded, offline ? noLookup : clusterLookup(context)) : [];
  const problems = sortProblems([...loaded.problems, ...linted]);
  context.err.write(formatProblems(problems));
  if (!hasErrors(problems)) return loaded.manifests;
  throw new CommandError(`${refusal}: ${countProblems(problems)} in ${counted(loaded.files.length, 'file')}`, {
    fix: 'correct what is listed above',
  });
}
