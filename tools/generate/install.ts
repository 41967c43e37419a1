import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chartFingerprint } from './chart-fingerprint.ts';
import { crdFiles } from './crds.ts';
import type { Difference, GeneratedFile } from './files.ts';

const heading = `# Lynqflow without Helm: kubectl apply --server-side -f deploy/install.yaml
# Generated from deploy/crds and deploy/worker.yaml; the latter is made from the chart by \`npm run manifests\`.
`;

const workerFile = 'deploy/worker.yaml';

/** Names `deploy/worker.yaml` when it was made of a chart that was other than this: only helm, by `npm run manifests`, can make it anew. */
export function staleManifests(root: string): readonly Difference[] {
  const isFresh = readFileSync(join(root, workerFile), 'utf8').includes(`${chartFingerprint(root)}\n`);
  return isFresh ? [] : [{ path: workerFile, kind: 'stale' }];
}

/** `deploy/install.yaml`: the definitions of the kinds, then what the chart makes of its default values. */
export function installFile(root: string): GeneratedFile {
  const worker = readFileSync(join(root, workerFile), 'utf8');
  const documents = [...crdFiles().map(({ text }) => text.replace(/^---\n/, '')), worker];
  return { path: 'deploy/install.yaml', text: `${heading}${documents.join('---\n')}` };
}
