import { describe, expect, test } from 'vitest';
import { countsOf, readCounts } from '../../../../tools/test/counts.ts';

const file = (status: string, ...tests: readonly string[]) => ({
  status,
  assertionResults: tests.map((each) => ({ status: each })),
});
const report = (numPassedTests: number, numFailedTests: number, numPendingTests: number, ...testResults: object[]) => ({
  numPassedTests,
  numFailedTests,
  numPendingTests,
  testResults,
});

describe('tools/test/counts', () => {
  test('tests are counted as they ended', () => {
    const counts = countsOf(report(2, 1, 1, file('passed', 'passed', 'pending'), file('failed', 'passed', 'failed')));
    expect(counts).toEqual({ passed: 2, failed: 1, skipped: 1 });
  });

  test.each([
    ['could not be loaded', file('failed')],
    ['failed before its tests', file('failed', 'skipped')],
    ['failed after its tests', file('failed', 'passed')],
  ])('a file that %s is a failure', (_what, broken) => {
    expect(countsOf(report(0, 0, 0, broken)).failed).toBe(1);
  });

  test('a run without a report is a failure', () => {
    expect(readCounts('/no/such/report.json')).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });
});
