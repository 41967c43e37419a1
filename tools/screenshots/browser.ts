import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { ensureChromium } from '../../stack/install/chromium.ts';
import { installContext } from '../../stack/install/context.ts';
import { ToolError } from '../demo/failure.ts';

/** Nothing but the servers of this machine is to be asked. */
const quiet = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-sync', '--no-first-run'];

export interface Browser {
  readonly page: Page;
  /** Opens a page and waits until `text` can be seen in it. */
  see(url: string, text: string): Promise<void>;
  /** The same, lets it settle, and writes what a person sees to a PNG; gives the address where it ended up. */
  shoot(url: string, text: string, file: string): Promise<string>;
  /** Writes the whole of a page that draws itself and then says so by `data-drawn` of its body. */
  draw(html: string, file: string): Promise<void>;
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

async function draw(page: Page, html: string, file: string): Promise<void> {
  const errors: string[] = [];
  page.on('pageerror', ({ message }) => errors.push(message));
  await page.setContent(html);
  await page.waitForSelector('body[data-drawn]', { timeout: patienceMilliseconds }).catch((error: unknown) => {
    throw new ToolError('the page was not drawn', { details: [...errors, String(error)], fix: 'look at its script' });
  });
  await mkdir(dirname(file), { recursive: true });
  await page.screenshot({ path: file, fullPage: true });
}

/** @throws StackError when there is no Chromium and none can be installed. */
export async function openBrowser(environment: Readonly<Record<string, string | undefined>>): Promise<Browser> {
  const executablePath = await ensureChromium(installContext(environment), () => undefined);
  const browser = await chromium.launch({ executablePath, args: quiet });
  const page = await browser.newPage({ viewport: { width: 1440, height: 840 }, colorScheme: 'light' });
  const see = async (url: string, text: string): Promise<void> => {
    await page.goto(url);
    await untilSeen(page, text);
  };
  return {
    page,
    see,
    async shoot(url, text, file) {
      await see(url, text);
      await page.waitForLoadState('networkidle', { timeout: 5_000 }).catch(() => undefined);
      await mkdir(dirname(file), { recursive: true });
      await page.screenshot({ path: file });
      return page.url();
    },
    draw: (html, file) => draw(page, html, file),
    close: () => browser.close(),
  };
}
