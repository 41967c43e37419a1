/** Something the person at the terminal has to know: what happened, where, and what to do about it. */
export class ToolError extends Error {
  /** Lines that show where: conditions, the end of a log. */
  readonly details: readonly string[];
  readonly fix: string;

  constructor(what: string, { fix, details = [] }: { readonly fix: string; readonly details?: readonly string[] }) {
    super(what);
    this.name = 'ToolError';
    this.fix = fix;
    this.details = details;
  }
}

/** The person asked to stop. */
export class Interrupted extends Error {
  constructor() {
    super('interrupted');
    this.name = 'Interrupted';
  }
}

/** The text of any failure, with what to do where that is known. */
export function failureText(error: unknown): string {
  if (error instanceof ToolError) {
    const details = error.details.map((line) => `  ${line}\n`).join('');
    return `Error: ${error.message}\n${details}What to do: ${error.fix}\n`;
  }
  return `Error: ${error instanceof Error ? error.message : String(error)}\n`;
}
