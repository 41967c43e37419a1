#!/usr/bin/env node
import { existsSync } from 'node:fs';

/** The worker of an installed package or of an image; a checkout has `npm run worker`, which runs the sources. */
const built = new URL('../dist/worker/main.js', import.meta.url);
if (!existsSync(built)) {
  process.stderr.write('Error: nothing is built here; use npm run worker, or npm run build first\n');
  process.exit(2);
}
await import(built.href);
