#!/usr/bin/env node
import { existsSync } from 'node:fs';

/** A checkout runs its sources, so that nothing stale in `dist` is ever run; an installed package has `dist` only. */
const sources = new URL('../client/main.ts', import.meta.url);

async function load() {
  if (!existsSync(sources)) return import(new URL('../dist/client/main.js', import.meta.url).href);
  const { ensureInstalled } = await import('../tools/install.mjs');
  ensureInstalled();
  const { tsImport } = await import('tsx/esm/api');
  return tsImport(sources.href, { parentURL: import.meta.url, tsconfig: false });
}

const { main } = await load();
await main();
