import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { JsonObject } from '../domain/api/json.ts';

const folder = new URL('./crds/', import.meta.url);

/**
 * The CustomResourceDefinitions as data, in the order of their file names, ready for a server-side apply.
 *
 * Reads the YAML files beside this module: whoever packages `dist` copies `deploy/crds` with it.
 */
export function readCrds(): readonly JsonObject[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.yaml'))
    .toSorted()
    .map((name) => parse(readFileSync(new URL(name, folder), 'utf8')) as JsonObject);
}
