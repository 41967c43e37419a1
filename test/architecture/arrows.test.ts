import { describe, expect, it } from 'vitest';
import { rules, violations, type RuleName } from './rules.ts';
import { sourceFacts } from './source-facts.ts';
import { readTree } from './tree.ts';

/** The import arrows and file rules of CONTRIBUTING.md and architecture.md, on the real tree and on sources made to break them. */

interface Case {
  readonly story: string;
  readonly files: Readonly<Record<string, string>>;
}

function found(files: Readonly<Record<string, string>>): readonly string[] {
  const facts = Object.entries(files).map(([path, source]) => sourceFacts(path, source));
  return violations(facts).map(({ rule, file }) => `${rule} ${file}`);
}

/** One source per way to break a rule. The first file is the one that has to be reported, by this rule alone. */
const broken: Readonly<Record<RuleName, readonly Case[]>> = {
  'known-folder': [
    { story: 'a folder nobody thought about', files: { 'helpers/text.ts': 'export const a = 1;' } },
    { story: 'an adapter without a line in the table', files: { 'adapters/redis/index.ts': 'export const a = 1;' } },
    { story: 'a file beside the adapters', files: { 'adapters/shared.ts': 'export const a = 1;' } },
  ],
  'own-import': [
    {
      story: 'domain imports template',
      files: { 'domain/graph.ts': "import { render } from '../template/render.ts';" },
    },
    {
      story: 'domain imports a type of an adapter',
      files: { 'domain/a.ts': "import type { A } from '../adapters/mysql/index.ts';" },
    },
    { story: 'domain imports by re-export', files: { 'domain/a.ts': "export * from '../activities/apply.ts';" } },
    {
      story: 'domain imports by import() type',
      files: { 'domain/a.ts': "export type A = import('../worker/main.ts').A;" },
    },
    {
      story: 'domain imports by dynamic import',
      files: { 'domain/a.ts': "export const a = () => import('../stack/main.ts');" },
    },
    { story: 'domain leaves the checkout', files: { 'domain/a.ts': "import { a } from '../../shared/a.ts';" } },
    { story: 'template imports an activity', files: { 'template/a.ts': "import { a } from '../activities/a.ts';" } },
    {
      story: 'an adapter imports another',
      files: { 'adapters/mysql/a.ts': "import { a } from '../kubernetes/a.ts';" },
    },
    {
      story: 'an adapter imports a type of another',
      files: { 'adapters/mysql/a.ts': "import type { A } from '../telemetry/a.ts';" },
    },
    {
      story: 'an adapter imports a template',
      files: { 'adapters/mysql/a.ts': "import { a } from '../../template/a.ts';" },
    },
    {
      story: 'an activity imports an adapter',
      files: { 'activities/a.ts': "import { a } from '../adapters/mysql/a.ts';" },
    },
    {
      story: 'an activity imports a workflow',
      files: { 'activities/a.ts': "import { a } from '../workflows/messages.ts';" },
    },
    {
      story: 'the contract imports a template',
      files: { 'activities/contract.ts': "import type { A } from '../template/a.ts';" },
    },
    { story: 'a workflow imports an activity', files: { 'workflows/a.ts': "import { a } from '../activities/a.ts';" } },
    {
      story: 'a workflow imports a type of an activity',
      files: { 'workflows/a.ts': "import type { A } from '../activities/a.ts';" },
    },
    {
      story: 'a workflow loads the contract',
      files: { 'workflows/a.ts': "import { a } from '../activities/contract.ts';" },
    },
    {
      story: 'a workflow loads the contract by inline types',
      files: { 'workflows/a.ts': "import { type A } from '../activities/contract.ts';" },
    },
    {
      story: 'a workflow re-exports the contract',
      files: { 'workflows/a.ts': "export * from '../activities/contract.ts';" },
    },
    { story: 'a workflow imports a template', files: { 'workflows/a.ts': "import { a } from '../template/a.ts';" } },
    {
      story: 'the worker imports an adapter beside its wiring',
      files: { 'worker/main.ts': "import { a } from '../adapters/mysql/a.ts';" },
    },
    { story: 'the worker imports the client', files: { 'worker/main.ts': "import { a } from '../client/a.ts';" } },
    { story: 'the worker imports the stack', files: { 'worker/wiring.ts': "import { a } from '../stack/a.ts';" } },
    {
      story: 'the worker imports test support',
      files: { 'worker/main.ts': "import { a } from '../test/support/a.ts';" },
    },
    { story: 'the client imports the worker', files: { 'client/main.ts': "import { a } from '../worker/config.ts';" } },
    {
      story: 'the client imports an adapter beside its wiring',
      files: { 'client/a.ts': "import { a } from '../adapters/kubernetes/a.ts';" },
    },
    {
      story: 'the client imports an activity',
      files: { 'client/a.ts': "import type { A } from '../activities/contract.ts';" },
    },
    { story: 'the client imports a workflow', files: { 'client/a.ts': "import { a } from '../workflows/node.ts';" } },
    { story: 'the client imports its tests', files: { 'client/a.ts': "import { a } from '../test/support/a.ts';" } },
    { story: 'the stack imports the worker', files: { 'stack/a.ts': "import { a } from '../worker/main.ts';" } },
    {
      story: 'deploy imports the tools',
      files: { 'deploy/crds.ts': "import { a } from '../tools/generate/crds.ts';" },
    },
    {
      story: 'an activity reads the CRDs',
      files: { 'activities/a.ts': "import { readCrds } from '../deploy/crds.ts';" },
    },
  ],
  package: [
    { story: 'domain imports Temporal', files: { 'domain/a.ts': "import { sleep } from '@temporalio/workflow';" } },
    { story: 'domain imports a built-in', files: { 'domain/a.ts': "import { createHash } from 'node:crypto';" } },
    { story: 'domain/api imports a built-in', files: { 'domain/api/a.ts': "import { readFileSync } from 'node:fs';" } },
    {
      story: 'a workflow imports a built-in',
      files: { 'workflows/a.ts': "import { createHash } from 'node:crypto';" },
    },
    {
      story: 'a workflow imports the client of Temporal',
      files: { 'workflows/a.ts': "import type { Client } from '@temporalio/client';" },
    },
    {
      story: 'an activity imports a Kubernetes client',
      files: { 'activities/a.ts': "import { KubeConfig } from '@kubernetes/client-node';" },
    },
    { story: 'an activity opens files', files: { 'activities/a.ts': "import { readFile } from 'node:fs/promises';" } },
    { story: 'the template engine opens sockets', files: { 'template/a.ts': "import { connect } from 'node:net';" } },
    {
      story: 'an adapter imports the library of another',
      files: { 'adapters/mysql/a.ts': "import { Pool } from 'undici';" },
    },
    {
      story: 'the worker speaks to the database',
      files: { 'worker/main.ts': "import { createPool } from 'mysql2/promise';" },
    },
    {
      story: 'the client speaks to the API server',
      files: { 'client/a.ts': "import { KubeConfig } from '@kubernetes/client-node';" },
    },
    { story: 'deploy opens sockets', files: { 'deploy/crds.ts': "import { connect } from 'node:net';" } },
    { story: 'require is an import too', files: { 'activities/a.ts': "const a = require('mysql2');" } },
    { story: 'import = require is an import too', files: { 'activities/a.ts': "import a = require('mysql2');" } },
  ],
  'zod-place': [
    { story: 'a worker file parses', files: { 'worker/health.ts': "import { z } from 'zod';" } },
    { story: 'a command parses', files: { 'client/commands/a.ts': "import { z } from 'zod/v4';" } },
    { story: 'an adapter parses beside its schema', files: { 'adapters/mysql/rows.ts': "import { z } from 'zod';" } },
  ],
  'zod-at-run-time': [
    {
      story: 'domain loads a schema',
      files: {
        'domain/graph.ts': "import { lists } from './api/resource.ts';",
        'domain/api/resource.ts': "import { z } from 'zod';",
      },
    },
    {
      story: 'domain loads a schema by inline types',
      files: {
        'domain/graph.ts': "import { type A } from './api/resource.ts';",
        'domain/api/resource.ts': "import { z } from 'zod';",
      },
    },
    {
      story: 'a workflow loads a schema two steps away',
      files: {
        'workflows/node.ts': "import { a } from '../domain/api/node.ts';",
        'domain/api/node.ts': "export { a } from './resource.ts';",
        'domain/api/resource.ts': "import * as z from 'zod';",
      },
    },
    {
      story: 'a workflow loads a schema late',
      files: {
        'workflows/node.ts': "export const a = () => import('../domain/api/node.ts');",
        'domain/api/node.ts': "import 'zod';",
      },
    },
  ],
  'ts-ending': [
    { story: 'a .js ending', files: { 'domain/a.ts': "import { b } from './b.js';" } },
    { story: 'no ending', files: { 'domain/a.ts': "import { b } from './b';" } },
    { story: 'a folder', files: { 'test/unit/a.test.ts': "import { b } from '../support';" } },
  ],
  'computed-import': [
    { story: 'a computed import', files: { 'client/a.ts': 'export const a = (b: string) => import(`./${b}.ts`);' } },
    { story: 'a computed require', files: { 'worker/a.ts': 'export const a = (b: string) => require(b);' } },
  ],
  keys: [
    { story: 'a key in quotes', files: { 'activities/a.ts': "export const a = 'lynq.sh/hub';" } },
    { story: 'a key in a template', files: { 'domain/a.ts': 'export const a = (b: string) => `lynq.sh/${b}`;' } },
    { story: 'a finalizer', files: { 'tools/a.ts': "export const a = { 'lynqnode.operator.lynq.sh/finalizer': 1 };" } },
    { story: 'a key in a regular expression', files: { 'client/a.ts': 'export const a = /^lynq\\.sh\\//;' } },
  ],
  length: [{ story: '351 lines', files: { 'worker/a.ts': '// line\n'.repeat(351) } }],
  'default-export': [
    { story: 'export default', files: { 'client/a.ts': 'export default 1;' } },
    { story: 'export as default', files: { 'client/a.ts': 'const a = 1; export { a as default };' } },
    { story: 'a test that exports by default', files: { 'test/support/a.ts': 'export default function a() {}' } },
  ],
  'module-mock': [
    { story: 'vi.mock of our own module', files: { 'test/support/a.ts': "vi.mock('../../domain/graph.ts');" } },
    {
      story: 'vi.doMock of our own module',
      files: { 'test/support/a.ts': "vi.doMock('../../domain/graph.ts', () => ({}));" },
    },
    { story: 'vi.mock of an import()', files: { 'test/support/a.ts': "vi.mock(import('../../domain/graph.ts'));" } },
  ],
  'ambient-time': [
    { story: 'a decision reads the clock', files: { 'domain/a.ts': 'export const a = () => new Date();' } },
    { story: 'a template reads the clock', files: { 'template/functions/a.ts': 'export const a = () => Date();' } },
  ],
  'log-message': [
    {
      story: 'a built message',
      files: { 'activities/a.ts': 'export const a = (log: any, b: string) => log.info(`rows of ${b}`);' },
    },
    {
      story: 'a joined message',
      files: { 'worker/a.ts': "export const a = (deps: any, b: string) => deps.logger.warn('rows of ' + b);" },
    },
  ],
  'workflow-version': [
    { story: 'a literal version', files: { 'workflows/a.ts': "export const a = () => patched('fix-3');" } },
    {
      story: 'an ended literal version',
      files: { 'workflows/a.ts': "export const a = () => deprecatePatch('fix-3');" },
    },
  ],
  'describe-path': [
    {
      story: 'a free title',
      files: { 'test/unit/domain/graph.test.ts': "describe('graph tests', () => {});", 'domain/graph.ts': '' },
    },
    {
      story: 'a free title of a table',
      files: { 'test/unit/a.test.ts': "describe.each([1])('number %s', () => {});" },
    },
  ],
};

