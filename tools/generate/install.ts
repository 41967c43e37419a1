import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crdFiles } from './crds.ts';
import type { GeneratedFile } from './files.ts';

const heading = `# Lynqflow without Helm: kubectl apply --server-side -f deploy/install.yaml
# Generated from deploy/crds and deploy/worker.yaml; the latter is made from the chart by \`npm run manifests\`.
`;

/** `deploy/install.yaml`: the definitions of the kinds, then what the chart makes of its default values. */
export function installFile(root: string): GeneratedFile {
  const worker = readFileSync(join(root, 'deploy/worker.yaml'), 'utf8');
  const documents = [...crdFiles().map(({ text }) => text.replace(/^---\n/, '')), worker];
  return { path: 'deploy/install.yaml', text: `${heading}${documents.join('---\n')}` };
}
