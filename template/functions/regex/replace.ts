import { joinText } from '../../values/text.ts';
import { checkLength } from '../support/bytes.ts';
import { type Pattern, type Search, searchIn, type SearchContext } from './pattern.ts';

/** A part of a replacement: text as it is, or a group by number or name. */
type Part = { readonly text: string } | { readonly group: number | string };

const REFERENCE = /^(?:\{([\p{L}\p{Nd}_]+)\}|([\p{L}\p{Nd}_]+))/u;

/** A template of `Regexp.Expand`: `$1`, `$name`, `${name}`, `$$`; a `$` that starts none of them is text. */
export function parseReplacement(template: string): readonly Part[] {
  const parts: Part[] = [];
  for (let at = 0; at < template.length; ) {
    const dollar = template.indexOf('$', at);
    if (dollar < 0) return [...parts, { text: template.slice(at) }];
    parts.push({ text: template.slice(at, dollar) });
    at = dollar + 1;
    const [reference, braced, bare] = REFERENCE.exec(template.slice(at)) ?? [];
    const name = braced ?? bare;
    if (template.charAt(at) === '$') {
      parts.push({ text: '$' });
      at += 1;
    } else if (reference === undefined || name === undefined) {
      parts.push({ text: '$' });
    } else {
      parts.push({ group: /^(0|[1-9][0-9]{0,8})$/.test(name) ? Number(name) : name });
      at += reference.length;
    }
  }
  return parts;
}

/** A replacement without references. */
export function literalReplacement(text: string): readonly Part[] {
  return [{ text }];
}

/** `Regexp.ReplaceAllString`: an empty match right behind another match is not replaced. */
export function replaceMatches(
  text: string,
  pattern: Pattern,
  replacement: readonly Part[],
  context: SearchContext,
): string {
  const search = searchIn(text, pattern, context);
  const out: string[] = [];
  let length = 0;
  const add = (part: string): void => {
    length += part.length;
    checkLength(length, context.limits.output);
    if (part !== '') out.push(part);
  };
  let lastEnd = 0;
  for (let position = 0; position <= text.length; ) {
    const match = search.at(position);
    if (match === undefined) break;
    add(text.slice(lastEnd, match.from));
    if (match.to > lastEnd || match.from === 0) expand(replacement, search, add);
    lastEnd = match.to;
    position = Math.max(match.to, position + Math.max(search.width(position), 1));
  }
  add(text.slice(lastEnd));
  return joinText(out);
}

function expand(replacement: readonly Part[], search: Search, add: (part: string) => void): void {
  for (const part of replacement) add('text' in part ? part.text : search.group(part.group));
}
