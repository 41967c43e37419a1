import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';

/** What the closing line of a suite says. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export const noTests: Counts = { passed: 0, failed: 0, skipped: 0 };

const Report = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  testResults: z.array(z.object({ status: z.string(), assertionResults: z.array(z.object({ status: z.string() })) })),
});

/**
 * Counts of a report of vitest. A file that failed outside of its tests (it could not be loaded, or what goes before or after them failed) is one
 * failure, for vitest counts its tests as skipped or passed.
 */
export function countsOf(report: unknown): Counts {
  const { numPassedTests, numFailedTests, numPendingTests, testResults } = Report.parse(report);
  const broken = testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((assertion) => assertion.status === 'failed'),
  );
  return { passed: numPassedTests, failed: numFailedTests + broken.length, skipped: numPendingTests };
}

/** The same of a file. A run that has left none, because it did not come that far, is one failure. */
export function readCounts(file: string): Counts {
  return existsSync(file) ? countsOf(JSON.parse(readFileSync(file, 'utf8')) as unknown) : { ...noTests, failed: 1 };
}
