import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cliReference } from './cli-reference.ts';
import { crdFiles } from './crds.ts';
import { differences, writeFiles } from './files.ts';

/**
 * `npm run generate` writes every generated file; with `--check` nothing is written and a file that differs ends the run with code 1.
 * A new generator is one more entry in `files`, and in `owned` when it has a folder to itself.
 */

const root = fileURLToPath(new URL('../..', import.meta.url));
const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });

const files = [...crdFiles(), ...cliReference()];
const owned = ['deploy/crds'];

if (!values.check) writeFiles(root, files);
const found = differences(root, files, owned);
for (const { path, kind } of found) process.stderr.write(`${path}: ${kind}\n`);
if (found.length > 0) {
  process.stderr.write('Generated files differ from their sources: run `npm run generate`, remove strays, commit.\n');
  process.exitCode = 1;
}
