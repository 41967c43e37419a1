import { withoutEnd } from '../../domain/text-ends.ts';
import type { Located } from './located.ts';
import { readScalar } from './scalar-text.ts';
import type { Position, SourceFile } from './source.ts';

/** Where a character of a scalar's value stands in the file; where that cannot be told, it is where the scalar begins. */
export function offsetInScalar(source: SourceFile, located: Located, at: Position): number {
  const { value, start, end, style } = located;
  if (typeof value !== 'string' || style === undefined) return start;
  const text = source.text.slice(start, end);
  // What ends too early is reported behind the last character, which may be lines below the text.
  const last = Math.max(0, text.trimEnd().length - 1);
  const lines = value.split('\n').slice(0, at.line - 1);
  const index = lines.reduce((sum, line) => sum + line.length + 1, 0) + at.column - 1;
  for (const read of readScalar(text, style)) {
    // How many line breaks are kept at the end moves nothing before them.
    if (withoutEnd(read.text, '\n') !== withoutEnd(value, '\n')) continue;
    return start + Math.min(read.offsets[index] ?? last, last);
  }
  return start;
}
