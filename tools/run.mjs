/**
 * Starts one of the project's programs from a fresh clone: installs what is missing, then loads the TypeScript entry into this very process, so that
 * signals and exit codes are the program's own.
 *
 *     node tools/run.mjs ENTRY [ARGUMENT ...]
 */
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ensureInstalled } from './install.mjs';

const [entry, ...args] = process.argv.slice(2);
if (entry === undefined) {
  process.stderr.write('Error: usage: node tools/run.mjs ENTRY [ARGUMENT ...]\n');
  process.exit(2);
}
ensureInstalled();
const file = resolve(fileURLToPath(new URL('..', import.meta.url)), entry);
process.argv = [process.argv[0], file, ...args];
if (file.endsWith('.ts')) {
  const { register } = await import('tsx/esm/api');
  const unregister = register();
  await import(pathToFileURL(file).href);
  // All sources are loaded. Packages that are asked for later need no translation, and loading them through it costs twice the time and memory.
  await unregister();
} else {
  await import(pathToFileURL(file).href);
}
