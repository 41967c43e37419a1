import type { Json } from '../../domain/api/json.ts';
import { mergedTextMaps, type NotText, notTexts } from '../../domain/text-maps.ts';
import { findPath, pathText, type PathStep } from '../manifest/located.ts';
import type { Problem } from '../manifest/source.ts';
import { problemAt } from '../manifest/source.ts';
import { type EntryInFile, entryPath } from './entry.ts';

/** Labels, annotations and `stringData` that are no texts: an entry with one of them is not applied at all, but for those without a value. */
export function lintTextMaps(entry: EntryInFile): readonly Problem[] {
  const { spec } = entry.resource;
  return notTexts(spec, mergedTextMaps(spec)).map((found) =>
    found.isNull
      ? { ...notTextProblem(entry, { ...found, message: 'has no value and is left out' }), severity: 'warning' }
      : notTextProblem(entry, found),
  );
}

/** At the value, as the schema's problems are. */
export function notTextProblem({ manifest, placed }: EntryInFile, { path, message }: NotText): Problem {
  const whole: readonly PathStep[] = [...entryPath(placed), 'spec', ...path];
  const { located } = findPath(manifest.root, whole);
  const fix = adviceFor(located.value, manifest.source.text.slice(located.start, located.end));
  return problemAt(manifest.source, located.start, { message: `${pathText(whole)}: ${message}`, fix });
}

/** What to do about a value that is no text. */
export function adviceFor(value: Json, written: string): string | undefined {
  if (value === null) return 'write "", or remove it';
  return typeof value === 'number' || typeof value === 'boolean' ? `write it in quotes: "${written}"` : undefined;
}
