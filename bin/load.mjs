import { existsSync } from 'node:fs';

/** A checkout runs its sources, so that nothing stale in `dist` is ever run; an installed package has `dist` only, with the command line as a bundle. */
const sources = new URL('../client/main.ts', import.meta.url);

/** The module of the command line. */
export async function loadCli() {
  if (!existsSync(sources)) return import(new URL('../dist/cli/main.js', import.meta.url).href);
  const { ensureInstalled } = await import('../tools/install.mjs');
  ensureInstalled();
  const { bundledCli } = await import('../tools/cli-bundle.mjs');
  return import(await bundledCli());
}
