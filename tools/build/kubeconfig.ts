import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

/**
 * Of the Kubernetes library only its reader of kubeconfigs is used. Installed as a dependency of the package it brings an undici of its own, which no
 * Node 20 can load, and a package cannot say what its dependencies depend on: so the reader is put into the package, and uses the undici of the package.
 */
export async function bundleKubeConfig(root: string, dist: string): Promise<void> {
  const folder = join(dist, 'adapters/kubernetes');
  await build({
    stdin: { contents: `export { KubeConfig } from '${library}/dist/config.js';`, resolveDir: root },
    outfile: join(folder, 'client-node.js'),
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: ['undici'],
    logLevel: 'error',
    banner: {
      js: "import { createRequire as lynqRequire } from 'node:module';\nconst require = lynqRequire(import.meta.url);",
    },
  });
  const caller = join(folder, 'kubeconfig.js');
  const text = readFileSync(caller, 'utf8');
  if (!text.includes(`import('${library}')`)) throw new Error(`${caller} does not load ${library} any more`);
  writeFileSync(caller, text.replace(`import('${library}')`, "import('./client-node.js')"));
}

const library = '@kubernetes/client-node';
