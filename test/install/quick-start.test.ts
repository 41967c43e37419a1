import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { runBlocks, shellBlocks } from '../support/install/blocks.ts';
import { openDocsShell } from '../support/install/docs-shell.ts';

/** docs/quick-start.md in one shell, from the first block to the last: it brings up its own stack and takes it down. */
describe('install/quick-start', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lynqflow-quick-start-test-'));
  const data = '/tmp/lynqflow-quick-start';
  const cache =
    process.env['LYNQFLOW_CACHE'] ?? process.env['XDG_CACHE_HOME'] ?? join(process.env['HOME'] ?? '', '.cache');
  const shell = openDocsShell({ folder, programs: {}, environment: { LYNQFLOW_CACHE: cache } });

  afterAll(async () => {
    await shell.run(`npm run --silent stack -- down --purge --data ${data}`);
    for (const path of [folder, data]) rmSync(path, { recursive: true, force: true });
  });

  test('its commands lead from nothing to a customer, a change, the customer gone, and nothing', async () => {
    const blocks = runBlocks('docs/quick-start.md');
    expect(blocks.length).toBeGreaterThan(4);
    const ended = await shell.well(blocks.map(({ script }) => script).join('\n'));
    expect(ended.stdout).toMatch(/node\/acme-corp-api-tier {2}.*Ready: 2\/2 ready/);
    expect(ended.stdout).toMatch(/acme-corp-api +5\/5/);
    expect(ended.stdout).toMatch(/acme-corp +data-tier +StatefulSet +node-acme-corp +acme-corp-postgres/);
    expect(ended.stdout).toContain('The stack is down and its data is deleted.');
  }, 900_000);

  test('the block of stack/README.md brings up a stack that says where it is, ends it and deletes its data', async () => {
    const block = shellBlocks('stack/README.md').find(({ script }) =>
      script.startsWith('npm run --silent stack -- up'),
    );
    const [up = '', status = '', variables = '', ...down] = (block?.script ?? '')
      .replaceAll(/stack -- (\w+)/g, `stack -- $1 --data ${data}`)
      .split('\n');
    expect(down).toHaveLength(2);
    const asked = 'test -f "$KUBECONFIG" && test -n "$TEMPORAL_ADDRESS" && test -n "$LYNQ_MYSQL_URL"';
    await shell.well([up, status, variables, asked, down[0]].join('\n'));
    expect(existsSync(data)).toBe(true);
    expect(await shell.run(status)).toMatchObject({ code: 1 });
    const purged = await shell.well(down[1] ?? 'exit 9');
    expect(purged.stdout).toContain('its data is deleted');
  }, 300_000);
});
