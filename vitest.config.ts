import { defineConfig } from 'vitest/config';

/**
 * `unit` is pure and fast: no server, no network. Projects that need the embedded stack get it from a global setup
 * and are listed here with the folder they live in.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            'test/unit/**/*.test.ts',
            'test/parity/**/*.test.ts',
            'test/architecture/**/*.test.ts',
            'test/golden/**/*.test.ts',
          ],
        },
      },
    ],
  },
});
