import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { progressLine, type RunningStack, startStack } from '../../stack/index.ts';
import { installAccount, plainInstall, readManifests } from './install/account.ts';

/** Addresses of the stack that a run of the tests shares, as plain data: `inject('stack')`. */
export type StackEndpoints = RunningStack['endpoints'] & {
  /** A kubeconfig with the ServiceAccount of deploy/install.yaml, for the tests of the installation. */
  readonly workerKubeconfig?: string;
};

declare module 'vitest' {
  export interface ProvidedContext {
    stack: StackEndpoints;
  }
}

/** The tests of the installation run their workers under the account that it gives, the others under one that may do everything. */
function account({ endpoints }: RunningStack, dataDir: string): { readonly workerKubeconfig: string } {
  const workerKubeconfig = join(dataDir, 'worker.kubeconfig');
  const place = { namespace: 'default', file: workerKubeconfig };
  installAccount(readManifests(plainInstall()), { ...endpoints, ...place });
  return { workerKubeconfig };
}

/** One stack for all test files of a run, in a folder of its own; taken down and deleted at the end. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dataDir = mkdtempSync(join(tmpdir(), 'lynqflow-test-'));
  const stack = await startStack({
    dataDir,
    onProgress: (progress) => process.stderr.write(`${progressLine(progress)}\n`),
  });
  const down = async (): Promise<void> => {
    await stack.stop();
    rmSync(dataDir, { recursive: true, force: true });
  };
  try {
    project.provide('stack', { ...stack.endpoints, ...(project.name === 'install' ? account(stack, dataDir) : {}) });
  } catch (error) {
    await down();
    throw error;
  }
  process.env['KUBECONFIG_TEST'] = stack.endpoints.kubeconfig;
  process.env['LYNQ_MYSQL_URL_TEST'] = stack.endpoints.mysqlUrl;
  return down;
}
