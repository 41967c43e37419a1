import { ToolError } from './failure.ts';

/** One thing that is taken away again, in the words of the report about what stayed. */
export interface CleanupStep {
  readonly what: string;
  readonly run: () => Promise<unknown>;
}

/** Runs every step in order, whatever failed before it; returns a line for each that failed. */
export async function runEach(steps: readonly CleanupStep[]): Promise<readonly string[]> {
  const failed: string[] = [];
  for (const { what, run } of steps) {
    try {
      await run();
    } catch (error) {
      failed.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return failed;
}

/** What is said when something stayed; `before` is the failure that led to the cleanup, if any, which must not be lost. */
export function leftBehind(failed: readonly string[], before: unknown): ToolError {
  const earlier = before instanceof Error ? [`it began with: ${before.message}`] : [];
  const details = before instanceof ToolError ? before.details : [];
  return new ToolError('not everything could be taken away again', {
    details: [...failed, ...earlier, ...details],
    fix: 'take away by hand what is named above',
  });
}
