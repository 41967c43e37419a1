import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { runBlocks } from '../support/install/blocks.ts';
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
});
