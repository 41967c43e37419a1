import { defineConfig } from 'vitest/config';

/** The part of the parity tests that needs real servers. */
const onStack = ['test/parity/on-stack-*.test.ts', 'test/parity/peer-suite/**/*.test.ts'];

/** What only a MySQL has, and not the MariaDB of the stack. */
const onMysql = ['test/contract/row-source.mysql-login.test.ts'];

/**
 * `unit` is pure and fast: no server, no network. `stack` runs against one embedded stack (real MariaDB, Temporal, Kubernetes control plane) that
 * its global setup brings up; its files run one after the other, so that they do not disturb each other's waits. `faults` is the same with
 * something broken on purpose; tests of one file may run side by side there. `mysql` is what of them takes a MySQL alone, on a MySQL where the stack has
 * MariaDB.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            'test/unit/**/*.test.ts',
            'test/architecture/**/*.test.ts',
            'test/golden/**/*.test.ts',
            'test/parity/**/*.test.ts',
            'test/contract/**/*-fake.test.ts',
          ],
          exclude: onStack,
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'stack',
          include: [
            'test/contract/**/*.test.ts',
            'test/workflow/**/*.test.ts',
            'test/replay/**/*.test.ts',
            'test/e2e/**/*.test.ts',
            ...onStack,
          ],
          exclude: ['test/contract/**/*-fake.test.ts', ...onMysql],
          maxConcurrency: 12,
          globalSetup: ['test/support/stack-setup.ts'],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'mysql',
          include: [
            ...onMysql,
            'test/contract/row-source.mysql.test.ts',
            'test/faults/database/reads.test.ts',
            'test/faults/database/values.test.ts',
          ],
          globalSetup: ['test/support/mysql-setup.ts'],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'install',
          include: ['test/install/**/*.test.ts'],
          globalSetup: ['test/support/stack-setup.ts'],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'faults',
          include: ['test/faults/**/*.test.ts'],
          globalSetup: ['test/support/stack-setup.ts'],
          fileParallelism: false,
          maxConcurrency: 12,
          testTimeout: 240_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
