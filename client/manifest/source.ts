/**
 * A text file with line numbers. Lines and columns count from 1; a column counts UTF-16 units, as editors' "go to" does.
 */
export interface SourceFile {
  /** As the user wrote it, for messages. */
  readonly name: string;
  readonly text: string;
  readonly lineStarts: readonly number[];
}

export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Something wrong in a file. `fix` says what to do and is printed on a line of its own. */
export interface Problem extends Position {
  readonly file: string;
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly fix?: string;
}

/** Prepares a text for position look-ups. */
export function sourceFile(name: string, text: string): SourceFile {
  const lineStarts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lineStarts.push(at + 1);
  return { name, text, lineStarts };
}

/** Line and column of an offset; an offset past the end is the end. */
export function positionAt(source: SourceFile, offset: number): Position {
  let low = 0;
  let high = source.lineStarts.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((source.lineStarts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return { line: low + 1, column: Math.min(offset, source.text.length) - (source.lineStarts[low] ?? 0) + 1 };
}

export interface ProblemText {
  readonly message: string;
  readonly fix?: string | undefined;
  readonly severity?: 'error' | 'warning';
}

/** A problem at an offset of a file. */
export function problemAt(source: SourceFile, offset: number, text: ProblemText): Problem {
  const fix = text.fix === undefined ? {} : { fix: text.fix };
  return {
    file: source.name,
    ...positionAt(source, offset),
    severity: text.severity ?? 'error',
    message: text.message,
    ...fix,
  };
}

/** Order in which problems are printed: by file as given, then by position; the first of equal ones stays. */
export function sortProblems(problems: readonly Problem[]): readonly Problem[] {
  const files = [...new Set(problems.map((problem) => problem.file))];
  const seen = new Set<string>();
  return [...problems]
    .sort((a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line || a.column - b.column)
    .filter((problem) => {
      const key = `${problem.file}:${problem.line}:${problem.column}:${problem.message}`;
      return !seen.has(key) && seen.add(key);
    });
}
