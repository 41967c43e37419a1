import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseVectors, type Vector, type VectorFile } from '../vectors/vectors.ts';

const folder = new URL('../../test/golden/differential/', import.meta.url);

/** A file in the format of `test/golden/go-templates.json`, one vector a line, so that changes can be read. */
function fileText(vars: VectorFile['vars'], vectors: readonly Vector[]): string {
  return `{"vars": ${json(vars)},\n"vectors": [\n${vectors.map(json).join(',\n')}\n]}\n`;
}

/** JSON in which integers stay as wide as they are. */
function json(value: unknown): string {
  if (typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return `[${value.map(json).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}: ${json(item)}`).join(', ')}}`;
}

/** Adds failing cases to the golden tests, for ever. The path of the file. */
export function store(name: string, vars: VectorFile['vars'], vectors: readonly Vector[]): string {
  mkdirSync(folder, { recursive: true });
  const file = fileURLToPath(new URL(`${name}.json`, folder));
  const known = existsSync(file) ? parseVectors(readFileSync(file, 'utf8')).vectors : [];
  const fresh = vectors.filter(
    ({ template }, index) =>
      !known.some((other) => other.template === template) &&
      vectors.findIndex((other) => other.template === template) === index,
  );
  writeFileSync(file, fileText(vars, [...known, ...fresh]));
  return file;
}
