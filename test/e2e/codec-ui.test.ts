import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { type Browser, openBrowser } from '../../tools/screenshots/browser.ts';
import { environment } from '../support/e2e/programs.ts';
import { openWorld, type World } from '../support/e2e/world.ts';

/** The Temporal UI of the stack in a real browser, with `lynq codec-server` as a person sets it there. */
describe('e2e/codec-ui', () => {
  const node = 'sealed-data-tier';
  const keys = mkdtempSync(join(tmpdir(), 'lynqflow-codec-ui-'));
  let world: World;
  let browser: Browser;
  /** Where the UI shows the run, a tab at the end. */
  let runUrl: string;

  beforeAll(async () => {
    writeFileSync(join(keys, '2026-01'), randomBytes(32).toString('base64'));
    browser = await openBrowser(process.env);
    world = await openWorld(inject('stack'), { name: 'codec-ui', settings: { LYNQ_CODEC_KEYS: keys } });
    await world.database.sql("INSERT INTO nodes (node_id) VALUES ('sealed')");
    await world.applyAll(world.hubText('5s'), world.formText('data-tier'));
    await world.ready([node]);
    const run = encodeURIComponent(`node/${world.namespace}/${node}`);
    await browser.page.goto(`${world.stack.temporalUi}/namespaces/default/workflows/${run}`);
    await browser.page.waitForURL('**/timeline');
    runUrl = browser.page.url();
  }, 300_000);
  /** A browser in which nobody has set anything: the glasses have another name once a codec server did not answer. */
  beforeEach(async () => {
    await browser.page.goto(runUrl);
    await browser.page.evaluate('localStorage.clear()');
  });
  afterAll(async () => {
    await browser?.close();
    await world?.close();
    rmSync(keys, { recursive: true });
  });

  /** `lynq codec-server` for pages of these origins while `use` runs. */
  async function served(origins: readonly string[], use: (url: string) => Promise<void>): Promise<void> {
    const args = ['bin/lynq.mjs', 'codec-server', '--port', '0', ...origins.flatMap((origin) => ['--ui', origin])];
    const env = { ...environment(world.stack), LYNQ_CODEC_KEYS: keys };
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'ignore'] });
    const exit = once(child, 'exit');
    try {
      let printed = '';
      for await (const text of child.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
        printed += text as string;
        if (printed.includes('\n')) break;
      }
      await use(/^decoding at (\S+)\n$/.exec(printed)?.[1] ?? printed);
    } finally {
      child.kill('SIGINT');
      await exit;
    }
  }

  /** What a person sees of the run; texts in Markdown are in frames of their own. */
  async function read(tab: 'timeline' | 'history' | 'user-metadata'): Promise<() => Promise<string>> {
    const { page } = browser;
    await page.goto(runUrl.replace(/[^/]*$/, tab));
    return async () => {
      const texts = page.frames().map((frame) =>
        frame
          .locator('body')
          .innerText()
          .catch(() => ''),
      );
      return (await Promise.all(texts)).join('\n');
    };
  }

  /** By the dialog behind the glasses at the top, as docs/observability.md says. */
  async function setCodecServer(page: Page, url: string): Promise<void> {
    await page.getByRole('button', { name: 'Configure Codec Server' }).click();
    const dialog = page.getByRole('dialog').filter({ visible: true });
    await dialog.getByLabel('Use my browser setting').check();
    await dialog.getByRole('textbox').fill(url);
    await dialog.getByRole('button', { name: 'Apply' }).click();
    await dialog.waitFor({ state: 'hidden' });
  }

  const patience = { timeout: 60_000 };
  const opened = `"uid": "sealed"`;
  const summary = 'apply: StatefulSet sealed-postgres';

  test('without it the UI shows cipher text and no summaries', async () => {
    const text = await read('timeline');
    await expect.poll(text, patience).toMatch(/Input\s+"[\w+/]{60,}=*"/);
    expect(await text()).not.toContain(opened);
    expect(await text()).not.toContain(summary);
  });

  test('a UI whose origin it was not given gets nothing from it, whatever a person sets', async () => {
    await served(['http://ui.example.com'], async (url) => {
      await read('timeline');
      await setCodecServer(browser.page, url);
      const refused = browser.page.waitForEvent('requestfailed', {
        predicate: (request) => request.url().startsWith(`${url}/decode`),
        ...patience,
      });
      const text = await read('timeline');
      expect((await refused).failure()?.errorText).toBe('net::ERR_FAILED');
      await expect.poll(text, patience).toMatch(/Input\s+"[\w+/]{60,}=*"/);
      expect(await text()).not.toContain(opened);
    });
  });

  test('with it the UI shows input, summaries, details and the live table of the run', async () => {
    await served([new URL(world.stack.temporalUi).origin], async (url) => {
      await read('timeline');
      await setCodecServer(browser.page, url);
      const timeline = await read('timeline');
      await expect.poll(timeline, patience).toContain(opened);
      await expect.poll(timeline, patience).toContain(summary);

      const history = await read('history');
      await expect.poll(history, patience).toContain('"kind":"settled"');

      const metadata = await read('user-metadata');
      await expect.poll(metadata, patience).toContain(`row sealed of hub multi-tier-nodes through form data-tier`);
      await expect.poll(metadata, patience).toMatch(/postgres\s+StatefulSet sealed-postgres\s+Ready/);
    });
  });
});