/** Sources that come close to a rule and keep it. */
const kept: readonly Case[] = [
  {
    story: 'domain uses types of a schema and values of a file without zod',
    files: {
      'domain/a.ts':
        "import type { A } from './api/node.ts'; import { at } from './api/json.ts'; export type { B } from './api/node.ts';",
      'domain/api/node.ts': "import { z } from 'zod'; import type { Json } from './json.ts';",
      'domain/api/json.ts': "import type { A } from './node.ts';",
    },
  },
  { story: 'domain hashes', files: { 'domain/a.ts': "import { sha256 } from '@noble/hashes/sha2.js';" } },
  {
    story: 'template reads keys',
    files: { 'template/a.ts': "import { labels } from '../domain/keys.ts'; import Handlebars from 'handlebars';" },
  },
  {
    story: 'a workflow uses types of the contract',
    files: {
      'workflows/a.ts':
        "import type { Activities } from '../activities/contract.ts'; export type B = import('../activities/contract.ts').B; import { sleep } from '@temporalio/workflow';",
    },
  },
  {
    story: 'an activity renders',
    files: {
      'activities/a.ts':
        "import { render } from '../template/render.ts'; import { Context } from '@temporalio/activity';",
    },
  },
  {
    story: 'wiring imports adapters',
    files: {
      'worker/wiring.ts': "import { a } from '../adapters/mysql/a.ts';",
      'client/wiring.ts': "import { a } from '../adapters/kubernetes/a.ts';",
    },
  },
  {
    story: 'an adapter has a schema',
    files: {
      'adapters/mysql/schema.ts':
        "import { z } from 'zod'; import { createPool } from 'mysql2/promise'; import type { RowSource } from '../../domain/ports.ts';",
    },
  },
  {
    story: 'the client sends messages and reads the CRDs',
    files: {
      'client/a.ts':
        "import { statusQuery } from '../workflows/messages.ts'; import { readCrds } from '../deploy/crds.ts';",
    },
  },
  {
    story: 'tools and tests reach everything',
    files: {
      'tools/demo/main.ts': "import { a } from '../../worker/main.ts';",
      'test/e2e/a.test.ts': "import { a } from '../../client/main.ts';",
    },
  },
  { story: 'keys.ts spells keys', files: { 'domain/keys.ts': "export const hub = 'lynq.sh/hub';" } },
  {
    story: 'a comment names a key, a group has no slash',
    files: { 'domain/a.ts': "/** lynq.sh/hub */ export const group = 'operator.lynq.sh';" },
  },
  { story: 'exactly 350 lines', files: { 'worker/a.ts': '// line\n'.repeat(350) } },
  { story: 'a long test', files: { 'test/unit/a.test.ts': '// line\n'.repeat(900) } },
  {
    story: 'a test named after its file, with free titles inside',
    files: {
      'test/unit/domain/graph.test.ts': "describe('domain/graph', () => { describe('of a form', () => {}); });",
      'domain/graph.ts': '',
    },
  },
  {
    story: 'times from arguments, constant messages, described versions, a mocked package',
    files: {
      'domain/a.ts': 'export const a = (now: number) => new Date(now);',
      'worker/a.ts': "export const a = (log: any, rows: number) => log.info('rows read', { rows });",
      'workflows/a.ts': 'export const a = () => patched(versions.statusPerWave);',
      'test/support/a.ts': "vi.mock('mysql2/promise');",
    },
  },
  {
    story: 'the configuration of vitest',
    files: { 'vitest.config.ts': "import { defineConfig } from 'vitest/config'; export default defineConfig({});" },
  },
];

