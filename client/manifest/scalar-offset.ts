import type { Located } from './located.ts';
import type { Position, SourceFile } from './source.ts';

/**
 * Where a character of a scalar's value stands in the file. Escapes and doubled quotes are counted; where folding makes it ambiguous (a
 * quoted or plain scalar over several lines, `>`), it is where the scalar begins.
 */
export function offsetInScalar(source: SourceFile, located: Located, at: Position): number {
  if (typeof located.value !== 'string') return located.start;
  const text = source.text.slice(located.start, located.end);
  // What ends too early is reported behind the last character, which may be lines below the text.
  const last = Math.max(0, text.trimEnd().length - 1);
  return located.start + Math.min(offsetInText(text, located, at), last);
}

function offsetInText(text: string, { style, value }: Located, at: Position): number {
  switch (style) {
    case 'plain':
      return text === value ? at.column - 1 : 0;
    case 'single':
      return inQuotes(text, at, (rest) => (rest.startsWith("''") ? 2 : 1));
    case 'double':
      return inQuotes(text, at, escapeLength);
    case 'block':
      return inLiteral(text, at);
    default:
      return 0;
  }
}

function escapeLength(rest: string): number {
  if (!rest.startsWith('\\')) return 1;
  const digits: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };
  return 2 + (digits[rest[1] ?? ''] ?? 0);
}

function inQuotes(text: string, at: Position, lengthOf: (rest: string) => number): number {
  if (at.line > 1 || text.includes('\n')) return 0;
  let offset = 1;
  for (let column = 1; column < at.column && offset < text.length - 1; column++) offset += lengthOf(text.slice(offset));
  return offset;
}

/** Line N of a literal is the Nth line below its header, indented. */
function inLiteral(text: string, at: Position): number {
  if (!text.startsWith('|')) return 0;
  const lines = text.split('\n');
  const [header = ''] = lines;
  const body = lines.slice(1);
  const explicit = /[1-9]/.test(header);
  const indent = /^ */.exec(body.find((line) => line.trim() !== '') ?? '')?.[0].length ?? 0;
  if (explicit || at.line > body.length) return 0;
  const before = lines.slice(0, at.line).reduce((sum, line) => sum + line.length + 1, 0);
  return before + indent + at.column - 1;
}
