import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { progressLine, type RunningStack, startStack } from '../../stack/index.ts';
import { installAccount, plainInstall, readManifests, type Rule } from './install/account.ts';

/** Addresses of the stack that a run of the tests shares, as plain data: `inject('stack')`. */
export type StackEndpoints = RunningStack['endpoints'] & {
  /** A kubeconfig with the ServiceAccount of deploy/install.yaml, for the tests of the installation and for those that are run under it. */
  readonly workerKubeconfig?: string;
};

declare module 'vitest' {
  export interface ProvidedContext {
    stack: StackEndpoints;
  }
}

/**
 * The tests of the installation run their workers under the account that it gives, the others under one that may do everything, unless
 * `LYNQ_E2E_ACCOUNT=chart` asks for the same of all.
 */
function runsUnderAccount({ name }: TestProject): boolean {
  return name === 'install' || process.env['LYNQ_E2E_ACCOUNT'] === 'chart';
}

/**
 * Kinds that only the tests have in their forms, given as a person would with `rbac.extraRules`. None that the worker needs for itself, such as Leases: a right
 * that the chart lacks would not be missed.
 */
const testKinds: readonly Rule[] = [
  {
    apiGroups: ['drift', 'ignored', 'parity', 'policies', 'removal', 'versions'].map((name) => `${name}.example.com`),
    resources: ['*'],
  },
  { apiGroups: [''], resources: ['limitranges'] },
  // A role may only be written by an account that has its rights, or may go beyond them.
  { apiGroups: ['rbac.authorization.k8s.io'], resources: ['clusterroles'], further: ['escalate'] },
].map(({ further = [], ...rule }) => ({
  ...rule,
  verbs: ['get', 'list', 'watch', 'create', 'patch', 'update', 'delete', ...further],
}));

function account({ endpoints }: RunningStack, dataDir: string, project: TestProject) {
  const workerKubeconfig = join(dataDir, 'worker.kubeconfig');
  const extraRules = project.name === 'install' ? [] : testKinds;
  const place = { namespace: 'default', file: workerKubeconfig, extraRules };
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
    project.provide('stack', {
      ...stack.endpoints,
      ...(runsUnderAccount(project) ? account(stack, dataDir, project) : {}),
    });
  } catch (error) {
    await down();
    throw error;
  }
  process.env['KUBECONFIG_TEST'] = stack.endpoints.kubeconfig;
  process.env['LYNQ_MYSQL_URL_TEST'] = stack.endpoints.mysqlUrl;
  return down;
}
