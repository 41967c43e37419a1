import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensureHelm, type RunningStack, startStack } from '../../stack/index.ts';
import { type WorkerProcess, workerProcess } from '../support/e2e/programs.ts';
import { accountKubeconfigOf, applyManifests, type Manifest } from '../support/install/account.ts';
import { type Block, isRun, pages, runBlocks, shellBlocks } from '../support/install/blocks.ts';
import { type DocsShell, openDocsShell } from '../support/install/docs-shell.ts';

/**
 * Commands of the documentation, on a stack of their own: every fenced block that begins with `# run` is given to a shell in the checkout, in the order
 * a reader meets them who comes from the Go operator. Once the chart is installed a worker runs as its pod would: under its ServiceAccount.
 */

const install = runBlocks('docs/install.md');
const migration = runBlocks('docs/migration.md');
/** Once this has installed the chart, a worker is started as its pod would be. */
const firstInstall = migration.findIndex(({ script }) => script.includes('helm upgrade --install'));
const inOrder: readonly Block[] = [
  ...install.slice(0, 1),
  ...migration.slice(0, firstInstall + 1),
  ...install.slice(1, -1),
  ...['docs/security.md', 'docs/operations.md'].flatMap(runBlocks),
  // What there is afterwards, back to the Go operator, and forth again.
  ...migration.slice(firstInstall + 1),
  ...['docs/troubleshooting.md', 'docs/templates.md'].flatMap(runBlocks),
  // The last block of the instructions for an installation takes it away again.
  ...install.slice(-1),
];
/** Pages whose blocks are run by a test of their own. */
const elsewhere = ['docs/quick-start.md', 'docs/backup.md'];

/** What an installation of the Go operator leaves in a cluster, as far as the instructions name it. */
function ofTheGoOperator(): readonly Manifest[] {
  const inNamespace = (name: string) => ({ name, namespace: 'lynq-system' });
  const labelled = { name: 'lynq-validating', labels: { 'app.kubernetes.io/name': 'lynq' } };
  const matchLabels = { app: 'lynq' };
  const containers = [{ name: 'manager', image: 'registry.example.com/lynq:1' }];
  const template = { metadata: { labels: matchLabels }, spec: { containers } };
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'lynq-system' } },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: inNamespace('lynq-controller-manager'),
      spec: { selector: { matchLabels }, template },
    },
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { ...inNamespace('sh.helm.release.v1.lynq.v1'), labels: { owner: 'helm', name: 'lynq' } },
    },
    { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingWebhookConfiguration', metadata: labelled },
    { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'MutatingWebhookConfiguration', metadata: labelled },
  ];
}

describe('install/docs', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'lynqflow-docs-'));
  let stack: RunningStack;
  let shell: DocsShell;
  let worker: WorkerProcess | undefined;

  beforeAll(async () => {
    stack = await startStack({ dataDir });
    const { kubectl, kubeconfig, temporalAddress, temporalCli } = stack.endpoints;
    const helm = await ensureHelm({ environment: process.env, onProgress: () => undefined });
    const environment = { KUBECONFIG: kubeconfig, TEMPORAL_ADDRESS: temporalAddress };
    shell = openDocsShell({ folder: dataDir, programs: { kubectl, helm, temporal: temporalCli }, environment });
    const names = ['LynqHub', 'LynqForm', 'LynqUid', 'LynqNode', 'LynqPhase'];
    const removed = names.map((name) => `temporal operator search-attribute remove --name ${name} --yes`);
    await shell.well(removed.join('\n'));
    applyManifests({ kubectl, kubeconfig }, ofTheGoOperator());
    await shell.well(
      'kubectl apply --server-side -f deploy/crds && kubectl wait --for=condition=Established crd --all',
    );
    await shell.well('npx lynq apply -f examples/multi-tier/hub.yaml -f examples/multi-tier/web-tier.yaml');
  }, 1_800_000);
  afterAll(async () => {
    await worker?.stop();
    await stack?.stop();
    rmSync(dataDir, { recursive: true, force: true });
    rmSync('/tmp/lynqflow-overlay', { recursive: true, force: true });
    for (const name of readdirSync('/tmp').filter((file) => /^lynqflow-\w+\.(ya|js)[mo]/.test(file))) {
      rmSync(join('/tmp', name));
    }
  });

  test('no page is left out', () => {
    const run = new Set(inOrder.map(({ page }) => page));
    const marked = pages.filter((page) => shellBlocks(page).some(isRun));
    expect(marked.filter((page) => !run.has(page) && !elsewhere.includes(page))).toEqual([]);
  });

  test.each(inOrder.map((block) => [`${block.page}:${block.line}`, block] as const))(
    '%s',
    async (_where, block) => {
      await shell.well(block.script);
      if (block !== migration[firstInstall]) return;
      const { kubectl, kubeconfig, temporalAddress } = stack.endpoints;
      const workerKubeconfig = join(dataDir, 'worker.kubeconfig');
      const place = { namespace: 'lynq-system', name: 'lynqflow', file: workerKubeconfig };
      accountKubeconfigOf({ kubectl, kubeconfig }, place);
      worker = workerProcess({ temporalAddress, kubeconfig, workerKubeconfig });
      await worker.start();
    },
    240_000,
  );
});
