import { execFile } from 'node:child_process';
import { mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { root } from './tree.ts';

/**
 * The lint rules say in the editor what the arrow test says in a run. Overrides that match the same file REPLACE each other's options
 * (toolchain notes, 5), so one more override can silence a rule: every folder shows here that it still complains, and about what.
 */
const complaints: Readonly<Record<string, string>> = {
  'domain/js-ending.ts': "import { a } from './b.js';",
  'domain/package.ts': "import a from 'handlebars';",
  'domain/scoped.ts': "import { a } from '@temporalio/workflow';",
  'domain/built-in.ts': "import { a } from 'node:fs';",
  'domain/value-of-api.ts': "import { Uid } from './api/names.ts';",
  'domain/deep/up.ts': "import type { A } from '../../adapters/mysql/a.ts';",
  'domain/now.ts': 'export const now = Date.now();',
  'domain/random.ts': 'export const random = Math.random();',
  'domain/environment.ts': 'export const environment = process.env;',
  'domain/api/js-ending.ts': "import { a } from './b.js';",
  'domain/api/package.ts': "import a from 'yaml';",
  'domain/api/up.ts': "import { a } from '../../template/a.ts';",
  'template/up.ts': "import { a } from '../activities/a.ts';",
  'template/system.ts': "import { a } from 'node:fs/promises';",
  'template/zod.ts': "import { z } from 'zod';",
  'template/js-ending.ts': "import { a } from './b.js';",
  'template/now.ts': 'export const now = Date.now();',
  'template/environment.ts': 'export const environment = process.env;',
  'adapters/mysql/other.ts': "import { a } from '../kubernetes/a.ts';",
  'adapters/mysql/up.ts': "import { a } from '../../activities/a.ts';",
  'adapters/mysql/js-ending.ts': "import { a } from './b.js';",
  'activities/adapter.ts': "import { a } from '../adapters/mysql/a.ts';",
  'activities/node/workflow.ts': "import { a } from '../../workflows/messages.ts';",
  'activities/package.ts': "import a from 'undici';",
  'activities/built-in.ts': "import { a } from 'node:fs';",
  'activities/scoped.ts': "import { a } from '@kubernetes/client-node';",
  'activities/worker.ts': "import { a } from '@temporalio/worker';",
  'activities/js-ending.ts': "import { a } from './b.js';",
  'workflows/contract.ts': "import { a } from '../activities/contract.ts';",
  'workflows/value-of-api.ts': "import { a } from '../domain/api/node.ts';",
  'workflows/template.ts': "import { a } from '../template/a.ts';",
  'workflows/built-in.ts': "import { a } from 'node:crypto';",
  'workflows/client.ts': "import { a } from '@temporalio/client';",
  'workflows/js-ending.ts': "import { a } from './b.js';",
  'workflows/now.ts': 'export const now = Date.now();',
  'worker/adapter.ts': "import { a } from '../adapters/mysql/a.ts';",
  'worker/client.ts': "import { a } from '../client/a.ts';",
  'worker/database.ts': "import { a } from 'mysql2/promise';",
  'worker/js-ending.ts': "import { a } from './b.js';",
  'worker/wiring.ts': "import { a } from '../stack/a.ts';",
  'client/adapter.ts': "import { a } from '../adapters/kubernetes/a.ts';",
  'client/commands/workflow.ts': "import { a } from '../../workflows/node.ts';",
  'client/activity.ts': "import { a } from '../activities/contract.ts';",
  'client/cluster.ts': "import { a } from '@kubernetes/client-node';",
  'client/js-ending.ts': "import { a } from './b.js';",
  'client/wiring.ts': "import { a } from '../worker/config.ts';",
  'stack/worker.ts': "import { a } from '../worker/main.ts';",
  'stack/js-ending.ts': "import { a } from './b.js';",
  'deploy/tools.ts': "import { a } from '../tools/generate/crds.ts';",
  'tools/js-ending.ts': "import { a } from './b.js';",
  'tools/default.ts': 'export default 1;',
  'test/js-ending.ts': "import { a } from './b.js';",
};

const accepted: Readonly<Record<string, string>> = {
  'domain/ok.ts':
    "import { sha256 } from '@noble/hashes/sha2.js'; import { at } from './api/json.ts'; import type { A } from './api/names.ts'; export const a: A = at(sha256);",
  'domain/api/ok.ts': "import { z } from 'zod'; import { at } from './json.ts'; export const a = z.custom(at);",
  'template/ok.ts': "import h from 'handlebars'; import { a } from '../domain/keys.ts'; export const b = h.create(a);",
  'adapters/mysql/ok.ts':
    "import { createPool } from 'mysql2/promise'; import { z } from 'zod'; import { a } from './a.ts'; export const b = createPool(z, a);",
  'activities/ok.ts':
    "import { Context } from '@temporalio/activity'; import { a } from '../template/a.ts'; import { b } from './node/b.ts'; export const c = Context(a, b);",
  'workflows/ok.ts':
    "import { sleep } from '@temporalio/workflow'; import type { A } from '../activities/contract.ts'; import type { B } from '../domain/api/node.ts'; import { c } from '../domain/graph.ts'; export const d = (a: A, b: B) => sleep(c(a, b));",
  'client/ok.ts':
    "import { statusQuery } from '../workflows/messages.ts'; import { a } from './wiring.ts'; import { Client } from '@temporalio/client'; export const b = [statusQuery, a, Client];",
  'worker/ok.ts':
    "import { Worker } from '@temporalio/worker'; import { a } from './wiring.ts'; import { b } from '../activities/b.ts'; export const c = [Worker, a, b];",
};

interface Report {
  readonly diagnostics: readonly { readonly filename: string; readonly message: string; readonly code: string }[];
}

/** Runs oxlint with our configuration, without its type-aware half, on files in a folder of their own. */
async function lint(files: Readonly<Record<string, string>>): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), 'lynq-lint-'));
  try {
    const {
      options: _options,
      $schema: _schema,
      ...config
    } = JSON.parse(readFileSync(join(root, '.oxlintrc.json'), 'utf8'));
    writeFileSync(join(folder, '.oxlintrc.json'), JSON.stringify(config));
    for (const [path, source] of Object.entries(files)) {
      mkdirSync(join(folder, dirname(path)), { recursive: true });
      writeFileSync(join(folder, path), `${source}\n`);
    }
    const oxlint = join(root, 'node_modules/oxlint/bin/oxlint');
    const run = promisify(execFile)(process.execPath, [oxlint, '--format', 'json'], { cwd: folder });
    const { stdout } = await run.catch((error: { readonly stdout: string }) => error);
    return JSON.parse(stdout) as Report;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const rule = /no-restricted-(imports|globals|properties)|no-default-export/;

describe('.oxlintrc.json', () => {
  it('complains in every folder about what the folder may not do', async () => {
    const { diagnostics } = await lint(complaints);

    const reported = new Set(diagnostics.filter(({ code }) => rule.test(code)).map(({ filename }) => filename));
    expect(Object.keys(complaints).filter((path) => !reported.has(path))).toEqual([]);
  });

  it('accepts what a folder is for', async () => {
    const { diagnostics } = await lint(accepted);

    expect(diagnostics.map(({ filename, code, message }) => `${filename} ${code} ${message}`)).toEqual([]);
  });
});
