import { withoutEnd } from '../../domain/text-ends.ts';
import type { PlacedResource, TResource } from '../../domain/api/resource.ts';
import { findPath, offsetOf, type PathStep } from '../manifest/located.ts';
import type { Manifest } from '../manifest/reader.ts';
import { offsetInScalar } from '../manifest/scalar-offset.ts';
import { problemAt, type Problem, type ProblemText } from '../manifest/source.ts';
import { actionEnd } from '../manifest/template-mask.ts';
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

interface Action {
  readonly index: number;
  readonly text: string;
}

/** Text beside an action without the spaces that its markers, `{{- ` and ` -}}`, trim (template/language/lexer.ts). */
function trimmedLiteral(literal: string, before: string, after: string): string {
  const cut = /[ \t\r\n]-\}\}$/.test(before) ? literal.replace(/^[ \t\r\n]+/, '') : literal;
  return /^\{\{-[ \t\r\n]/.test(after) ? withoutEnd(cut, ' \t\r\n') : cut;
}

/** A text taken apart: what is left before, between and after its template actions. One that is not closed reaches to the end. */
function takenApart(text: string): { readonly literals: readonly string[]; readonly actions: readonly Action[] } {
  const literals: string[] = [];
  const actions: Action[] = [];
  let [from, previous] = [0, ''];
  for (let begin = text.indexOf('{{'); begin >= 0; begin = text.indexOf('{{', from)) {
    const end = actionEnd(text, begin, true);
    const action = text.slice(begin, end);
    literals.push(trimmedLiteral(text.slice(from, begin), previous, action));
    if (end !== undefined) actions.push({ index: begin, text: action });
    [from, previous] = [end ?? text.length, action];
  }
  return { literals: [...literals, trimmedLiteral(text.slice(from), previous, '')], actions };
}

/** What is left before, between and after the actions of a template: one more than there are actions. */
export function literalParts(text: string): readonly string[] {
  return takenApart(text).literals;
}

/** A text without its template actions. */
export function staticParts(text: string): string {
  return literalParts(text).join('');
}

/** The actions of a template, each with where it begins. */
export function actionsOf(text: string): readonly Action[] {
  return takenApart(text).actions;
}

/** Characters that a template has whatever the row says; 0 where it has branches, of which not all are taken. */
export function fixedLength(text: string): number {
  const branches = /^\{\{-?\s*(?:if|else|end|range|with|define|block|template)\b/;
  return actionsOf(text).some((action) => branches.test(action.text)) ? 0 : staticParts(text).length;
}
