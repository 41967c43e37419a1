import type { FunctionContext } from '../define.ts';
import { checkLength } from './bytes.ts';

const CHUNK = 8_192;

/** A text in pieces of some thousand characters; no character is cut in two. */
export function* chunksOf(text: string): Iterable<string> {
  for (let from = 0; from < text.length; ) {
    const last = text.charCodeAt(from + CHUNK - 1);
    // The first half of a pair stays with the second.
    const to = from + (last >= 0xd800 && last <= 0xdbff ? CHUNK - 1 : CHUNK);
    yield text.slice(from, to);
    from = to;
  }
}

/** A text through a function that works character by character: charged and bounded on the way, as the text can be long. */
export function mapChunks(
  context: Pick<FunctionContext, 'limits' | 'spend'>,
  text: string,
  map: (chunk: string) => string,
): string {
  if (text.length <= CHUNK) return map(text);
  const parts: string[] = [];
  let length = 0;
  for (const chunk of chunksOf(text)) {
    const part = map(chunk);
    length += part.length;
    checkLength(length, context.limits.output);
    context.spend(chunk.length);
    parts.push(part);
  }
  return parts.join('');
}
