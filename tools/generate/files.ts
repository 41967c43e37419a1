import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** One file that `npm run generate` owns; `path` is relative to the checkout, with forward slashes. */
export interface GeneratedFile {
  readonly path: string;
  readonly text: string;
}

/** How the checkout differs from what would be generated. `stray`: nothing generates it any more; `stale`: its source was edited, and another command makes it. */
export interface Difference {
  readonly path: string;
  readonly kind: 'missing' | 'changed' | 'stray' | 'stale';
}

/**
 * What `writeFiles` would change below `root`. Folders in `owned` hold generated files only.
 */
export function differences(
  root: string,
  files: readonly GeneratedFile[],
  owned: readonly string[],
): readonly Difference[] {
  const known = new Set(files.map((file) => file.path));
  const strays = owned
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) => readdirSync(join(root, folder)).map((name) => `${folder}/${name}`))
    .filter((path) => !known.has(path))
    .map((path) => ({ path, kind: 'stray' }) as const);
  return [...files.flatMap((file) => difference(root, file)), ...strays];
}

function difference(root: string, file: GeneratedFile): readonly Difference[] {
  const place = join(root, file.path);
  if (!existsSync(place)) return [{ path: file.path, kind: 'missing' }];
  return readFileSync(place, 'utf8') === file.text ? [] : [{ path: file.path, kind: 'changed' }];
}

/** Files that a person writes, of which something else is to be a copy. */
export function sourceFiles(root: string, paths: readonly string[]): readonly GeneratedFile[] {
  return paths.map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

/** Writes every file below `root`. Strays are left for a person to remove. */
export function writeFiles(root: string, files: readonly GeneratedFile[]): void {
  for (const file of files) {
    const place = join(root, file.path);
    mkdirSync(dirname(place), { recursive: true });
    writeFileSync(place, file.text);
  }
}
