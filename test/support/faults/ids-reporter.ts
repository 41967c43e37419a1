import type { Reporter, TestModule } from 'vitest/node';
import { unproven } from './ids.ts';

/** Fails a run of all fault tests in which a fault had no test that ran and passed. */
export default class IdsReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const ran = modules.flatMap(({ children }) =>
      [...children.allTests()].map((test) => ({ title: test.name, status: test.result().state })),
    );
    const open = unproven(ran);
    if (open.length === 0) return;
    process.stdout.write(`\nfaults without a test that ran and passed: ${open.join(', ')}\n`);
    process.exitCode = 1;
  }
}
