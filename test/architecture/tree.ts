import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sourceFacts, type SourceFacts } from './source-facts.ts';

/** The checkout this file is in. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

const skipped = new Set(['node_modules', 'dist', 'coverage']);

function sourcePaths(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.name.startsWith('.') || skipped.has(entry.name)) return [];
    if (entry.isDirectory()) return sourcePaths(path);
    return /\.(ts|mts|mjs|js)$/.test(entry.name) ? [path] : [];
  });
}

/** Facts about every source file of the checkout. */
export function readTree(): readonly SourceFacts[] {
  return sourcePaths('').map((path) => sourceFacts(path, readFileSync(join(root, path), 'utf8')));
}
