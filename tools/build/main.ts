import { spawnSync } from 'node:child_process';
import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleCli, ofPackage } from '../cli-bundle.mjs';
import { billOfMaterials } from './bill.ts';
import { bundleKubeConfig } from './kubeconfig.ts';

/**
 * `npm run build`: the package as plain JavaScript in `dist`: worker and command line with what they import, the definitions of the kinds,
 * the workflow code as the one file that Temporal's sandbox loads, and the bill of materials of all that.
 */
const root = fileURLToPath(new URL('../..', import.meta.url));
const dist = join(root, 'dist');

function run(args: readonly string[]): void {
  const { status, error } = spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (error !== undefined) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

// The compiler keeps what it made of sources that are gone.
rmSync(dist, { recursive: true, force: true });
run([join(root, 'node_modules/typescript/bin/tsc'), '-b', 'worker', 'client']);
cpSync(join(root, 'deploy/crds'), join(dist, 'deploy/crds'), { recursive: true });
run([join(dist, 'worker/build-workflows.js')]);
// The command line starts in a third of the time when it is few files, and without what its command does not need.
await bundleCli(join(dist, 'cli'), ofPackage(dist));
await bundleKubeConfig(root, dist);
writeFileSync(join(dist, 'sbom.cdx.json'), billOfMaterials(root).text);
