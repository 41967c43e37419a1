import type { Reporter, TestModule } from 'vitest/node';
import { blemished, unproven } from './ids.ts';

/** Fails a run of all fault tests in which a fault had no test that ran and passed, or one that did not. */
export default class IdsReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const ran = modules.flatMap(({ children }) =>
      [...children.allTests()].map((test) => ({ title: test.name, status: test.result().state })),
    );
    tell('faults without a test that ran and passed', unproven(ran));
    tell('faults with a test that was skipped or failed', blemished(ran));
  }
}

function tell(what: string, ids: readonly string[]): void {
  if (ids.length === 0) return;
  process.stdout.write(`\n${what}: ${ids.join(', ')}\n`);
  process.exitCode = 1;
}
