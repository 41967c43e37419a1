import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensureHelm, type RunningStack, startStack } from '../../stack/index.ts';
import { eventually, notYet, there } from '../support/e2e/eventually.ts';
import { type WorkerProcess, workerProcess } from '../support/e2e/programs.ts';
import { accountKubeconfigOf, applyManifests } from '../support/install/account.ts';
import { type Block, isRun, pages, runBlocks, shellBlocks } from '../support/install/blocks.ts';
import { type DocsShell, openDocsShell } from '../support/install/docs-shell.ts';
import { byKustomize, certManagerKinds, chartOfTheGoOperator, handMadeRights } from '../support/install/go-operator.ts';

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
  ...install.slice(1, -2),
  ...['docs/security.md', 'docs/operations.md'].flatMap(runBlocks),
  // What there is afterwards, back to the Go operator, and forth again.
  ...migration.slice(firstInstall + 1),
  ...['docs/troubleshooting.md', 'docs/templates.md'].flatMap(runBlocks),
  // The last blocks of the instructions for an installation take it away again, and the definitions.
  ...install.slice(-2),
];
/** Pages whose blocks are run by a test of their own. */
const elsewhere = ['docs/quick-start.md', 'docs/backup.md'];

describe('install/docs', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'lynqflow-docs-'));
  let stack: RunningStack;
  let shell: DocsShell;
  let worker: WorkerProcess | undefined;
  /** That of the second release of an upgrade with worker versioning. */
  let next: WorkerProcess | undefined;
  /** Of a hub; refused while a webhook is there that nobody answers. */
  const edit = 'kubectl -n lynq-system annotate lynqhub multi-tier-nodes edited=yes --overwrite';

  beforeAll(async () => {
    stack = await startStack({ dataDir });
    const { kubectl, kubeconfig, temporalAddress, temporalCli } = stack.endpoints;
    const helm = await ensureHelm({ environment: process.env, onProgress: () => undefined });
    const environment = { KUBECONFIG: kubeconfig, TEMPORAL_ADDRESS: temporalAddress };
    shell = openDocsShell({ folder: dataDir, programs: { kubectl, helm, temporal: temporalCli }, environment });
    const names = ['LynqHub', 'LynqForm', 'LynqUid', 'LynqNode', 'LynqPhase'];
    const removed = names.map((name) => `temporal operator search-attribute remove --name ${name} --yes`);
    await shell.well(removed.join('\n'));
    applyManifests({ kubectl, kubeconfig }, certManagerKinds());
    const chart = chartOfTheGoOperator(dataDir);
    await shell.well(`helm install prod ${chart} --namespace default`);
    await shell.well('npx lynq apply -f examples/multi-tier/hub.yaml -f examples/multi-tier/web-tier.yaml');
    await shell.well(`helm upgrade prod ${chart} --namespace default --set webhooks=true`);
    applyManifests({ kubectl, kubeconfig }, [...handMadeRights(), ...byKustomize()]);
    expect((await shell.run(edit)).stderr).toContain('failed calling webhook');
  }, 1_800_000);
  afterAll(async () => {
    await worker?.stop();
    await next?.stop();
    await stack?.stop();
    rmSync(dataDir, { recursive: true, force: true });
    rmSync('/tmp/lynqflow-overlay', { recursive: true, force: true });
    for (const name of readdirSync('/tmp').filter((file) => /^lynqflow-\w+\.((ya|js)[mo]|env)/.test(file))) {
      rmSync(join('/tmp', name));
    }
  });

  test('no page is left out', () => {
    const run = new Set(inOrder.map(({ page }) => page));
    const marked = pages.filter((page) => shellBlocks(page).some(isRun));
    expect(marked.filter((page) => !run.has(page) && !elsewhere.includes(page))).toEqual([]);
  });

  /** What has to be so after a block of the instructions, by words of its script. */
  const afterwards: readonly (readonly [words: string, check: (stdout: string) => Promise<void>])[] = [
    ['webhookconfiguration', async () => void (await shell.well(edit))],
    [
      'owner=helm',
      async () => {
        // Whoever uninstalls the old release all the same removes nothing.
        const ended = await shell.run('helm uninstall prod --namespace default');
        expect(ended).toMatchObject({ code: 1 });
        expect(ended.stderr).toContain('release: not found');
      },
    ],
    ['ACCOUNTS:.subjects', async (stdout) => expect(stdout).toContain('certificates-for-rows')],
    [
      'npx lynq release',
      async () => {
        // From here on nothing answers our own webhooks.
        const values = '--reset-then-reuse-values --set webhook.enabled=true,replicaCount=0';
        await shell.well(`helm upgrade lynqflow deploy/chart/lynqflow --namespace lynq-system ${values}`);
        expect((await shell.run(edit)).stderr).toContain('failed calling webhook');
      },
    ],
    [
      'helm upgrade --install lynqflow-next',
      async () => {
        const names = (await shell.well('kubectl -n lynq-system get deployments -o name')).stdout.trim().split('\n');
        expect(names).toEqual(expect.arrayContaining(['deployment.apps/lynqflow', 'deployment.apps/lynqflow-next']));
        next = podWorker({ TEMPORAL_DEPLOYMENT_NAME: 'lynqflow', TEMPORAL_WORKER_BUILD_ID: '0.2.0' });
        await next.start();
        await eventually('Temporal knows the new version', async () => {
          const { stdout } = await shell.run('temporal worker deployment describe --name lynqflow');
          return stdout.includes('0.2.0') ? there(true) : notYet(stdout);
        });
      },
    ],
    [
      'helm uninstall lynqflow-next',
      async () => {
        const crd = 'kubectl get crd lynqnodes.operator.lynq.sh -o yaml';
        expect((await shell.well(crd)).stdout).toContain('meta.helm.sh/release-name: lynqflow\n');
        const env = 'kubectl -n lynq-system get deployment lynqflow -o yaml | grep -A1 TEMPORAL_WORKER_BUILD_ID';
        expect((await shell.well(env)).stdout).toContain('value: 0.2.0');
        expect(await leftOf('lynqflow-next')).toBe('');
        await worker?.stop();
        await syncNow();
      },
    ],
    [
      'helm rollback',
      async () => {
        await worker?.start();
        await next?.stop();
        next = undefined;
      },
    ],
    ['--unversioned', syncNow],
    [
      'fsGroup=null',
      async () => {
        const pods = await shell.well('kubectl -n lynq-system get deployment lynqflow -o yaml');
        expect(pods.stdout).toContain('runAsNonRoot: true');
        expect(pods.stdout).not.toMatch(/runAsUser|runAsGroup|fsGroup/);
      },
    ],
    [
      'kubectl delete crd',
      async () => expect((await shell.run('kubectl get lynqnodes --all-namespaces')).code).toBe(1),
    ],
    ['-l "${labels:?}" deployment,service', async () => expect(await leftOf('prod-lynq')).toBe('')],
    ['clusterrole/lynq-manager-role', async () => expect(await leftOf('lynq')).toBe('')],
  ];
  /** Asks for a sync, and comes back when a worker has done one. */
  async function syncNow(): Promise<void> {
    const since = new Date().toISOString();
    await shell.well('npx lynq notify multi-tier-nodes');
    const ended = `WorkflowId STARTS_WITH "hub-sync/" AND ExecutionStatus != "Running" AND StartTime > "${since}"`;
    await eventually('a sync has come to its end', async () => {
      const { stdout } = await shell.well(`temporal workflow count --query '${ended}'`);
      return /Total: [1-9]/.test(stdout) ? there(stdout) : notYet(stdout);
    });
  }
  function podWorker(settings: Readonly<Record<string, string>> = {}): WorkerProcess {
    const { kubeconfig, temporalAddress } = stack.endpoints;
    const place = { temporalAddress, kubeconfig, workerKubeconfig: join(dataDir, 'worker.kubeconfig') };
    return workerProcess(place, settings);
  }
  const leftOf = async (prefix: string): Promise<string> => {
    const kinds =
      'deployment,service,serviceaccount,role,clusterrole,clusterrolebinding,certificates.cert-manager.io,issuers.cert-manager.io';
    return (await shell.well(`kubectl -n lynq-system get ${kinds} -o name | grep -E '/${prefix}(-|$)' || true`)).stdout;
  };

  test.each(inOrder.map((block) => [`${block.page}:${block.line}`, block] as const))(
    '%s',
    async (_where, block) => {
      const { stdout } = await shell.well(block.script);
      if (['docs/install.md', 'docs/migration.md', 'docs/operations.md'].includes(block.page))
        for (const [words, check] of afterwards) if (block.script.includes(words)) await check(stdout);
      if (block !== migration[firstInstall]) return;
      const { kubectl, kubeconfig } = stack.endpoints;
      const place = { namespace: 'lynq-system', name: 'lynqflow', file: join(dataDir, 'worker.kubeconfig') };
      accountKubeconfigOf({ kubectl, kubeconfig }, place);
      worker = podWorker();
      await worker.start();
    },
    240_000,
  );
});
