import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { progressLine, type RunningStack, startStack } from '../../stack/index.ts';

/** Addresses of the stack that a run of the tests shares, as plain data: `inject('stack')`. */
export type StackEndpoints = RunningStack['endpoints'];

declare module 'vitest' {
  export interface ProvidedContext {
    stack: StackEndpoints;
  }
}

/** One stack for all test files of a run, in a folder of its own; taken down and deleted at the end. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dataDir = mkdtempSync(join(tmpdir(), 'lynqflow-test-'));
  const stack = await startStack({
    dataDir,
    onProgress: (progress) => process.stderr.write(`${progressLine(progress)}\n`),
  });
  project.provide('stack', stack.endpoints);
  process.env['KUBECONFIG_TEST'] = stack.endpoints.kubeconfig;
  process.env['LYNQ_MYSQL_URL_TEST'] = stack.endpoints.mysqlUrl;
  return async () => {
    await stack.stop();
    rmSync(dataDir, { recursive: true, force: true });
  };
}
