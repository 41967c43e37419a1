import type { PlacedResource, TResource } from '../../domain/api/resource.ts';
import { findPath, offsetOf, type PathStep } from '../manifest/located.ts';
import type { Manifest } from '../manifest/reader.ts';
import { offsetInScalar } from '../manifest/scalar-offset.ts';
import { problemAt, type Problem, type ProblemText } from '../manifest/source.ts';
import type { FormEntry } from './form-entries.ts';

/** One entry of a form in its file. */
export interface EntryInFile {
  readonly manifest: Manifest;
  readonly placed: FormEntry;
  readonly resource: TResource;
}

export type EntryRule = (entry: EntryInFile) => readonly Problem[];

/** Path of an entry inside the document. */
export function entryPath({ list, index }: PlacedResource): readonly PathStep[] {
  return ['spec', list, index];
}

/** A problem at the key of a path inside the entry. */
export function atKey({ manifest, placed }: EntryInFile, path: readonly PathStep[], text: ProblemText): Problem {
  return problemAt(manifest.source, offsetOf(manifest.root, [...entryPath(placed), ...path]), text);
}

/** A problem inside the text at a path: at this character of it. */
export function inText(
  { manifest, placed }: EntryInFile,
  path: readonly PathStep[],
  at: { readonly index: number; readonly text: ProblemText },
): Problem {
  const { located } = findPath(manifest.root, [...entryPath(placed), ...path]);
  const before = typeof located.value === 'string' ? located.value.slice(0, at.index) : '';
  const lines = before.split('\n');
  const position = { line: lines.length, column: (lines.at(-1) ?? '').length + 1 };
  return problemAt(manifest.source, offsetInScalar(manifest.source, located, position), at.text);
}

/** All texts below a value, with their paths. */
export function textsIn(
  value: unknown,
  path: readonly PathStep[],
): readonly (readonly [readonly PathStep[], string])[] {
  if (typeof value === 'string') return [[path, value]];
  if (typeof value !== 'object' || value === null) return [];
  const members = Array.isArray(value) ? value.entries() : Object.entries(value);
  return [...members].flatMap(([key, item]: [PathStep, unknown]) => textsIn(item, [...path, key]));
}

/** Every text of an entry that is a template. */
export function templatesOf({ resource }: EntryInFile): readonly (readonly [readonly PathStep[], string])[] {
  const { nameTemplate, targetNamespace, labelsTemplate, annotationsTemplate, spec } = resource;
  const all = { nameTemplate, targetNamespace, labelsTemplate, annotationsTemplate, spec };
  return textsIn(all, []).filter(([, text]) => text.includes('{{'));
}

/** A text without its template actions; one that is not closed reaches to the end. */
export function staticParts(text: string): string {
  return text.replaceAll(/\{\{.*?(?:\}\}|$)/gsu, '');
}

/** The actions of a template, each with where it begins. */
export function actionsOf(text: string): readonly { readonly index: number; readonly text: string }[] {
  return [...text.matchAll(/\{\{.*?\}\}/gsu)].map((found) => ({ index: found.index, text: found[0] }));
}
