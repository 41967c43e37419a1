import type { Position } from '../problems.ts';

/** Line and column of an index, both from 1; columns count characters, not bytes. */
export function positionOf(source: string, at: number): Position {
  const before = source.slice(0, at);
  const lineStart = before.lastIndexOf('\n') + 1;
  return { line: countLines(before), column: Array.from(before.slice(lineStart)).length + 1 };
}

function countLines(text: string): number {
  let lines = 1;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines += 1;
  return lines;
}
