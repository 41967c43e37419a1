/**
 * What shells and `lynq` say to each other, as programs made with cobra do (kubectl, helm, temporal), so that kubectl can ask too: the words of the
 * line after `__complete --`, the last one being the unfinished one; the answer has `value<TAB>description` lines and ends with `:DIRECTIVE`.
 */
export const completionWord = '__complete';

/** What the shell may do beside offering the values. */
export const directives = { files: 0, noFiles: 4, noFilesNoSpace: 6 } as const;

export interface Candidate {
  readonly value: string;
  readonly description?: string;
}

export function formatAnswer(candidates: readonly Candidate[], directive: number): string {
  const lines = candidates.map(({ value, description }) =>
    description === undefined ? value : `${value}\t${description}`,
  );
  return [...lines, `:${directive}`, ''].join('\n');
}
