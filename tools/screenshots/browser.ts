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
  /** Opens a page, waits until `text` stands in it, lets it settle, and writes what a person sees to a PNG. */
  shoot(url: string, text: string, file: string, before?: (page: Page) => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

export async function openBrowser(environment: Readonly<Record<string, string | undefined>>): Promise<Browser> {
  const browser = await chromium.launch({ executablePath: browserPath(environment), args: quiet });
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, colorScheme: 'light' });
  return {
    async shoot(url, text, file, before) {
      await page.goto(url);
      await before?.(page);
      await page.getByText(text).first().waitFor({ timeout: 30_000 });
      await page.waitForLoadState('networkidle', { timeout: 5_000 }).catch(() => undefined);
      await mkdir(dirname(file), { recursive: true });
      await page.screenshot({ path: file });
    },
    close: () => browser.close(),
  };
}
