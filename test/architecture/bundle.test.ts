import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bundledModules } from './bundle-modules.ts';
import { root } from './tree.ts';

/** Packages the workflow sandbox may hold: Temporal's own, and the hash function of domain/identity.ts. */
const packages = ['@noble/hashes', '@temporalio/common', '@temporalio/workflow', 'long', 'ms', 'nexus-rpc'];

/** Bundling takes about two seconds on an idle machine. */
const patience = 120_000;

describe('workflows/index', () => {
  it(
    'bundles nothing but workflows, decisions and the sandbox side of Temporal',
    async () => {
      const modules = await bundledModules(join(root, 'workflows/index.ts'));

      const own = modules.filter((name) => name.endsWith('.ts'));
      expect(own).toContain('workflows/index.ts');
      expect(own.filter((name) => !/^(workflows|domain)\//.test(name))).toEqual([]);
      expect(modules.filter((name) => !name.endsWith('.ts') && !packages.includes(name))).toEqual([]);
    },
    patience,
  );

  it(
    'would show a schema that a workflow loads',
    async () => {
      const modules = await bundledModules(join(root, 'test/architecture/fixtures/leaky-workflow.ts'));

      expect(modules).toEqual(expect.arrayContaining(['zod', 'domain/api/names.ts']));
    },
    patience,
  );
});
