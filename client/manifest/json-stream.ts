import {
  Composer,
  type CST,
  type Document,
  type DocumentOptions,
  Parser,
  type ParsedNode,
  type ParseOptions,
  type SchemaOptions,
} from 'yaml';

/**
 * JSON objects one after the other, as `jq '.items[]'` prints them, are no YAML: between two documents there has to be a line of ---.
 */

/** Everything that may change the depth, and what only YAML has: there braces may be text. */
const marks = /"(?:[^"\\]|\\.)*"|[{}[\]'#]/gs;
const steps: Readonly<Record<string, number>> = { '{': 1, '[': 1, '}': -1, ']': -1 };

/** Where each object begins, or undefined when a text is no such stream: not two objects, or something in it that JSON does not have. */
export function jsonObjectStarts(text: string): readonly number[] | undefined {
  if (!/^[\ufeff\s]*\{/.test(text)) return undefined;
  const starts = [0];
  let depth = 0;
  for (const { 0: mark, index } of text.matchAll(marks)) {
    if (mark === "'" || mark === '#') return undefined;
    depth += steps[mark] ?? 0;
    if (depth !== 0 || mark !== '}') continue;
    const next = /\s*\{/y;
    next.lastIndex = index + 1;
    if (!next.test(text)) break;
    starts.push(next.lastIndex - 1);
  }
  return starts.length > 1 ? starts : undefined;
}

/** Each part of a text as a document of its own, with offsets of the whole text. */
export function parseParts(
  text: string,
  starts: readonly number[],
  options: ParseOptions & DocumentOptions & SchemaOptions,
): readonly Document.Parsed<ParsedNode>[] {
  function* tokens(): Generator<CST.Token> {
    for (const [index, start] of starts.entries()) {
      for (const token of new Parser().parse(text.slice(start, starts[index + 1]))) {
        moveBy(token, start);
        yield token;
      }
    }
  }
  return [...new Composer<ParsedNode>(options).compose(tokens())];
}

/** Without recursion: how deep it goes is up to whoever wrote the text. */
function moveBy(token: CST.Token, offset: number): void {
  const open: unknown[] = [token];
  while (open.length > 0) {
    const part = open.pop();
    if (typeof part !== 'object' || part === null) continue;
    if ('offset' in part && typeof part.offset === 'number') part.offset += offset;
    for (const inner of Object.values(part)) open.push(inner);
  }
}
