import type { Problem } from '../manifest/source.ts';
import { plain } from './table.ts';

/** Problems as compilers print them, so that editors and CI find the place: `file:line:column: error: message`. */
export function formatProblems(problems: readonly Problem[]): string {
  return problems.map(formatProblem).join('');
}

function formatProblem({ file, line, column, severity, message, fix }: Problem): string {
  const advice = fix === undefined ? '' : `    ${plain(fix)}\n`;
  return `${plain(file)}:${line}:${column}: ${severity}: ${plain(message)}\n${advice}`;
}

/** `2 errors, 1 warning`; empty when there is nothing. */
export function countProblems(problems: readonly Problem[]): string {
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  const warnings = problems.length - errors;
  return [counted(errors, 'error'), counted(warnings, 'warning')].filter((text) => text !== '').join(', ');
}

/** `1 file`, `2 files`; empty for none. */
export function counted(count: number, noun: string): string {
  if (count === 0) return '';
  return count === 1 ? `1 ${noun}` : `${count} ${noun}s`;
}
