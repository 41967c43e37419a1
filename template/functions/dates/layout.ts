import { checkLength } from '../support/bytes.ts';

/** One element of a time layout with the text before it; the last one of a layout has no element. */
export interface LayoutPart {
  readonly prefix: string;
  readonly element: string;
}

/** The elements of `time.Format`, longest first where one starts another (`nextStdChunk`). */
const ELEMENT = new RegExp(
  [
    'January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST',
    '0[1-6]|002|15|1|2006|2|__2|_2(?!006)|3|4|5|PM|pm',
    '[-Z]070000|[-Z]07:00:00|[-Z]0700|[-Z]07:00|[-Z]07',
    '[.,]0+(?![0-9])|[.,]9+(?![0-9])',
  ].join('|'),
  'g',
);

/** Longer layouts and texts of dates are refused: reading them would take longer than a field may render. */
const MAX_LAYOUT = 65_536;

/** A layout taken apart. */
export function layoutParts(layout: string): readonly LayoutPart[] {
  checkLength(layout.length, MAX_LAYOUT);
  const parts: LayoutPart[] = [];
  let end = 0;
  for (const match of layout.matchAll(ELEMENT)) {
    parts.push({ prefix: layout.slice(end, match.index), element: match[0] });
    end = match.index + match[0].length;
  }
  return [...parts, { prefix: layout.slice(end), element: '' }];
}

export function isFraction(element: string): boolean {
  return element.startsWith('.') || element.startsWith(',');
}

export const monthNames = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
] as const;

export const dayNames = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const;
