import { dns1123Subdomain, isLabelValue, labelLength } from '../../domain/api/patterns.ts';
import { fixedLength, literalParts } from './entry.ts';

/** What the fixed part of a templated text makes of it, whatever the row says. */

const atEdge = /^[A-Za-z0-9]$/;

function edges(text: string): readonly [first: string, last: string] {
  const literals = literalParts(text);
  return [literals[0]?.[0] ?? '', literals.at(-1)?.at(-1) ?? ''];
}

/** Why no object can have this name; undefined when some row may make it one. Its characters have been looked at. */
export function nameProblem(text: string, length: number, isRole: boolean): string | undefined {
  const [first, last] = edges(text);
  if (first !== '' && !atEdge.test(first)) return `begins with "${first}", as no name may`;
  if (last !== '' && !atEdge.test(last)) return `ends with "${last}", as no name may`;
  if (fixedLength(text) > length) return `is longer than ${length} characters`;
  if (isRole) return undefined;
  if (literalParts(text).some((part) => part.includes('..'))) return 'has "..", which no name may have';
  return text === '' || text.includes('{{') || dns1123Subdomain.test(text) ? undefined : 'is not a name';
}

/** Whether no row can make a label value of this text. */
export function isNoLabelValue(text: string): boolean {
  if (!text.includes('{{')) return !isLabelValue(text);
  const isWrong = (edge: string): boolean => edge !== '' && !atEdge.test(edge);
  const hasOthers = literalParts(text).some((part) => !/^[-A-Za-z0-9_.]*$/.test(part));
  return hasOthers || fixedLength(text) > labelLength || edges(text).some(isWrong);
}
