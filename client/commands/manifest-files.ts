import type { Context } from '../context.ts';
import type { HubLookup } from '../lint/variables.ts';
import { loadManifests, type LoadResult } from '../manifest/files.ts';
import type { Problem } from '../manifest/source.ts';

/** `-f` and `-R` of every command that reads manifests. */
export const fileFlags = {
  filename: {
    kind: 'list',
    short: 'f',
    value: 'FILE|DIR|-',
    required: true,
    completes: 'files',
    summary: 'file, folder or - for standard input; may be repeated',
  },
  recursive: { kind: 'boolean', short: 'R', summary: 'read folders inside a folder too' },
} as const;

export function loadFiles(
  context: Context,
  flags: { readonly filename: readonly string[]; readonly recursive: boolean },
): Promise<LoadResult> {
  return loadManifests(flags.filename, flags.recursive, context.files);
}

/** Lints what was read; zod and the template library are loaded here and not before. */
export async function lintFiles(context: Context, loaded: LoadResult, findHub: HubLookup): Promise<readonly Problem[]> {
  const { lintManifests } = await import('../lint/index.ts');
  return lintManifests(loaded.manifests, { namespace: await context.namespace(), findHub });
}

export function hasErrors(problems: readonly Problem[]): boolean {
  return problems.some(({ severity }) => severity === 'error');
}
