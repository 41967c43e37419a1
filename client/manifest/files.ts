import type { Files } from '../context.ts';
import { CommandError } from '../errors.ts';
import type { Manifest } from './reader.ts';
import type { Problem } from './source.ts';

/** Files for `-f`: a file, a folder (its *.yaml, *.yml and *.json, not deeper unless asked), or `-` for standard input. */

export interface LoadResult {
  readonly manifests: readonly Manifest[];
  readonly problems: readonly Problem[];
  /** Names of the files read, in order. */
  readonly files: readonly string[];
}

export interface Reading {
  readonly recursive: boolean;
  readonly files: Files;
  /** `lynq lint`: for what to do in place of naming an address. */
  readonly command: string;
}

export async function loadManifests(paths: readonly string[], reading: Reading): Promise<LoadResult> {
  const { files } = reading;
  // The reader brings the YAML library, which commands without files do not pay for.
  const { decodeUtf8, notUtf8, readManifests } = await import('./reader.ts');
  const names: string[] = [];
  for (const path of paths) names.push(...(await expand(path, reading)));
  const manifests: Manifest[] = [];
  const problems: Problem[] = [];
  const unique = [...new Set(names)];
  for (const name of unique) {
    const bytes = name === '-' ? await files.standardInput() : await files.read(name);
    const shown = name === '-' ? 'stdin' : name;
    const text = decodeUtf8(bytes);
    if (text === undefined) {
      problems.push(notUtf8(shown, bytes));
      continue;
    }
    const read = readManifests(shown, text);
    manifests.push(...read.manifests);
    problems.push(...read.problems);
  }
  return { manifests, problems, files: unique };
}

async function expand(path: string, { recursive, files, command }: Reading): Promise<readonly string[]> {
  if (path === '-') return [path];
  if (/^https?:\/\//.test(path)) {
    throw new CommandError(`${path}: addresses are not read`, { fix: `curl -fsSL ${path} | ${command} -f -` });
  }
  const kind = await files.kind(path);
  if (kind === 'absent') throw new CommandError(`${path} does not exist`, { fix: 'check the path given to -f' });
  if (kind === 'file') return [path];
  const found = await expandFolder(path, recursive, files);
  if (found.length === 0) {
    throw new CommandError(`${path} has no .yaml, .yml or .json file`, recursive ? {} : { fix: 'look deeper with -R' });
  }
  return found;
}

async function expandFolder(folder: string, recursive: boolean, files: Files): Promise<readonly string[]> {
  const found: string[] = [];
  for (const name of await files.list(folder)) {
    const path = `${folder.replace(/\/+$/, '')}/${name}`;
    if ((await files.kind(path)) !== 'folder') {
      if (/\.(?:ya?ml|json)$/.test(name)) found.push(path);
    } else if (recursive) found.push(...(await expandFolder(path, true, files)));
  }
  return found;
}
