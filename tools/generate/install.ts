import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chartFingerprint } from './chart-fingerprint.ts';
import { crdFiles } from './crds.ts';
import type { Difference, GeneratedFile } from './files.ts';

const heading = `# Lynqflow without Helm: kubectl apply --server-side -f deploy/definitions.yaml -f deploy/install.yaml
# Generated from deploy/worker.yaml, which is made from the chart by \`npm run manifests\`. May be deleted as it was applied: what hubs, forms and nodes
# live in is in the other file.
`;

const definitionsHeading = `# The kinds of Lynqflow and the namespace of its worker. Whoever deletes them deletes every hub, form and node, so they are apart from deploy/install.yaml
# and stay when it goes. Generated from deploy/crds.
`;

const namespace = `apiVersion: v1
kind: Namespace
metadata:
  name: lynq-system
  labels:
    # Not enforced: pods of rows may be here too, where a hub is.
    pod-security.kubernetes.io/audit: restricted
    pod-security.kubernetes.io/warn: restricted
`;

const workerFile = 'deploy/worker.yaml';

/** Names `deploy/worker.yaml` when it was made of a chart that was other than this: only helm, by `npm run manifests`, can make it anew. */
export function staleManifests(root: string): readonly Difference[] {
  const isFresh = readFileSync(join(root, workerFile), 'utf8').includes(`${chartFingerprint(root)}\n`);
  return isFresh ? [] : [{ path: workerFile, kind: 'stale' }];
}

/** `deploy/install.yaml`: what the chart makes of its default values, without what it keeps at an uninstall. */
export function installFile(root: string): GeneratedFile {
  const worker = readFileSync(join(root, workerFile), 'utf8');
  return { path: 'deploy/install.yaml', text: `${heading}${worker}` };
}

/** `deploy/definitions.yaml`: what the chart keeps at an uninstall. */
export function definitionsFile(): GeneratedFile {
  const documents = [...crdFiles().map(({ text }) => text.replace(/^---\n/, '')), namespace];
  return { path: 'deploy/definitions.yaml', text: `${definitionsHeading}${documents.join('---\n')}` };
}