describe('test/architecture/rules', () => {
  const cases = Object.entries(broken).flatMap(([rule, list]) => list.map((one) => ({ rule, ...one })));

  it.each(cases)('$rule reports: $story', ({ rule, files }) => {
    expect(found(files)).toEqual([`${rule} ${Object.keys(files)[0]}`]);
  });

  it('shows for every rule that it can fail', () => {
    expect(Object.keys(broken).filter((rule) => broken[rule as RuleName].length > 0)).toEqual(Object.keys(rules));
  });

  it.each(kept)('nothing is reported: $story', ({ files }) => {
    expect(found(files)).toEqual([]);
  });

  it('names the line and the way out', () => {
    const source = "import { a } from './a.ts';\n\nimport { b } from '../activities/contract.ts';\n";

    expect(violations([sourceFacts('workflows/a.ts', source)])).toEqual([
      {
        rule: 'own-import',
        file: 'workflows/a.ts',
        line: 3,
        message: 'may not import activities/contract.ts except its types (import type)',
      },
    ]);
  });

  it('does not accept a source it cannot parse', () => {
    expect(() => sourceFacts('domain/a.ts', 'const = 1')).toThrow('domain/a.ts');
  });
});

describe('the source tree', () => {
  const tree = readTree();

  it('is read', () => {
    expect(tree.map(({ path }) => path)).toEqual(expect.arrayContaining(['domain/keys.ts', 'workflows/messages.ts']));
  });

  it('keeps every rule', () => {
    const lines = violations(tree).map(({ rule, file, line, message }) => `${file}:${line} [${rule}] ${message}`);

    expect(lines).toEqual([]);
  });
});
