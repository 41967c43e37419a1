import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { admissionFiles } from './admission.ts';
import { cliReference } from './cli-reference.ts';
import { crdReference } from './crd-reference.ts';
import { crdFiles } from './crds.ts';
import { functionReference } from './function-reference.ts';
import { definitionsFile, installFile, staleManifests } from './install.ts';
import { differences, type GeneratedFile, sourceFiles, writeFiles } from './files.ts';

/**
 * `npm run generate` writes every generated file; with `--check` nothing is written and a file that differs ends the run with code 1.
 * A new generator is one more entry in `files`, and in `owned` when it has a folder to itself.
 */

const root = fileURLToPath(new URL('../..', import.meta.url));
const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });

/** Helm reads only what is inside of the chart. */
const chartFiles = 'deploy/chart/lynqflow/files';
const inChart = (folder: string, generated: readonly GeneratedFile[]): readonly GeneratedFile[] =>
  generated.map(({ path, text }) => ({ path: `${chartFiles}/${folder}/${basename(path)}`, text }));
const crds = crdFiles();
const admission = admissionFiles();
const files = [
  ...crds,
  ...inChart('crds', crds),
  definitionsFile(),
  installFile(root),
  ...admission,
  ...inChart('admission', admission),
  ...inChart('monitoring', sourceFiles(root, ['deploy/monitoring/rules.yaml', 'deploy/monitoring/dashboard.json'])),
  ...cliReference(),
  ...crdReference(crds),
  ...functionReference(),
];
const owned = [
  'deploy/crds',
  'deploy/admission',
  ...['crds', 'admission', 'monitoring'].map((folder) => `${chartFiles}/${folder}`),
];

if (!values.check) writeFiles(root, files);
const stale = staleManifests(root);
const found = [...differences(root, files, owned), ...stale];
for (const { path, kind } of found) process.stderr.write(`${path}: ${kind}\n`);
if (found.length > 0) {
  const how = stale.length > 0 ? '`npm run manifests`, then `npm run generate`' : '`npm run generate`';
  process.stderr.write(`Generated files differ from their sources: run ${how}, remove strays, commit.\n`);
  process.exitCode = 1;
}
