import type { Json } from '../../domain/api/json.ts';
import { textAt } from '../../domain/api/json.ts';
import { formatTable } from './table.ts';

/** Texts of an item at these keys; `-` where there is none, so that columns stay apart. */
export function texts(value: Json, ...keys: readonly string[]): readonly string[] {
  return keys.map((key) => textAt(value, key) || '-');
}

/** A titled, indented table; `<none>` when it has no rows. */
export function section<T>(
  title: string,
  header: readonly string[],
  items: readonly T[],
  row: (item: T) => readonly string[],
): string {
  if (items.length === 0) return `\n${title}:  <none>\n`;
  return `\n${title}:\n${indent(formatTable(header, items.map(row)))}`;
}

/** The same, and nothing at all when it has no rows. */
export function sectionIfAny<T>(
  title: string,
  header: readonly string[],
  items: readonly T[],
  row: (item: T) => readonly string[],
): string {
  return items.length === 0 ? '' : section(title, header, items, row);
}

export function indent(text: string): string {
  return text.replaceAll(/^(?=.)/gm, '  ');
}
