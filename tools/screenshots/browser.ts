import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { ToolError } from '../demo/failure.ts';

/** Places of a Chromium of the machine; the package brings none. */
const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

function browserPath(environment: Readonly<Record<string, string | undefined>>): string {
  const found = [environment['CHROMIUM'], ...places].find((path) => path !== undefined && existsSync(path));
  if (found !== undefined) return found;
  throw new ToolError('there is no Chromium', {
    details: [`looked for ${places.join(', ')}`],
    fix: 'install one (apt-get install chromium), or name it with CHROMIUM',
  });
}

/** Nothing but the servers of this machine is to be asked. */
const quiet = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-sync', '--no-first-run'];

export interface Browser {
  /** Opens a page, waits until `text` can be seen in it, lets it settle, and writes what a person sees to a PNG; gives the address where it ended up. */
  shoot(url: string, text: string, file: string): Promise<string>;
  close(): Promise<void>;
}

const patienceMilliseconds = 30_000;
const lookMilliseconds = 200;

/** Texts in Markdown are in frames of their own, and the same words are in menus that are folded away. */
async function untilSeen(page: Page, text: string): Promise<void> {
  const end = Date.now() + patienceMilliseconds;
  while (Date.now() < end) {
    const counts = await Promise.all(
      page.frames().map((frame) =>
        frame
          .getByText(text)
          .filter({ visible: true })
          .count()
          .catch(() => 0),
      ),
    );
    if (counts.some((count) => count > 0)) return;
    await page.waitForTimeout(lookMilliseconds);
  }
  throw new ToolError(`"${text}" is not to be seen on ${page.url()}`, { details: [], fix: 'look at the page' });
}

export async function openBrowser(environment: Readonly<Record<string, string | undefined>>): Promise<Browser> {
  const browser = await chromium.launch({ executablePath: browserPath(environment), args: quiet });
  const page = await browser.newPage({ viewport: { width: 1440, height: 840 }, colorScheme: 'light' });
  return {
    async shoot(url, text, file) {
      await page.goto(url);
      await untilSeen(page, text);
      await page.waitForLoadState('networkidle', { timeout: 5_000 }).catch(() => undefined);
      await mkdir(dirname(file), { recursive: true });
      await page.screenshot({ path: file });
      return page.url();
    },
    close: () => browser.close(),
  };
}
